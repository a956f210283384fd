//! Encoding allocates nothing once it is warm. Alone in its binary, so that nothing else allocates
//! meanwhile.

#![expect(clippy::expect_used, reason = "a helper that fails is a test that fails")]

#[path = "../../ode-core/tests/counting/mod.rs"]
mod counting;

use std::sync::Arc;

use counting::{Calls, Counting};
use ode_core::{Event, EventBuilder, EventId, Outcome, Process, Value};
use ode_exporters::otlp::Shape;
use ode_exporters::otlp::encode::{
    DEFAULT_REQUEST_BYTES, Encoded, Encoder, Format, Resource, Signal, Signals,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LINK: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Thirty fields of every kind, an error, a link, a sample rate, and numbers of every length.
fn event(number: u64, process: &Arc<Process>) -> Event {
    let uuid = format!("01234567-89ab-7000-8000-{number:012x}");
    let mut builder = EventBuilder::new("cart.checkout")
        .process(Arc::clone(process))
        .unix_time(1_795_262_400, 1)
        .duration_ns(1_240_000 + number)
        .outcome(Outcome::Error)
        .event_id(EventId::from_uuid(&uuid).expect("an id"));
    for at in 0..24_u64 {
        let key = format!("field_{at:02}");
        builder = match at % 4 {
            0 => builder.field(&key, Value::U64((number + 1) << (at * 2))),
            1 => builder.field(&key, Value::F64(f64::from_bits(at << 52 | 1))),
            2 => builder.field(&key, Value::Str("a text of some length")),
            _ => builder.field(&key, Value::Array(&[1, at])),
        };
    }
    builder
        .field("error.type", Value::Str("io::Error"))
        .field("error.message", Value::Str("no such file\n"))
        .field("large", Value::U64(u64::MAX - number))
        .field("bytes", Value::Bytes(&[0xff; 40]))
        .field("links", Value::Array(&[LINK, "nonsense"]))
        .field("sample_rate", Value::F64(10.0))
        .build()
}

#[test]
fn none_at_steady_state() {
    let process = Arc::new(Process::new("a").service("shop", "1"));
    let events: Vec<_> = (0..512).map(|number| event(number, &process)).collect();
    for (format, signal, shape) in [
        (Format::Protobuf, Signal::Spans, Shape::default()),
        (Format::Protobuf, Signal::Logs, Shape::default()),
        (Format::Json, Signal::Spans, Shape::default()),
        (Format::Json, Signal::Logs, Shape::default()),
        (Format::Protobuf, Signal::Logs, Shape::loki().max_attributes(40)),
    ] {
        let mut encoder = Encoder::new(Signals::Both, shape, format, Resource::default());
        let mut out = Vec::new();
        let all = Encoded { taken: 512, events: 512, ..Encoded::default() };
        let mut encode = || encoder.encode(signal, &events, DEFAULT_REQUEST_BYTES, &mut out);
        assert_eq!(encode(), all);
        let before = Calls::now();
        for _ in 0..4 {
            assert_eq!(encode(), all);
        }
        let calls = Calls::now().since(before);
        assert_eq!(calls.thread, 0, "{format:?} {signal:?} {shape:?}");
    }
}
