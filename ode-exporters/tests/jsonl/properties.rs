//! Any event at all: its line is valid and harmless JSON, and reading it gives the event back.

use std::sync::Arc;

use ode_core::{
    Event, EventBuilder, EventId, Outcome, OwnedValue, Process, SpanId, ToValue, TraceContext,
    TraceId,
};
use ode_exporters::jsonl::{self, parse_line};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::cases::config;
use crate::support::line;

/// Text of all kinds, with more of what needs escaping than chance would bring.
fn text() -> impl Strategy<Value = String> {
    let hostile = prop_oneof![
        Just('"'),
        Just('\\'),
        proptest::char::range('\0', '\u{1f}'),
        proptest::char::range('\u{7e}', '\u{a1}'),
        proptest::char::range('\u{61a}', '\u{61e}'),
        proptest::char::range('\u{200c}', '\u{206b}'),
        any::<char>(),
        proptest::char::range('a', 'z'),
    ];
    prop_oneof![
        "[a-z.]{0,20}".prop_map(String::from),
        vec(hostile, 0..24).prop_map(|chars| chars.into_iter().collect()),
        any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = OwnedValue> {
    let list = prop_oneof![
        vec(any::<bool>().prop_map(OwnedValue::Bool), 0..5),
        vec(any::<u64>().prop_map(OwnedValue::U64), 0..5),
        vec(any::<i64>().prop_map(OwnedValue::I64), 0..5),
        vec(float().prop_map(OwnedValue::F64), 0..5),
        vec(text().prop_map(OwnedValue::Str), 0..5),
        vec(vec(any::<u8>(), 0..5).prop_map(OwnedValue::Bytes), 0..3),
    ];
    prop_oneof![
        any::<bool>().prop_map(OwnedValue::Bool),
        any::<u64>().prop_map(OwnedValue::U64),
        (0..64_u32, any::<u64>()).prop_map(|(shift, n)| OwnedValue::U64(n >> shift)),
        any::<i64>().prop_map(OwnedValue::I64),
        float().prop_map(OwnedValue::F64),
        text().prop_map(OwnedValue::Str),
        vec(any::<u8>(), 0..20).prop_map(OwnedValue::Bytes),
        list.prop_map(OwnedValue::Array),
    ]
}

fn float() -> impl Strategy<Value = f64> {
    let cents = any::<i32>().prop_map(|cents| f64::from(cents) / 100.0);
    prop_oneof![proptest::num::f64::ANY, any::<u64>().prop_map(f64::from_bits), cents]
}

fn process() -> impl Strategy<Value = Process> {
    (vec(text(), 7), any::<u32>()).prop_map(|(texts, pid)| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        Process::new(next())
            .build_source(next())
            .service(next(), next())
            .revision(next())
            .environment(next())
            .host_name(next())
            .pid(pid)
    })
}

/// Keys that ode itself writes cannot be fields; the record moves them to `field.<key>`.
fn is_free(key: &str) -> bool {
    const HEAD: &[&str] = &[
        "timestamp",
        "name",
        "outcome",
        "duration_ns",
        "event_id",
        "trace_id",
        "span_id",
        "parent_span_id",
    ];
    !HEAD.contains(&key) && !Process::default().set_by_name(key, "1")
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let key = text().prop_filter("a name of ode's own", |key| is_free(key));
    let head = (
        text(),
        0..5_usize,
        -60_000_000_000..300_000_000_000_i64,
        0..1_000_000_000_u32,
        any::<u64>(),
    );
    let ids = (any::<u128>(), 1..=u128::MAX, 1..=u64::MAX, proptest::option::of(1..=u64::MAX));
    (head, ids, process(), vec((key, value()), 0..12)).prop_map(|(head, ids, process, fields)| {
        let (name, outcome, seconds, nanos, duration) = head;
        let (event, trace, span, parent) = ids;
        let uuid = format!("{event:032x}");
        let part = |range: std::ops::Range<usize>| uuid.get(range).unwrap().to_owned();
        let uuid = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-");
        let span_id = |id: u64| SpanId::from_bytes(id.to_be_bytes()).unwrap();
        let trace = TraceId::from_bytes(trace.to_be_bytes()).unwrap();
        let mut builder = EventBuilder::new(name)
            .outcome(*Outcome::ALL.get(outcome).unwrap())
            .unix_time(seconds, nanos)
            .duration_ns(duration)
            .event_id(EventId::from_uuid(&uuid).unwrap())
            .trace_context(TraceContext::new(trace, span_id(span)))
            .process(Arc::new(process));
        if let Some(parent) = parent {
            builder = builder.parent_span_id(span_id(parent));
        }
        for (key, value) in &fields {
            builder = builder.field(key, value.to_value());
        }
        builder.build()
    })
}

/// What is left of a value's type when it was read back.
fn as_read(value: OwnedValue) -> OwnedValue {
    let name = |float: f64| {
        let name = if float.is_nan() {
            "NaN"
        } else if float > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        };
        OwnedValue::Str(name.to_owned())
    };
    match value {
        OwnedValue::F64(float) if !float.is_finite() => name(float),
        OwnedValue::Bytes(bytes) => {
            use base64::Engine;
            OwnedValue::Str(base64::engine::general_purpose::STANDARD.encode(bytes))
        }
        OwnedValue::Array(items) => {
            let floats =
                items.iter().any(|item| matches!(item, OwnedValue::F64(f) if f.is_finite()));
            let keep = |item: OwnedValue| if floats { item } else { as_read(item) };
            OwnedValue::Array(items.into_iter().map(keep).collect())
        }
        other => other,
    }
}

fn same(a: &OwnedValue, b: &OwnedValue) -> bool {
    match (a, b) {
        (OwnedValue::F64(a), OwnedValue::F64(b)) => {
            a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
        }
        (OwnedValue::Array(a), OwnedValue::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => a == b,
    }
}

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn a_line_is_valid_and_harmless(event in event()) {
        let text = line(&event);
        let body = text.strip_suffix('\n').expect("a newline at the end");
        prop_assert_eq!(body.chars().find(|c| is_hostile(*c)), None);
        let parsed: serde_json::Value = serde_json::from_str(body).expect("JSON");
        prop_assert_eq!(&parsed, &serde_json::to_value(&event).unwrap());
        let keys = parsed.as_object().unwrap().len();
        let head = 7 + usize::from(event.parent_span_id().is_some());
        prop_assert_eq!(keys, head + event.process().fields().count() + event.field_count());
    }

    #[test]
    fn an_event_comes_back(event in event()) {
        let text = line(&event);
        let read = parse_line(&text).expect("an event");
        prop_assert_eq!(read.name(), event.name());
        prop_assert_eq!(read.outcome(), event.outcome());
        prop_assert_eq!(read.unix_time(), event.unix_time());
        prop_assert_eq!(read.duration(), event.duration());
        prop_assert_eq!(read.event_id(), event.event_id());
        prop_assert_eq!(read.trace_context(), event.trace_context());
        prop_assert_eq!(read.parent_span_id(), event.parent_span_id());
        prop_assert_eq!(read.process(), event.process());
        prop_assert_eq!(read.field_count(), event.field_count());
        for ((key, value), (key_read, value_read)) in event.fields().zip(read.fields()) {
            let (expected, actual) = (as_read(value.to_owned_value().unwrap()), value_read.to_owned_value().unwrap());
            prop_assert_eq!(key, key_read);
            prop_assert!(same(&expected, &actual), "{:?} became {:?}", expected, actual);
        }
        prop_assert_eq!(line(&read), text, "written again it is another line");
    }

    /// The same keys in the same order, whichever way it was written.
    #[test]
    fn serde_writes_the_same_line(event in event()) {
        let serde = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(line(&parse_line(serde).expect("an event")), line(&event));
    }

    /// Bytes changed, cut out or put in: never a panic, and the line behind is read.
    #[test]
    fn reading_survives_damage(
        event in event(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        let mut bytes = line(&event).into_bytes();
        bytes.pop();
        for (at, byte, kind) in damage {
            if bytes.is_empty() {
                break;
            }
            let (at, byte) = (at.index(bytes.len()), if byte == b'\n' { b'{' } else { byte });
            match kind {
                0 => bytes.insert(at, byte),
                1 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        bytes.extend_from_slice(b"\n{\"name\":\"behind\"}\n");
        let last = jsonl::read(bytes.as_slice()).last().unwrap().expect("the line behind");
        prop_assert_eq!(last.name(), "behind");
    }
}
