//! Events of all kinds, with more of what is special than chance would bring.

use std::sync::Arc;

use ode_core::{
    Event, EventBuilder, EventId, Outcome, OwnedValue, Process, SpanId, ToValue, TraceContext,
    TraceId,
};
use proptest::collection::vec;
use proptest::prelude::*;

pub(crate) const LINK: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED_LINK: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

fn text() -> impl Strategy<Value = String> {
    let hostile = prop_oneof![
        Just('"'),
        Just('\\'),
        proptest::char::range('\0', '\u{1f}'),
        proptest::char::range('\u{7e}', '\u{a1}'),
        proptest::char::range('\u{2027}', '\u{202e}'),
        any::<char>(),
    ];
    prop_oneof![
        4 => "[a-z.]{0,20}".prop_map(String::from),
        1 => "[a-z]{110,140}".prop_map(String::from),
        2 => vec(hostile, 0..24).prop_map(|chars| chars.into_iter().collect()),
        1 => any::<String>(),
    ]
}

fn float() -> impl Strategy<Value = f64> {
    let cents = any::<i32>().prop_map(|cents| f64::from(cents) / 100.0);
    let edges = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, f64::MIN_POSITIVE];
    prop_oneof![any::<u64>().prop_map(f64::from_bits), cents, prop::sample::select(edges.to_vec())]
}

fn unsigned() -> impl Strategy<Value = u64> {
    let edges = [0, 127, 128, 16_383, 16_384, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX];
    prop_oneof![
        (0..64_u32, any::<u64>()).prop_map(|(shift, number)| number >> shift),
        prop::sample::select(edges.to_vec()),
    ]
}

fn value() -> impl Strategy<Value = OwnedValue> {
    let list = prop_oneof![
        vec(any::<bool>().prop_map(OwnedValue::Bool), 0..5),
        vec(unsigned().prop_map(OwnedValue::U64), 0..5),
        vec(any::<i64>().prop_map(OwnedValue::I64), 0..5),
        vec(float().prop_map(OwnedValue::F64), 0..5),
        vec(text().prop_map(OwnedValue::Str), 0..5),
        vec(vec(any::<u8>(), 0..5).prop_map(OwnedValue::Bytes), 0..3),
    ];
    prop_oneof![
        any::<bool>().prop_map(OwnedValue::Bool),
        unsigned().prop_map(OwnedValue::U64),
        any::<i64>().prop_map(OwnedValue::I64),
        float().prop_map(OwnedValue::F64),
        text().prop_map(OwnedValue::Str),
        vec(any::<u8>(), 0..200).prop_map(OwnedValue::Bytes),
        list.prop_map(OwnedValue::Array),
    ]
}

fn process() -> impl Strategy<Value = Process> {
    (vec(text(), 7), proptest::option::of(any::<u32>())).prop_map(|(texts, pid)| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        let process = Process::new(next())
            .build_source(next())
            .service(next(), next())
            .revision(next())
            .environment(next())
            .host_name(next());
        match pid {
            Some(pid) => process.pid(pid),
            None => process,
        }
    })
}

/// A field that means something to the encoder, or looks as if it did.
fn special() -> impl Strategy<Value = (String, OwnedValue)> {
    let str_of = |text: &str| OwnedValue::Str(text.to_owned());
    let list = |texts: &[&str]| OwnedValue::Array(texts.iter().map(|text| str_of(text)).collect());
    let of = |key: &str, values: Vec<OwnedValue>| {
        let key = key.to_owned();
        let odd = value().boxed();
        prop_oneof![4 => prop::sample::select(values), 1 => odd]
            .prop_map(move |value| (key.clone(), value))
            .boxed()
    };
    prop_oneof![
        of("error.type", vec![str_of("io::Error"), str_of("")]),
        of("error.message", vec![str_of("no such file\n"), str_of("")]),
        of("declined.reason", vec![str_of("too_small")]),
        of("cancelled.cause", vec![str_of("dropped")]),
        // Without a member `ot`, which has tables of its own.
        prop::sample::select(vec!["a=1", "a=1,b=2", ""])
            .prop_map(move |state| ("trace_state".to_owned(), OwnedValue::Str(state.to_owned()))),
        of(
            "links",
            vec![
                list(&[LINK, UNSAMPLED_LINK]),
                list(&[LINK, "nonsense", LINK]),
                list(&["nonsense"]),
                list(&[]),
                str_of(LINK),
            ],
        ),
        of("sample_rate", [1.0, 2.0, 10.0, 3.7, 0.5].map(OwnedValue::F64).into()),
        of("SampleRate", vec![OwnedValue::U64(7)]),
        of("ode.kind", ["server", "client", "producer", "consumer", "x"].map(str_of).into()),
        of("ode.dropped_fields", vec![OwnedValue::U64(3), OwnedValue::U64(u64::MAX)]),
        of("ode.u64_as_string", vec![list(&["x"])]),
        of("", vec![OwnedValue::U64(1)]),
    ]
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
        "trace_state",
        "field.",
    ];
    !HEAD.contains(&key) && !Process::default().set_by_name(key, "1")
}

pub(crate) fn event() -> impl Strategy<Value = Event> {
    let key = text().prop_filter("a name of ode's own", |key| is_free(key));
    let seconds = prop_oneof![
        4 => 0..4_000_000_000_i64,
        1 => -60_000_000_000..300_000_000_000_i64,
    ];
    let duration = prop_oneof![4 => 0..u64::from(u32::MAX), 1 => any::<u64>()];
    let head = (text(), 0..5_usize, seconds, 0..1_000_000_000_u32, duration);
    let ids =
        (any::<u128>(), 1..=u128::MAX, 1..=u64::MAX, proptest::option::of(1..=u64::MAX), 0..4_u8);
    let fields = vec(prop_oneof![3 => (key, value()).boxed(), 1 => special().boxed()], 0..14);
    (head, ids, process(), fields).prop_map(|(head, ids, process, fields)| {
        let (name, outcome, seconds, nanos, duration) = head;
        let (event, trace, span, parent, flags) = ids;
        let uuid = format!("{event:032x}");
        let part = |range: std::ops::Range<usize>| uuid.get(range).unwrap().to_owned();
        let uuid = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-");
        let span_id = |id: u64| SpanId::from_bytes(id.to_be_bytes()).unwrap();
        let trace = TraceId::from_bytes(trace.to_be_bytes()).unwrap();
        let context = TraceContext::new(trace, span_id(span)).with_flags(flags);
        let mut builder = EventBuilder::new(name)
            .outcome(*Outcome::ALL.get(outcome).unwrap())
            .unix_time(seconds, nanos)
            .duration_ns(duration)
            .event_id(EventId::from_uuid(&uuid).unwrap())
            .trace_context(context)
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
