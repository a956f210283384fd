//! An event as one line.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ode_core::{Event, Outcome, Process, Value};

use crate::jsonl::digits::{self, Clock};
use crate::jsonl::escape::{Escaping, push_string, push_text};

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
    process_json: Vec<u8>,
}

impl Encoder {
    /// An encoder that remembers nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the event to `out` as one line of JSON, with its newline.
    pub fn encode(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.set_process(event.process());
        self.push_line(event, out);
    }

    /// Appends the events, and to `ends` the length of `out` after each.
    pub(crate) fn encode_all<'e>(
        &mut self,
        events: impl Iterator<Item = &'e Event>,
        out: &mut Vec<u8>,
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
            self.push_line(event, out);
            ends.push(out.len());
        }
    }

    fn set_process(&mut self, process: &Process) {
        if self.process.as_ref() == Some(process) {
            return;
        }
        self.process_json.clear();
        for (name, value) in process.fields() {
            push_field(&mut self.process_json, name, None, value);
        }
        self.process = Some(process.clone());
    }

    fn push_line(&mut self, event: &Event, out: &mut Vec<u8>) {
        let (seconds, nanos) = event.unix_time();
        self.clock.push(out, seconds, nanos);
        out.extend_from_slice(b"Z\",\"name\":\"");
        push_text(out, event.name());
        out.extend_from_slice(outcome_json(event.outcome()));
        let nanos = u64::try_from(event.duration().as_nanos()).unwrap_or(u64::MAX);
        push_integer(out, nanos);
        let context = event.trace_context();
        digits::push_ids(out, event.event_id(), context.trace_id(), context.span_id());
        if let Some(parent) = event.parent_span_id() {
            digits::push_parent(out, parent);
        }
        out.extend_from_slice(&self.process_json);
        for (key, value) in event.entries() {
            push_field(out, key.name(), key.json(), value);
        }
        out.extend_from_slice(b"}\n");
    }
}

/// From the end of the name to the number of nanoseconds.
fn outcome_json(outcome: Outcome) -> &'static [u8] {
    match outcome {
        Outcome::Ok => b"\",\"outcome\":\"ok\",\"duration_ns\":",
        Outcome::Declined => b"\",\"outcome\":\"declined\",\"duration_ns\":",
        Outcome::Error => b"\",\"outcome\":\"error\",\"duration_ns\":",
        Outcome::Panicked => b"\",\"outcome\":\"panicked\",\"duration_ns\":",
        Outcome::Cancelled => b"\",\"outcome\":\"cancelled\",\"duration_ns\":",
    }
}

/// `json` is `,"name":` where the name is known to need no escaping.
#[inline]
fn push_field(out: &mut Vec<u8>, name: &str, json: Option<&'static str>, value: Value<'_>) {
    if matches!(value, Value::Absent) {
        return;
    }
    if let Some(json) = json {
        out.extend_from_slice(json.as_bytes());
    } else {
        out.extend_from_slice(b",\"");
        push_text(out, name);
        out.extend_from_slice(b"\":");
    }
    push_value(out, value);
}

#[inline]
fn push_value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Str(v) => push_string(out, v),
        Value::I64(v) => push_integer(out, v),
        Value::U64(v) => push_integer(out, v),
        Value::F64(v) => push_float(out, v),
        Value::Bool(v) => out.extend_from_slice(if v { b"true" } else { b"false" }),
        other => push_rare(out, other),
    }
}

#[inline]
fn push_integer(out: &mut Vec<u8>, integer: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(integer).as_bytes());
}

fn push_float(out: &mut Vec<u8>, float: f64) {
    if float.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(float).as_bytes());
    } else if float.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if float > 0.0 {
        out.extend_from_slice(b"\"Infinity\"");
    } else {
        out.extend_from_slice(b"\"-Infinity\"");
    }
}

#[inline(never)]
fn push_rare(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Bytes(v) => push_base64(out, v),
        Value::Array(list) => {
            let mut separator: &[u8] = b"[";
            list.for_each(&mut |item| {
                if !matches!(item, Value::Absent) {
                    out.extend_from_slice(separator);
                    separator = b",";
                    push_value(out, item);
                }
            });
            out.extend_from_slice(if separator == b"[" { b"[]" } else { b"]" });
        }
        Value::Duration(v) => push_integer(out, u64::try_from(v.as_nanos()).unwrap_or(u64::MAX)),
        Value::Display(v) => push_formatted(out, format_args!("{v}")),
        Value::Debug(v) => push_formatted(out, format_args!("{v:?}")),
        Value::Bool(_) | Value::I64(_) | Value::U64(_) | Value::F64(_) | Value::Str(_) => {
            push_value(out, value);
        }
        // A finished event has no absent values; a kind added later is better shown than lost.
        other => push_formatted(out, format_args!("{other:?}")),
    }
}

fn push_formatted(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.push(b'"');
    // The writer cannot fail; a failing `Display` leaves what it wrote so far.
    Escaping(out).write_fmt(text).ok();
    out.push(b'"');
}

fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    let start = out.len();
    let length = base64::encoded_len(bytes.len(), true).unwrap_or(0);
    out.resize(start + length, b'=');
    // The room is exactly what was asked for, so there is nothing to fail.
    let room = out.get_mut(start..).unwrap_or_default();
    STANDARD.encode_slice(bytes, room).ok();
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use ode_core::EventBuilder;

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
        check(
            Value::Array(&vec![1_u64, u64::MAX]),
            "[1,18446744073709551615]",
        );
        check(Value::Array(&vec![0.5, f64::NAN]), "[0.5,\"NaN\"]");
        check(Value::Array(&vec!["a", "b\u{1b}"]), "[\"a\",\"b\\u001b\"]");
        check(
            Value::Array(&vec![Value::Bytes(&[0]), Value::Absent]),
            "[\"AA==\"]",
        );
        check(Value::Duration(std::time::Duration::from_micros(3)), "3000");
    }

    #[test]
    fn the_order_of_keys() {
        let process = Process::new("1f3a")
            .service("shop", "2.4.0")
            .host_name("h\"1")
            .pid(7);
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
            .map(|id| {
                EventBuilder::new(id)
                    .process(Process::new(id).into())
                    .build()
            })
            .into();
        let (mut encoder, mut lines, mut ends) = (Encoder::new(), Vec::new(), Vec::new());
        encoder.encode_all(events.iter(), &mut lines, &mut ends);
        let text = String::from_utf8(lines).unwrap();
        let mut start = 0;
        for (event, end) in events.iter().zip(ends) {
            let line = &text[start..end];
            assert!(
                line.contains(&format!("\"build_id\":\"{}\"}}\n", event.name())),
                "{line}"
            );
            start = end;
        }
        assert_eq!(start, text.len());
    }
}
