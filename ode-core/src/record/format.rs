//! Running the user's `Display` and `Debug`: caught, bounded, and before any buffer is touched.

use std::cell::Cell;
use std::fmt::{self, Debug, Display, Write};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::event::limits;

/// What stands in the place of a value whose formatting panicked.
pub(crate) const PANICKED: &str = "[panicked while formatting]";

/// How much of the stack a value may use to format itself, as far as it shows when something is
/// written: some 100 levels of derived `Debug`, and half of the smallest stacks that are in use.
const MAX_STACK: usize = 128 << 10;

/// A scratch larger than this is not kept for the next value.
const KEEP_BYTES: usize = 64 << 10;

thread_local! {
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// Formats into a reused scratch and hands the text on, with whether it was cut at `budget` bytes.
///
/// The scratch is taken for the call, so a `Display` that itself records finds another one.
pub(crate) fn with_display<R>(
    value: &dyn Display,
    budget: usize,
    then: impl FnOnce(&str, bool) -> R,
) -> R {
    with_text(budget, |out| write!(out, "{value}"), then)
}

/// As [`with_display`], by `Debug`.
pub(crate) fn with_debug<R>(
    value: &dyn Debug,
    budget: usize,
    then: impl FnOnce(&str, bool) -> R,
) -> R {
    with_text(budget, |out| write!(out, "{value:?}"), then)
}

/// Formats into a string of its own.
pub(crate) fn to_string(value: &dyn Display, budget: usize) -> String {
    with_display(value, budget, |text, _cut| text.to_owned())
}

/// As [`with_display`], written by `write`.
#[inline]
pub(crate) fn with_text<R>(
    budget: usize,
    write: impl FnOnce(&mut Bounded) -> fmt::Result,
    then: impl FnOnce(&str, bool) -> R,
) -> R {
    let text = SCRATCH.try_with(Cell::take).unwrap_or_default();
    let mut out = Bounded { text, budget, begin: stack_here(), cut: false };
    out.text.clear();
    // A failed `write!` keeps what was written so far: cut by the budget, or the user's own error.
    if caught(|| write(&mut out)).is_none() {
        out.text.clear();
        out.text.push_str(PANICKED);
        out.cut = false;
    }
    if out.text.len() > budget {
        // Its writer put a few bytes beyond.
        out.text.truncate(limits::cut(&out.text, budget).len());
        out.cut = true;
    }
    let result = then(&out.text, out.cut);
    if out.text.capacity() <= KEEP_BYTES {
        drop(SCRATCH.try_with(|scratch| scratch.replace(out.text)));
    }
    result
}

/// Runs user code; `None` when it panicked.
pub(crate) fn caught<R>(user: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(user)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // A payload is the user's too: dropping it may panic, and what that throws is given up.
            if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                let _never_dropped = ManuallyDrop::new(again);
            }
            None
        }
    }
}

/// Where the stack is, roughly.
#[inline]
fn stack_here() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here).addr()
}

/// A string that refuses to grow past its budget, and to be written to from deep below, which also
/// ends a formatter that never would.
#[derive(Debug)]
pub struct Bounded {
    text: String,
    budget: usize,
    /// Where the stack was when it began.
    begin: usize,
    cut: bool,
}

impl Bounded {
    /// Adds a few bytes; what is past the budget is cut off in the end.
    #[inline]
    pub fn push_str(&mut self, part: &str) {
        self.text.push_str(part);
    }
}

impl Write for Bounded {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if self.begin.abs_diff(stack_here()) > MAX_STACK {
            self.cut = true;
            return Err(fmt::Error);
        }
        let room = self.budget.saturating_sub(self.text.len());
        if part.len() <= room {
            self.text.push_str(part);
            return Ok(());
        }
        self.text.push_str(limits::cut(part, room));
        self.cut = true;
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Endless;
    impl Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("é")?;
            }
        }
    }

    struct Panics;
    impl Debug for Panics {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half")?;
            panic!("in Debug")
        }
    }

    #[test]
    fn bounded_and_caught() {
        assert_eq!(
            with_display(&Endless, 5, |t, cut| (t.to_owned(), cut)),
            ("éé".to_owned(), true)
        );
        assert_eq!(
            with_debug(&Panics, 99, |t, cut| (t.to_owned(), cut)),
            (PANICKED.to_owned(), false)
        );
        assert_eq!(with_display(&7, 99, |t, cut| (t.to_owned(), cut)), ("7".to_owned(), false));
    }

    #[test]
    fn what_is_put_beyond_the_budget_is_cut_off() {
        let add = |out: &mut Bounded| {
            out.push_str("aéé");
            out.write_str("b")
        };
        for (budget, text) in [(9, "aééb"), (6, "aééb"), (5, "aéé"), (4, "aé"), (1, "a")] {
            let expected = (text.to_owned(), budget < 6);
            assert_eq!(with_text(budget, add, |t, cut| (t.to_owned(), cut)), expected);
        }
    }

    #[test]
    fn nests() {
        struct Outer;
        impl Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let inner = to_string(&42, 10);
                write!(f, "<{inner}>")
            }
        }
        assert_eq!(to_string(&Outer, 10), "<42>");
    }
}
