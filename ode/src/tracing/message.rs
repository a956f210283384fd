//! The list of messages: each one line, with the time after the start of the unit, level, target.

use std::fmt::{self, Debug, Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ::tracing::Level;
use ode_core::{Value, integration, macro_support};

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
    pub(super) max: u32,
}

impl Speaker<'_> {
    /// Adds a message to the current unit's, or counts it where there are enough.
    pub(super) fn says(self, names: &Names, text: Text<'_>) {
        match integration::next_message(self.max) {
            Some(after) => {
                let line = Line { after, speaker: self, text };
                macro_support::append_at(&names.message, Value::Display(&line));
            }
            None => macro_support::incr_at(&names.dropped, macro_support::Number::ONE),
        }
    }
}

/// `+0.001204s WARN shop::stock: stock is low`
struct Line<'l> {
    after: Duration,
    speaker: Speaker<'l>,
    text: Text<'l>,
}

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(stamp(self.after, &mut [0; STAMP_BYTES]))?;
        f.write_str(match self.speaker.level {
            Level::ERROR => "s ERROR ",
            Level::WARN => "s WARN ",
            Level::INFO => "s INFO ",
            Level::DEBUG => "s DEBUG ",
            Level::TRACE => "s TRACE ",
        })?;
        f.write_str(self.speaker.target)?;
        f.write_str(": ")?;
        let mut line = OneLine(f);
        match self.text {
            Text::Str(text) => line.write_str(text),
            // Caught here, so that what is known of the message is kept.
            Text::Debug(text) => {
                let written = catch_unwind(AssertUnwindSafe(|| write!(line, "{text:?}")));
                written.unwrap_or_else(|_| f.write_str(PANICKED))
            }
        }
    }
}

/// What stands in the place of a text whose formatting panicked.
const PANICKED: &str = "[panicked while formatting]";

/// The digits of a `u64` of seconds and of six places, a sign and a point.
const STAMP_BYTES: usize = 20 + 6 + 2;

/// `+1.000042`: by hand, because padding costs more than all the rest of the line.
fn stamp(after: Duration, bytes: &mut [u8; STAMP_BYTES]) -> &str {
    let mut begin = bytes.len();
    let mut put = |byte: u8| {
        begin = begin.saturating_sub(1);
        if let Some(place) = bytes.get_mut(begin) {
            *place = byte;
        }
    };
    let mut micros = after.subsec_micros();
    for _ in 0..6 {
        put(digit(u64::from(micros)));
        micros /= 10;
    }
    put(b'.');
    let mut seconds = after.as_secs();
    loop {
        put(digit(seconds));
        seconds /= 10;
        if seconds == 0 {
            break;
        }
    }
    put(b'+');
    bytes.get(begin..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
}

fn digit(of: u64) -> u8 {
    b'0' + (of % 10) as u8
}

/// Writes line breaks as `\n` and `\r`, so that a message stays one line.
struct OneLine<'f, 'w>(&'f mut fmt::Formatter<'w>);

impl Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !text.bytes().any(|byte| byte == b'\n' || byte == b'\r') {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(after: Duration, text: Text<'_>, line: &str) {
        let speaker = Speaker { level: Level::WARN, target: "shop::stock", max: 1 };
        assert_eq!(Line { after, speaker, text }.to_string(), line);
    }

    #[test]
    fn lines() {
        let text = Text::Str("stock is low");
        let low = |stamp: &str| format!("{stamp} WARN shop::stock: stock is low");
        check(Duration::from_nanos(1_204_999), text, &low("+0.001204s"));
        check(Duration::ZERO, text, &low("+0.000000s"));
        check(Duration::new(3_600, 999_999_999), text, &low("+3600.999999s"));
        check(Duration::MAX, text, &low("+18446744073709551615.999999s"));
        check(
            Duration::from_secs(1),
            Text::Debug(&format_args!("a\nb\r\nc{}", "\n")),
            "+1.000000s WARN shop::stock: a\\nb\\r\\nc\\n",
        );
    }
}
