//! An event as one line.

use ode_core::{Event, Outcome, Process};

use crate::jsonl::stamps::{Clock, put_ids, put_parent};
use crate::write::digits::put_u64;
use crate::write::escape::put_string;
use crate::write::room::{Buffer, Room};
use crate::write::scalars::put_field;

/// Appends the event to `out` as one line of JSON, with its newline.
///
/// For more than a few events keep an [`Encoder`].
///
/// ```
/// use ode_core::{EventBuilder, Value};
/// let event = EventBuilder::new("cart.checkout").field("cart.items", Value::U64(3)).build();
/// let mut line = Vec::new();
/// ode_exporters::jsonl::encode(&event, &mut line);
/// assert!(line.ends_with(b",\"cart.items\":3}\n"));
/// ```
pub fn encode(event: &Event, out: &mut Vec<u8>) {
    Encoder::new().encode(event, out);
}

/// Writes events as lines; remembers what consecutive events have in common, so it allocates
/// nothing once `out` is large enough.
///
/// ```
/// use ode_core::EventBuilder;
/// let (mut encoder, mut lines) = (ode_exporters::jsonl::Encoder::new(), Vec::new());
/// for name in ["first", "second"] {
///     encoder.encode(&EventBuilder::new(name).build(), &mut lines);
/// }
/// assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 2);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    clock: Clock,
    process: Option<Process>,
    /// The fields of `process`, encoded.
    process_json: Buffer,
}

impl Encoder {
    /// An encoder that remembers nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the event to `out` as one line of JSON, with its newline.
    pub fn encode(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.set_process(event.process());
        let mut buffer = Buffer::from(std::mem::take(out));
        self.append_line(event, &mut buffer);
        *out = buffer.into();
    }

    /// Appends the events, and to `ends` the length of the buffer after each.
    pub(crate) fn encode_all<'e>(
        &mut self,
        events: impl Iterator<Item = &'e Event>,
        buffer: &mut Buffer,
        ends: &mut Vec<usize>,
    ) {
        // While events are borrowed no other process can take the address of theirs.
        let mut last = None;
        for event in events {
            let process = event.process();
            if !last.is_some_and(|last| std::ptr::eq(last, process)) {
                self.set_process(process);
                last = Some(process);
            }
            self.append_line(event, buffer);
            ends.push(buffer.length());
        }
    }

    fn set_process(&mut self, process: &Process) {
        if self.process.as_ref() == Some(process) {
            return;
        }
        self.process_json.clear(usize::MAX);
        self.process_json.append(256, |room| {
            process.fields().try_for_each(|(name, value)| put_field(room, name, None, value))
        });
        self.process = Some(process.clone());
    }

    fn append_line(&mut self, event: &Event, buffer: &mut Buffer) {
        // The fixed part takes about 350 bytes, and a name is seldom long.
        const HEAD: usize = 512;
        let (seconds, nanos) = event.unix_time();
        self.clock.set(seconds);
        let expected = HEAD + self.process_json.length() + event.size_hint();
        buffer.append(expected, |room| self.put_line(room, nanos, event));
    }

    fn put_line(&self, room: &mut Room<'_>, nanos: u32, event: &Event) -> Option<()> {
        self.clock.put(room, nanos)?;
        room.put_array(b"Z\",\"name\":")?;
        put_string(room, event.name())?;
        room.put(outcome_json(event.outcome()))?;
        put_u64(room, u64::try_from(event.duration().as_nanos()).unwrap_or(u64::MAX))?;
        let context = event.trace_context();
        put_ids(room, event.event_id(), context.trace_id(), context.span_id())?;
        if let Some(parent) = event.parent_span_id() {
            put_parent(room, parent)?;
        }
        room.put(self.process_json.bytes())?;
        for (key, value) in event.entries() {
            put_field(room, key.name(), key.json(), value)?;
        }
        room.put_array(b"}\n")
    }
}

/// What stands between the name and the number of nanoseconds.
fn outcome_json(outcome: Outcome) -> &'static [u8] {
    match outcome {
        Outcome::Ok => b",\"outcome\":\"ok\",\"duration_ns\":",
        Outcome::Declined => b",\"outcome\":\"declined\",\"duration_ns\":",
        Outcome::Error => b",\"outcome\":\"error\",\"duration_ns\":",
        Outcome::Panicked => b",\"outcome\":\"panicked\",\"duration_ns\":",
        Outcome::Cancelled => b",\"outcome\":\"cancelled\",\"duration_ns\":",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ode_core::{EventBuilder, Value};

    #[track_caller]
    fn check(value: Value<'_>, expected: &str) {
        let event = EventBuilder::new("t").field("key", value).build();
        let mut line = Vec::new();
        encode(&event, &mut line);
        let line = String::from_utf8(line).unwrap();
        let (_, tail) = line.split_once(",\"key\":").expect("the field is there");
        assert_eq!(tail, format!("{expected}}}\n"));
    }

    #[test]
    fn values() {
        check(Value::U64(u64::MAX), "18446744073709551615");
        check(Value::I64(i64::MIN), "-9223372036854775808");
        check(Value::F64(1.0), "1.0");
        check(Value::F64(-0.0), "-0.0");
        check(Value::F64(0.0), "0.0");
        check(Value::F64(5e-324), "5e-324");
        check(Value::F64(1e300), "1e+300");
        check(Value::F64(f64::NAN), "\"NaN\"");
        check(Value::F64(f64::INFINITY), "\"Infinity\"");
        check(Value::F64(f64::NEG_INFINITY), "\"-Infinity\"");
        check(Value::Bool(false), "false");
        check(Value::Str("a\"\0\n\u{2028}"), "\"a\\\"\\u0000\\n\\u2028\"");
        check(Value::Bytes(&[0xff, 0xfe]), "\"//4=\"");
        check(Value::Bytes(b""), "\"\"");
        check(Value::Array(&Vec::<u64>::new()), "[]");
        check(Value::Array(&vec![1_u64, u64::MAX]), "[1,18446744073709551615]");
        check(Value::Array(&vec![0.5, f64::NAN]), "[0.5,\"NaN\"]");
        check(Value::Array(&vec!["a", "b\u{1b}"]), "[\"a\",\"b\\u001b\"]");
        check(Value::Array(&vec![Value::Bytes(&[0]), Value::Absent]), "[\"AA==\"]");
        check(Value::Duration(std::time::Duration::from_micros(3)), "3000");
    }

    #[test]
    fn the_order_of_keys() {
        let process = Process::new("1f3a").service("shop", "2.4.0").host_name("h\"1").pid(7);
        let event = EventBuilder::new("cart.checkout")
            .unix_time(1_795_262_400, 1)
            .duration_ns(1_200)
            .process(process.into())
            .field("b", Value::Bool(true))
            .field("", Value::U64(1))
            .field("a\n", Value::U64(2))
            .build();
        let mut line = Vec::new();
        encode(&event, &mut line);
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "{\"timestamp\":\"2026-11-21T12:00:00.000000001Z\",\"name\":\"cart.checkout\",\
             \"outcome\":\"ok\",\"duration_ns\":1200,\
             \"event_id\":\"00000000-0000-0000-0000-000000000000\",\
             \"trace_id\":\"00000000000000000000000000000001\",\"span_id\":\"0000000000000001\",\
             \"build_id\":\"1f3a\",\"service.name\":\"shop\",\"service.version\":\"2.4.0\",\
             \"host.name\":\"h\\\"1\",\"process.pid\":7,\"b\":true,\"\":1,\"a\\n\":2}\n"
        );
    }

    #[test]
    fn a_process_is_encoded_again_when_it_changes() {
        let events: Vec<_> = ["a", "a", "b", "a"]
            .map(|id| EventBuilder::new(id).process(Process::new(id).into()).build())
            .into();
        let (mut encoder, mut lines, mut ends) = (Encoder::new(), Buffer::default(), Vec::new());
        encoder.encode_all(events.iter(), &mut lines, &mut ends);
        let text = String::from_utf8(lines.into()).unwrap();
        let mut start = 0;
        for (event, end) in events.iter().zip(ends) {
            let line = text.get(start..end).unwrap();
            assert!(line.contains(&format!("\"build_id\":\"{}\"}}\n", event.name())), "{line}");
            start = end;
        }
        assert_eq!(start, text.len());
    }
}
