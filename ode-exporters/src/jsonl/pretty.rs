//! Events for the eye: a head line each, its fields below.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use ode_core::{Batch, Event, ExportError, Exporter, Outcome, Value};

use crate::jsonl::destination::KEPT_BYTES;
use crate::jsonl::sink::Sink;
use crate::jsonl::stamps::Civil;
use crate::write::escape::is_hostile;
use crate::write::human::Human;

/// Writes events in a form for people at a terminal. Nothing reads it back.
///
/// ```text
/// 12:00:00.123Z ok         1.24 ms  cart.checkout
///     cart.items=3 cart.total=41.5 user.id=u-1842 note="two words"
/// ```
///
/// Times are UTC. No control character of the data reaches the terminal: they are shown escaped,
/// so a value cannot clear the screen, change its own colour or look like another event.
///
/// ```
/// use ode_core::{Batch, EventBuilder, Exporter, Value};
/// let event = EventBuilder::new("hello").field("to", Value::Str("world\u{1b}[2J")).build();
/// ode_exporters::Pretty::stdout().colour(false).export(&Batch::new(vec![event]))?;
/// # Ok::<(), ode_core::ExportError>(())
/// ```
#[derive(Debug)]
pub struct Pretty {
    sink: Sink,
    colour: bool,
    width: usize,
    page: Page,
    ends: Vec<usize>,
}

impl Pretty {
    /// Writes to standard output; in colour if that is a terminal.
    pub fn stdout() -> Self {
        Self::to(Sink::stdout(), io::stdout().is_terminal())
    }

    /// Writes to anything else, without colour.
    pub fn writer(writer: impl Write + Send + 'static) -> Self {
        Self::to(Sink::writer(Box::new(writer)), false)
    }

    fn to(sink: Sink, colour: bool) -> Self {
        Self { sink, colour, width: 100, page: Page::default(), ends: Vec::new() }
    }

    /// Whether outcomes are coloured. This type does not look at the environment; whoever sets it
    /// up turns colour off where `NO_COLOR` is set.
    #[must_use]
    pub fn colour(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// After how many characters a line of fields is broken, between fields. Default 100.
    #[must_use]
    pub fn width(mut self, characters: usize) -> Self {
        self.width = characters;
        self
    }
}

impl Exporter for Pretty {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.page.bytes.clear();
        self.page.bytes.shrink_to(KEPT_BYTES);
        self.ends.clear();
        if self.sink.is_torn() {
            self.page.bytes.push(b'\n');
        }
        for event in batch.events() {
            self.page.push_head(event, self.colour);
            self.page.push_fields(event, self.width);
            self.ends.push(self.page.bytes.len());
        }
        self.sink.write(&self.page.bytes, &self.ends)
    }

    fn flush(&mut self, _timeout: Duration) -> Result<(), ExportError> {
        self.sink.flush()
    }
}

/// Writing to it cannot fail, so its methods ignore that it could.
#[derive(Debug, Default)]
struct Page {
    bytes: Vec<u8>,
    /// One field, whose length must be known before it is placed.
    field: String,
}

const INDENT: &str = "    ";

impl Page {
    fn push_head(&mut self, event: &Event, colour: bool) {
        let (seconds, nanos) = event.unix_time();
        let time = Civil::of(seconds);
        let (hour, minute, second, millis) =
            (time.hour, time.minute, time.second, nanos / 1_000_000);
        let (on, bold, off) =
            if colour { (paint(event.outcome()), "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
        self.field.clear();
        push_shown(&mut self.field, event.name());
        let (outcome, duration) = (event.outcome(), Human(event.duration()).to_string());
        writeln!(
            self.bytes,
            "{hour:02}:{minute:02}:{second:02}.{millis:03}Z {on}{outcome:9}{off} {duration:>8}  {bold}{}{off}",
            self.field
        )
        .ok();
    }

    fn push_fields(&mut self, event: &Event, width: usize) {
        let mut column = 0;
        for (key, value) in event.fields() {
            self.field.clear();
            push_shown(&mut self.field, key);
            self.field.push('=');
            push_value(&mut self.field, value);
            let length = self.field.chars().count();
            if column > 0 && column + 1 + length > width {
                self.bytes.push(b'\n');
                column = 0;
            }
            let separator = if column == 0 { INDENT } else { " " };
            self.bytes.extend_from_slice(separator.as_bytes());
            self.bytes.extend_from_slice(self.field.as_bytes());
            column += separator.len() + length;
        }
        if column > 0 {
            self.bytes.push(b'\n');
        }
    }
}

fn paint(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "\x1b[32m",
        Outcome::Declined => "\x1b[33m",
        Outcome::Cancelled => "\x1b[35m",
        Outcome::Error => "\x1b[31m",
        Outcome::Panicked => "\x1b[1;31m",
    }
}

fn push_value(out: &mut String, value: Value<'_>) {
    match value {
        Value::Str(text) => push_text(out, text),
        Value::Bytes(bytes) => {
            out.push_str("0x");
            for byte in bytes {
                write!(out, "{byte:02x}").ok();
            }
        }
        Value::Array(list) => {
            let mut separator = "";
            out.push('[');
            list.for_each(&mut |item| {
                out.push_str(separator);
                separator = ", ";
                push_value(out, item);
            });
            out.push(']');
        }
        Value::Duration(duration) => push_text(out, &Human(duration).to_string()),
        // Numbers and truth values, and what a finished event does not hold.
        other => write!(Shown(out), "{other:?}").unwrap_or_default(),
    }
}

/// Text as it is where it reads as one word, else in quotes.
fn push_text(out: &mut String, text: &str) {
    let plain = |c: char| {
        !(c.is_whitespace() || is_hostile(c) || matches!(c, '"' | '\\' | '=' | ',' | '[' | ']'))
    };
    if !text.is_empty() && text.chars().all(plain) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        push_char(out, c);
    }
    out.push('"');
}

fn push_shown(out: &mut String, text: &str) {
    text.chars().for_each(|c| push_char(out, c));
}

fn push_char(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_hostile(c) => write!(out, "\\u{{{:x}}}", u32::from(c)).unwrap_or_default(),
        c => out.push(c),
    }
}

/// Shows what is formatted through it without its control characters.
struct Shown<'o>(&'o mut String);

impl fmt::Write for Shown<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_shown(self.0, text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ode_core::EventBuilder;

    fn shown(event: &Event, colour: bool, width: usize) -> String {
        let mut page = Page::default();
        page.push_head(event, colour);
        page.push_fields(event, width);
        String::from_utf8(page.bytes).unwrap()
    }

    fn event() -> EventBuilder {
        EventBuilder::new("cart.checkout")
            .unix_time(1_795_262_400, 123_456_789)
            .duration_ns(1_240_000)
    }

    #[test]
    fn a_head_and_wrapped_fields() {
        let event = event()
            .field("cart.items", Value::U64(3))
            .field("cart.total", Value::F64(41.5))
            .field("note", Value::Str("two \"words\""))
            .field("tags", Value::Array(&vec!["a", "b c"]))
            .field("raw", Value::Bytes(&[0, 255]))
            .field("empty", Value::Str(""))
            .build();
        assert_eq!(
            shown(&event, false, 50),
            "12:00:00.123Z ok         1.24 ms  cart.checkout\n    \
             cart.items=3 cart.total=41.5\n    \
             note=\"two \\\"words\\\"\" tags=[a, \"b c\"]\n    raw=0x00ff empty=\"\"\n"
        );
    }

    #[test]
    fn colour_only_when_asked_for() {
        let event = event().outcome(Outcome::Error).build();
        assert!(!shown(&event, false, 80).contains('\x1b'));
        assert!(shown(&event, true, 80).contains("\x1b[31merror    \x1b[0m"));
    }

    /// Whatever the data: the only control characters are the newlines between our own lines.
    #[test]
    fn no_control_character_of_the_data_comes_through() {
        let every: String = ('\0'..='\u{2fff}').collect();
        let event = EventBuilder::new(every.as_str())
            .field(&every, Value::Str(&every))
            .field("list", Value::Array(&vec![every.as_str()]))
            .field("shown", Value::Debug(&every))
            .build();
        let text = shown(&event, false, 80);
        assert_eq!(text.chars().filter(|c| is_hostile(*c) && *c != '\n').count(), 0);
        assert_eq!(text.lines().count(), 4, "a value made a line of its own");
        assert!(text.lines().skip(1).all(|line| line.starts_with(INDENT)));
    }

    #[test]
    fn durations_in_human_units() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (12_345, "12.3 µs"),
            (999_999, "999 µs"),
            (1_240_000, "1.24 ms"),
            (59_900_000_000, "59.9 s"),
            (125_000_000_000, "2m 05s"),
        ] {
            assert_eq!(Human(Duration::from_nanos(nanos)).to_string(), text);
        }
    }
}
