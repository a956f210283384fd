//! The names that fields go under: kept as keys for fields that were seen before, for the others put
//! together in a reused scratch.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};

use ode_core::integration::{self, Key, Name};

/// The names that the layer writes itself, under its prefix, and the keys of the fields it has seen.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) prefix: &'static str,
    pub(super) message: Name,
    pub(super) dropped: Name,
    pub(super) warnings: Name,
    pub(super) errors: Name,
    known: Arc<[OnceLock<Known>]>,
}

/// A field that was seen. Names live as long as the process, so one is known by where it is.
#[derive(Debug)]
struct Known {
    name: &'static str,
    what: Seen,
}

/// What a field is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Seen {
    /// Recorded under this.
    Field(&'static Key),
    /// What an event says, unless a span says it.
    Message,
    /// To be looked at every time: its name is taken, or there was no room to keep what it is.
    Other,
}

/// Room for so many fields; a power of two.
const PLACES: usize = 1 << 10;
/// A field is in one of so many places, or not kept.
const TRIES: usize = 8;

impl Names {
    pub(super) fn below(prefix: &'static str) -> Self {
        let named = |name| Name::new(format!("{prefix}{name}"));
        Self {
            prefix,
            message: named("message"),
            dropped: named("dropped_count"),
            warnings: named("warn_count"),
            errors: named("error_count"),
            known: (0..PLACES).map(|_| OnceLock::new()).collect(),
        }
    }

    /// What a field of this name is.
    pub(super) fn see(&self, name: &'static str) -> Seen {
        match self.known.get(place(name)).and_then(OnceLock::get) {
            Some(known) if std::ptr::eq(known.name, name) => known.what,
            _ => self.look_up(name),
        }
    }

    #[inline(never)]
    fn look_up(&self, name: &'static str) -> Seen {
        let first = place(name);
        let places = (first..first + TRIES).filter_map(|at| self.known.get(at % PLACES));
        let mut known = places.map(|place| place.get_or_init(|| self.look_at(name)));
        known.find(|known| std::ptr::eq(known.name, name)).map_or(Seen::Other, |known| known.what)
    }

    #[cold]
    fn look_at(&self, name: &'static str) -> Known {
        let what = if name == "message" {
            Seen::Message
        } else if Self::are_taken(name) {
            Seen::Other
        } else {
            let key = integration::key(&format!("{}{name}", self.prefix));
            key.map_or(Seen::Other, Seen::Field)
        };
        Known { name, what }
    }

    /// Whether a field of this name would stand where the layer writes, or below.
    #[inline]
    pub(super) fn are_taken(name: &str) -> bool {
        let first = name.bytes().position(|byte| byte == b'.').and_then(|dot| name.get(..dot));
        let first = first.unwrap_or(name);
        matches!(first, "message" | "dropped_count" | "warn_count" | "error_count")
    }
}

#[inline]
fn place(name: &'static str) -> usize {
    // Literals stand close together: the length tells neighbours apart as well.
    let at = name.as_ptr().addr().wrapping_mul(31).wrapping_add(name.len());
    (at ^ (at >> 7)) % PLACES
}

thread_local! {
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// A scratch larger than this is not kept for the next record.
const KEEP_BYTES: usize = 4 << 10;

/// A prefix, followed by one name after the other. The scratch is taken meanwhile, so a record
/// inside this one finds another.
pub(super) struct Joined {
    text: String,
    prefix: usize,
}

impl Joined {
    #[inline]
    pub(super) fn below(prefix: &str) -> Self {
        let mut text = SCRATCH.try_with(Cell::take).unwrap_or_default();
        text.clear();
        text.push_str(prefix);
        Self { text, prefix: prefix.len() }
    }

    #[inline]
    pub(super) fn of(&mut self, name: &str) -> &str {
        self.text.truncate(self.prefix);
        self.text.push_str(name);
        &self.text
    }
}

impl Drop for Joined {
    #[inline]
    fn drop(&mut self) {
        if self.text.capacity() <= KEEP_BYTES {
            let text = std::mem::take(&mut self.text);
            drop(SCRATCH.try_with(|scratch| scratch.replace(text)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(names: &Names, name: &'static str) -> Option<&'static Key> {
        match names.see(name) {
            Seen::Field(key) => Some(key),
            _ => None,
        }
    }

    #[test]
    fn a_name_has_one_key_wherever_it_is() {
        let names = Names::below("key.");
        let elsewhere: &'static str = String::from("rows").leak();
        let rows = key(&names, "rows").unwrap();
        for _ in 0..3 {
            assert!(std::ptr::eq(rows, key(&names, "rows").unwrap()));
            assert!(std::ptr::eq(rows, key(&names, elsewhere).unwrap()));
            // A part of a name begins where that does.
            let row = key(&names, &elsewhere[..3]).unwrap();
            assert!(std::ptr::eq(row, key(&names, "row").unwrap()) && !std::ptr::eq(row, rows));
        }
    }

    #[test]
    fn names_of_the_layer_and_of_ode_are_looked_at_every_time() {
        for (prefix, name) in [("key.", "warn_count"), ("key.", "message.x"), ("", "error.type")] {
            let names = Names::below(prefix);
            for _ in 0..2 {
                assert!(matches!(names.see(name), Seen::Other), "{prefix}{name}");
            }
        }
        assert!(matches!(Names::below("").see("message"), Seen::Message));
    }

    #[test]
    fn what_finds_no_place_is_looked_at_every_time() {
        let names = Names::below("full.");
        let text: &'static str = "x".repeat(PLACES + 200).leak();
        // More names than there are places: each is either kept or not, and stays so.
        let kept = |from: usize| key(&names, &text[from..from + 20]).is_some();
        let first: Vec<bool> = (0..PLACES + 100).map(kept).collect();
        let again: Vec<bool> = (0..PLACES + 100).map(kept).collect();
        assert_eq!(first, again);
        assert!(first.contains(&false) && first.contains(&true));
    }
}
