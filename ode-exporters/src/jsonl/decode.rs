//! Lines back into events.

use std::fmt::Debug;
use std::io::{self, BufRead};
use std::sync::Arc;

use ode_core::{
    Event, EventBuilder, EventId, Outcome, OwnedValue, Process, SpanId, ToValue, TraceContext,
    TraceId,
};

use crate::jsonl::draft::{Field, read_object};
use crate::jsonl::error::{Kind, ReadError};

/// Reads events, one from each line. A bad line is one error; reading goes on behind it.
///
/// Blank lines are skipped, and so is a byte order mark. Objects of other writers are taken as far
/// as they can be: nested objects become dotted keys, null is absent, a list of different types
/// becomes a list of text. `name` must be there; what else is missing has a default.
///
/// ```
/// let lines = "{\"name\":\"a\",\"cart\":{\"items\":3}}\n{\"name\":\"b\nnext: not JSON\n{\"name\":\"c\"}\n";
/// let mut names = Vec::new();
/// for event in ode_exporters::jsonl::read(lines.as_bytes()) {
///     match event {
///         Ok(event) => names.push(event.name().to_owned()),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// assert_eq!(names, ["a", "c"]);
/// ```
pub fn read<R: BufRead>(input: R) -> Reader<R> {
    Reader {
        input,
        line: Vec::new(),
        number: 0,
        max_line_bytes: MAX_LINE_BYTES,
        process: Arc::default(),
        failed: false,
    }
}

/// Reads the event of one line, with or without its newline.
///
/// ```
/// use ode_core::Value;
/// let event = ode_exporters::jsonl::parse_line(r#"{"name":"cart.checkout","cart.items":3}"#)?;
/// assert_eq!(event.get("cart.items"), Some(Value::U64(3)));
/// # Ok::<(), ode_exporters::jsonl::ReadError>(())
/// ```
///
/// # Errors
/// When the line is not one JSON object, or not an event.
pub fn parse_line(line: impl AsRef<[u8]>) -> Result<Event, ReadError> {
    parse(line.as_ref(), &mut Arc::default()).map_err(|kind| ReadError { line: 1, kind })
}

const MAX_LINE_BYTES: usize = 8 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The iterator that [`read`] returns.
#[must_use = "an iterator reads nothing until it is asked"]
pub struct Reader<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
    max_line_bytes: usize,
    /// Of the event before: most files were written by few processes.
    process: Arc<Process>,
    failed: bool,
}

impl<R> Debug for Reader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("line", &self.number).finish_non_exhaustive()
    }
}

impl<R: BufRead> Reader<R> {
    /// How long a line may be; a longer one is an error and is passed over without being kept in
    /// memory. Default 8 MiB.
    pub fn max_line_bytes(mut self, bytes: usize) -> Self {
        self.max_line_bytes = bytes;
        self
    }

    /// Fills `self.line` up to the next newline.
    fn next_line(&mut self) -> io::Result<Line> {
        self.line.clear();
        let (mut some, mut fits) = (false, true);
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let newline = available.iter().position(|byte| *byte == b'\n');
            let part = available.get(..newline.unwrap_or(available.len())).unwrap_or_default();
            fits = fits && self.line.len() + part.len() <= self.max_line_bytes;
            if fits {
                self.line.extend_from_slice(part);
            }
            some = some || !available.is_empty();
            let ended = newline.is_some() || available.is_empty();
            let used = part.len() + usize::from(newline.is_some());
            self.input.consume(used);
            if ended {
                return Ok(match (some, fits) {
                    (false, _) => Line::End,
                    (true, true) => Line::Complete,
                    (true, false) => Line::TooLong,
                });
            }
        }
    }
}

enum Line {
    Complete,
    TooLong,
    End,
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Event, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            self.number += 1;
            let result = match self.next_line() {
                Ok(Line::End) => return None,
                Ok(Line::Complete) if self.line.trim_ascii().is_empty() => continue,
                Ok(Line::Complete) => parse(&self.line, &mut self.process),
                Ok(Line::TooLong) => Err(Kind::TooLong { limit: self.max_line_bytes }),
                Err(error) => {
                    self.failed = true;
                    Err(Kind::Io(error))
                }
            };
            return Some(result.map_err(|kind| ReadError { line: self.number, kind }));
        }
        None
    }
}

fn parse(line: &[u8], process: &mut Arc<Process>) -> Result<Event, Kind> {
    let json = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    match json.first() {
        Some(b'{') => {}
        // What only looks like another kind of value may be no JSON at all; say the simpler thing.
        _ => return Err(Kind::NotAnObject),
    }
    let fields = read_object(json).map_err(|error| {
        let column = error.column();
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        match error.classify() {
            serde_json::error::Category::Eof => Kind::Torn { column },
            serde_json::error::Category::Data => {
                Kind::Content(format!("has {message}; read such objects with another program"))
            }
            _ => Kind::Syntax { column, message },
        }
    })?;
    event_of(&fields, process).map_err(Kind::Content)
}

/// Sorts the fields into what every event has, what its process has, and the rest.
fn event_of(fields: &[Field], last_process: &mut Arc<Process>) -> Result<Event, String> {
    let name = fields.iter().find(|(key, _)| key == "name");
    let Some((_, Some(OwnedValue::Str(name)))) = name else {
        return Err(
            "has no text under \"name\", which every event needs; give it one or skip it".into()
        );
    };
    let mut builder = EventBuilder::new(name.as_str());
    let mut process = Process::default();
    let (mut trace, mut span) = (None, None);
    for (key, value) in fields {
        let Some(value) = value else { continue };
        builder = match key.as_str() {
            "name" => builder,
            "timestamp" => with(
                builder,
                key,
                value,
                "RFC 3339 in UTC: 2026-11-21T12:00:00.5Z",
                EventBuilder::timestamp,
            )?,
            "outcome" => {
                with(builder, key, value, "ok, declined, error, panicked or cancelled", |b, v| {
                    Some(b.outcome(Outcome::from_name(v)?))
                })?
            }
            "duration_ns" => match value {
                OwnedValue::U64(nanos) => builder.duration_ns(*nanos),
                _ => return Err(unexpected(key, value, "a whole number of nanoseconds")),
            },
            "event_id" => with(builder, key, value, "a UUID with hyphens", |b, v| {
                Some(b.event_id(EventId::from_uuid(v)?))
            })?,
            "parent_span_id" => with(builder, key, value, SPAN, |b, v| {
                Some(b.parent_span_id(SpanId::from_hex(v)?))
            })?,
            "trace_id" => with(builder, key, value, TRACE, |b, v| {
                trace = Some(TraceId::from_hex(v)?);
                Some(b)
            })?,
            "span_id" => with(builder, key, value, SPAN, |b, v| {
                span = Some(SpanId::from_hex(v)?);
                Some(b)
            })?,
            _ if set_process(&mut process, key, value) => builder,
            _ => builder.field(key, value.to_value()),
        };
    }
    if let (Some(trace), Some(span)) =
        (trace.or(TraceId::from_bytes(ONE)), span.or(SpanId::from_bytes([0, 0, 0, 0, 0, 0, 0, 1])))
    {
        builder = builder.trace_context(TraceContext::new(trace, span));
    }
    if **last_process != process {
        *last_process = Arc::new(process);
    }
    Ok(builder.process(Arc::clone(last_process)).build())
}

const TRACE: &str = "32 hexadecimal digits, lower case, not all zero";
const SPAN: &str = "16 hexadecimal digits, lower case, not all zero";
const ONE: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Sets what must be text of a certain form.
fn with(
    builder: EventBuilder,
    key: &str,
    value: &OwnedValue,
    expected: &str,
    set: impl FnOnce(EventBuilder, &str) -> Option<EventBuilder>,
) -> Result<EventBuilder, String> {
    let set = if let OwnedValue::Str(text) = value { set(builder, text) } else { None };
    set.ok_or_else(|| unexpected(key, value, expected))
}

/// The value is shown in its `Debug` form, which has no control characters, and cut.
fn unexpected(key: &str, value: &OwnedValue, expected: &str) -> String {
    let shown: String = match value {
        OwnedValue::Str(text) => format!("{:?}", text.chars().take(40).collect::<String>()),
        OwnedValue::Array(_) => "a list".into(),
        other => other.to_string(),
    };
    format!("has {shown} under \"{key}\" instead of {expected}; correct or skip it")
}

/// Whether this was one of the process fields. A foreign value of another type stays a field,
/// except for `build_id`, which every event has and which is therefore taken as text.
fn set_process(process: &mut Process, key: &str, value: &OwnedValue) -> bool {
    match (key, value) {
        (_, OwnedValue::Str(text)) if key != "process.pid" => process.set_by_name(key, text),
        ("process.pid", OwnedValue::U64(pid)) => process.set_by_name(key, &pid.to_string()),
        ("build_id", other) => process.set_by_name(key, &other.to_string()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[track_caller]
    fn check_error(line: &str, expected: &str) {
        let error = parse_line(line).expect_err(line);
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn messages_say_what_is_wrong_and_what_to_do() {
        check_error(
            r#"{"name":"a","x":1"#,
            "line 1 ends in the middle of an event, at column 17; its writer was cut short, so skip \
             it: a writer that lived on wrote the event again",
        );
        check_error("[1]", "line 1 is not a JSON object; an event is one object on one line");
        check_error(
            r#"{"name":"a",}"#,
            "line 1 is not JSON, at column 13: trailing comma; correct or skip it",
        );
        check_error(
            r#"{"x":1}"#,
            "line 1 has no text under \"name\", which every event needs; give it one or skip it",
        );
        check_error(
            "{\"name\":\"a\",\"outcome\":\"\\u001bfine\"}",
            "line 1 has \"\\u{1b}fine\" under \"outcome\" instead of ok, declined, error, panicked or \
             cancelled; correct or skip it",
        );
        check_error(
            r#"{"name":"a","duration_ns":-5}"#,
            "line 1 has -5 under \"duration_ns\" instead of a whole number of nanoseconds; correct or \
             skip it",
        );
        for (key, value) in [
            ("timestamp", "\"today\""),
            ("timestamp", "1"),
            ("event_id", "\"1\""),
            ("trace_id", "\"00000000000000000000000000000000\""),
            ("span_id", "[]"),
            ("parent_span_id", "\"xyz\""),
            ("duration_ns", "1.5"),
        ] {
            let error = parse_line(format!("{{\"name\":\"a\",\"{key}\":{value}}}")).expect_err(key);
            assert!(error.to_string().contains(&format!("under \"{key}\" instead of ")), "{error}");
            assert!(!error.is_torn() && !error.is_io() && error.column().is_none());
        }
    }

    #[test]
    fn every_cut_of_a_line_is_torn() {
        let line = "{\"name\":\"a\",\"t\":true,\"n\":-1.5e3,\"s\":\"x\\u2028é\",\"l\":[1,null]}";
        for end in 1..line.len() {
            let error = parse_line(&line.as_bytes()[..end]).expect_err("cut");
            assert!(error.is_torn(), "{end}: {error}");
        }
        assert!(parse_line(line).is_ok());
    }

    #[test]
    fn defaults_and_process() {
        let event = parse_line(
            r#"{"name":"a","build_id":5,"service.name":"shop","host.name":7,"process.pid":12}"#,
        )
        .unwrap();
        assert_eq!(event.outcome(), Outcome::Ok);
        assert_eq!(event.unix_time(), (0, 0));
        assert_eq!(event.process().build_id(), "5");
        assert_eq!(event.process().service_name(), Some("shop"));
        assert_eq!(event.fields().map(|(key, _)| key).collect::<Vec<_>>(), ["field.host.name"]);
        assert_eq!(event.get("process.pid"), Some(ode_core::Value::U64(12)));
    }

    #[test]
    fn blank_lines_a_byte_order_mark_and_line_ends() {
        let input = b"\xef\xbb\xbf{\"name\":\"a\"}\r\n\n  \n{\"name\":\"b\"}";
        let names: Vec<_> =
            read(&input[..]).map(|event| event.unwrap().name().to_owned()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_line_too_long_is_passed_over() {
        let long =
            format!("{{\"name\":\"a\",\"x\":\"{}\"}}\n{{\"name\":\"b\"}}\n", "x".repeat(5_000));
        let input = io::BufReader::with_capacity(64, long.as_bytes());
        let mut reader = read(input).max_line_bytes(1_000);
        let error = reader.next().unwrap().expect_err("too long");
        assert_eq!(error.line(), 1);
        assert!(error.to_string().contains("longer than 1000 bytes"), "{error}");
        assert!(reader.line.capacity() < 2_000, "the line was kept in memory");
        assert_eq!(reader.next().unwrap().unwrap().name(), "b");
        assert!(reader.next().is_none());
    }

    #[test]
    fn a_failing_input_ends_the_reading() {
        struct Failing(u8);
        impl Read for Failing {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1 => Err(io::ErrorKind::Interrupted.into()),
                    2 => "{\"name\":\"a\"}\n{".as_bytes().read(out),
                    _ => Err(io::Error::other("the disk is gone")),
                }
            }
        }
        let mut reader = read(io::BufReader::new(Failing(0)));
        assert_eq!(reader.next().unwrap().unwrap().name(), "a");
        let error = reader.next().unwrap().expect_err("io");
        assert!(error.is_io() && error.line() == 2);
        assert!(reader.next().is_none());
    }
}
