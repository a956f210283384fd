//! The list of messages: each one line, with the time after the start of the unit, level, target.

use std::fmt::{self, Debug, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::tracing::Level;
use ode_core::integration::Bounded;
use ode_core::macro_support::Number;

use crate::tracing::key::Names;

/// The text of a message, as `tracing` hands it over.
#[derive(Clone, Copy)]
pub(super) enum Text<'t> {
    Str(&'t str),
    Debug(&'t dyn Debug),
}

/// Who says a message, and how many are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Speaker<'s> {
    pub(super) level: Level,
    pub(super) target: &'s str,
    /// What [`introduce`] writes, where it is known.
    pub(super) introduction: Option<&'s str>,
    pub(super) max: u32,
}

impl Speaker<'_> {
    /// Adds a message to the current unit's, or counts it where there are enough.
    pub(super) fn says(self, names: &Names, text: Text<'_>) {
        let kept =
            names.message.append_message(self.max, |after, out| self.write(after, text, out));
        if !kept {
            names.dropped.incr(Number::ONE);
        }
    }

    /// `+0.001204s WARN shop::stock: stock is low`
    #[inline]
    fn write(self, after_ns: u64, text: Text<'_>, out: &mut Bounded) -> fmt::Result {
        write_seconds(after_ns, out);
        match self.introduction {
            Some(introduction) => out.write_str(introduction)?,
            None => introduce(self.level, self.target, out)?,
        }
        match text {
            Text::Str(text) => OneLine(out).write_str(text),
            // Caught here, so that what is known of the message is kept.
            Text::Debug(text) => {
                let written = catch_unwind(AssertUnwindSafe(|| write!(OneLine(out), "{text:?}")));
                written.unwrap_or_else(|_| out.write_str(PANICKED))
            }
        }
    }
}

/// Writes what comes after the time: `s WARN shop::stock: `
pub(super) fn introduce(level: Level, target: &str, out: &mut impl Write) -> fmt::Result {
    ["s ", level.as_str(), " ", target, ": "].into_iter().try_for_each(|part| out.write_str(part))
}

/// What stands in the place of a text whose formatting panicked.
const PANICKED: &str = "[panicked while formatting]";

/// `+1.000042`: from a table, because formatting costs more than all the rest of the line, and so
/// does showing that digits are text.
fn write_seconds(after_ns: u64, out: &mut Bounded) {
    let (seconds, micros) = (after_ns / 1_000_000_000, after_ns % 1_000_000_000 / 1_000);
    out.push_str("+");
    write_whole(seconds, out);
    out.push_str(".");
    write_digits::<3>(micros / 1_000, out);
    write_digits::<3>(micros % 1_000, out);
}

fn write_whole(number: u64, out: &mut Bounded) {
    match number {
        0..10 => write_digits::<1>(number, out),
        10..100 => write_digits::<2>(number, out),
        100..1_000 => write_digits::<3>(number, out),
        _ => {
            write_whole(number / 1_000, out);
            write_digits::<3>(number % 1_000, out);
        }
    }
}

/// The last `N` digits of a number below 1,000. That their number is fixed makes it a few moves.
#[inline]
fn write_digits<const N: usize>(number: u64, out: &mut Bounded) {
    static DIGITS: [u8; 3_000] = {
        let mut digits = [0; 3_000];
        let (mut rest, mut next): (&mut [u8], [u8; 3]) = (&mut digits, [0; 3]);
        while let [hundreds, tens, ones, tail @ ..] = rest {
            [*hundreds, *tens, *ones] = [b'0' + next[0], b'0' + next[1], b'0' + next[2]];
            next = match next {
                [hundreds, 9, 9] => [hundreds + 1, 0, 0],
                [hundreds, tens, 9] => [hundreds, tens + 1, 0],
                [hundreds, tens, ones] => [hundreds, tens, ones + 1],
            };
            rest = tail;
        }
        digits
    };
    static TEXT: &str = match str::from_utf8(&DIGITS) {
        Ok(text) => text,
        Err(_) => "",
    };
    let end = usize::try_from(number).unwrap_or(0) * 3 + 3;
    if let Some(digits) = TEXT.get(end - N..end) {
        out.push_str(digits);
    }
}

/// Writes line breaks as `\n` and `\r`, so that a message stays one line.
struct OneLine<'w>(&'w mut Bounded);

impl Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !may_break(text.as_bytes()) {
            return self.0.write_str(text);
        }
        for part in text.split_inclusive(['\n', '\r']) {
            let (kept, escaped) = if let Some(line) = part.strip_suffix('\n') {
                (line, "\\n")
            } else if let Some(line) = part.strip_suffix('\r') {
                (line, "\\r")
            } else {
                (part, "")
            };
            self.0.write_str(kept)?;
            self.0.write_str(escaped)?;
        }
        Ok(())
    }
}

/// Whether there is a byte up to `\r`, eight of them at a time: other than line breaks they are rare.
#[inline]
fn may_break(text: &[u8]) -> bool {
    const LIMIT: u64 = u64::from_le_bytes([b'\r' + 1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let (words, rest) = text.as_chunks();
    let below = |bytes: &[u8; 8]| {
        let word = u64::from_le_bytes(*bytes);
        word.wrapping_sub(LIMIT) & !word & HIGH != 0
    };
    words.iter().any(below) || rest.iter().any(|byte| *byte <= b'\r')
}

#[cfg(test)]
mod tests {
    use ode_core::WideEvent;
    use ode_core::integration::Name;

    use super::*;

    #[track_caller]
    fn check(after_ns: u64, text: Text<'_>, line: &str) {
        let (level, target, introduction) = (Level::WARN, "shop::stock", None);
        let speaker = Speaker { level, target, introduction, max: 1 };
        let events = ode_core::testing::capture();
        WideEvent::builder("unit").run(|| {
            Name::new("line").append_message(1, |_, out| speaker.write(after_ns, text, out));
        });
        assert_eq!(events.one("unit")["line"], [line]);
    }

    #[test]
    fn lines() {
        let text = Text::Str("stock is low");
        let low = |stamp: &str| format!("{stamp} WARN shop::stock: stock is low");
        check(1_204_999, text, &low("+0.001204s"));
        check(0, text, &low("+0.000000s"));
        check(3_600_999_999_999, text, &low("+3600.999999s"));
        check(12_000_010_000, text, &low("+12.000010s"));
        check(120_100_000_000, text, &low("+120.100000s"));
        check(1_002_003_000_000_000, text, &low("+1002003.000000s"));
        check(u64::MAX, text, &low("+18446744073.709551s"));
        check(
            1_000_000_000,
            Text::Debug(&format_args!("a\nb\r\nc{}", "\n")),
            "+1.000000s WARN shop::stock: a\\nb\\r\\nc\\n",
        );
    }

    #[test]
    fn bytes_that_may_break_a_line() {
        for byte in 0..=u8::MAX {
            for at in 0..20 {
                let mut text = [b' '; 20];
                text[at] = byte;
                assert_eq!(may_break(&text), byte <= b'\r', "{byte} at {at}");
                text.fill(0xff);
                text[at] = byte;
                assert_eq!(may_break(&text), byte <= b'\r', "{byte} at {at}");
            }
        }
    }
}
