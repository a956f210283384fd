//! Encoding alone: a batch of 512 events of 30 attributes that are ready, to bytes.
//!
//! 12 texts of 4 to 99 bytes, 10 integers, 4 floats, 4 bools. ode writes three more: the event's id,
//! its outcome and its build. `opentelemetry-otlp` takes its batch by value: what it frees is part of
//! its figure, what making the batch costs is not.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures::executor::block_on;
use ode::exporters::otlp::Shape;
use ode::exporters::otlp::encode::{
    DEFAULT_REQUEST_BYTES, Encoder, Format, Resource, Signal, Signals,
};
use ode::{Event, EventBuilder, EventId, Process, SpanId, TraceContext, TraceId, Value};
use ode_benches::measure::{count, median};
use ode_benches::process::BUILD_ID;
use opentelemetry::trace::{self, SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter, SpanLinks};

use crate::common::counting::allocations;
use crate::common::{by_otel, sink};

const EVENTS: usize = 512;

pub(crate) fn spans(units: usize) -> f64 {
    nanos(units, ode(Signal::Spans, Format::Protobuf))
}

pub(crate) fn logs(units: usize) -> f64 {
    nanos(units, ode(Signal::Logs, Format::Protobuf))
}

pub(crate) fn json(units: usize) -> f64 {
    nanos(units, ode(Signal::Spans, Format::Json))
}

pub(crate) fn otel(units: usize) -> f64 {
    nanos(units, opentelemetry())
}

pub(crate) fn spans_allocations(_: usize) -> f64 {
    counted(ode(Signal::Spans, Format::Protobuf))
}

pub(crate) fn logs_allocations(_: usize) -> f64 {
    counted(ode(Signal::Logs, Format::Protobuf))
}

pub(crate) fn json_allocations(_: usize) -> f64 {
    counted(ode(Signal::Spans, Format::Json))
}

pub(crate) fn otel_allocations(_: usize) -> f64 {
    counted(opentelemetry())
}

/// A part that is prepared, and one that counts.
type Prepared = Box<dyn FnOnce()>;

/// The median over batches.
fn nanos(units: usize, mut prepare: impl FnMut() -> Prepared) -> f64 {
    let mut samples: Vec<f64> = (0..units / EVENTS)
        .map(|_| {
            let batch = prepare();
            let start = Instant::now();
            batch();
            start.elapsed().as_secs_f64() * 1e9 / count(EVENTS)
        })
        .collect();
    median(&mut samples)
}

fn counted(mut prepare: impl FnMut() -> Prepared) -> f64 {
    (0..16).for_each(|_| prepare()());
    let batch = prepare();
    count(allocations(batch).0) / count(EVENTS)
}

fn ode(signal: Signal, format: Format) -> impl FnMut() -> Prepared {
    let process = Arc::new(Process::new(BUILD_ID).service("checkout", "0.1.0"));
    let events: Arc<[Event]> = (0..EVENTS).map(|number| event(number, &process)).collect();
    let signals = if signal == Signal::Spans { Signals::Spans } else { Signals::Logs };
    let encoder = Encoder::new(signals, Shape::default(), format, Resource::default());
    let kept = Arc::new(std::sync::Mutex::new((encoder, Vec::new())));
    move || {
        let (events, kept) = (Arc::clone(&events), Arc::clone(&kept));
        Box::new(move || {
            let mut kept = kept.lock().expect("no panic");
            let (encoder, out) = &mut *kept;
            let encoded = encoder.encode(signal, &*events, DEFAULT_REQUEST_BYTES, out);
            assert_eq!(encoded.events, EVENTS, "all in one request");
            std::hint::black_box(out);
        })
    }
}

fn opentelemetry() -> impl FnMut() -> Prepared {
    let mut exporter = sink::exporter();
    exporter.set_resource(&by_otel::resource());
    let exporter = Arc::new(exporter);
    let batch: Vec<_> = (0..EVENTS).map(span).collect();
    move || {
        let (exporter, batch, before) =
            (Arc::clone(&exporter), batch.clone(), sink::arrived().events);
        Box::new(move || {
            block_on(exporter.export(batch)).expect("exported");
            assert_eq!(sink::arrived().events - before, EVENTS, "spans arrived");
        })
    }
}

enum Attribute {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
}

/// The attributes of an event, whose values differ from event to event.
fn attributes(number: usize) -> impl Iterator<Item = (&'static str, Attribute)> {
    const KEYS: [&str; 30] = [
        "cart.id",
        "cart.items",
        "user.id",
        "user.visits",
        "user.country",
        "http.route",
        "http.response.status_code",
        "http.request.body.size",
        "url.path",
        "user_agent.original",
        "server.address",
        "server.port",
        "db.rows",
        "db.ratio",
        "db.namespace",
        "db.cached",
        "order.id",
        "order.total_cents",
        "order.paid",
        "order.note",
        "price.rate",
        "price.model",
        "price.final",
        "risk.score",
        "risk.blocked",
        "ship.weight_g",
        "ship.shard",
        "ship.parcels",
        "ship.share",
        "retry.attempts",
    ];
    let texts = [4, 8, 12, 16, 20, 24, 30, 36, 36, 48, 72, 99];
    let text = "an0ther-text of a cart, its user and the way that it t00k through the shop: /cart/{id}/checkout, v3";
    let whole = i64::try_from(number).unwrap_or(0);
    let value = move |at: usize| match at {
        0..12 => Attribute::Text(format!("{:03}{}", number % 1_000, &text[..texts[at] - 3])),
        12..22 => Attribute::Int(7_i64.pow(u32::try_from(at - 12).unwrap_or(0)) + whole),
        22..26 => Attribute::Float(1.0 / count(number + at)),
        _ => Attribute::Bool((number + at).is_multiple_of(2)),
    };
    // Kinds alternate, as they do in life.
    KEYS.into_iter().enumerate().map(move |(at, key)| (key, value(at * 7 % 30)))
}

fn event(number: usize, process: &Arc<Process>) -> Event {
    let (trace, span) = ids(number);
    let trace = TraceId::from_bytes(trace).expect("an id");
    let context = TraceContext::new(trace, SpanId::from_bytes(span).expect("an id"));
    let uuid = format!("01234567-89ab-7000-8000-{number:012x}");
    let mut builder = EventBuilder::new("cart.checkout")
        .process(Arc::clone(process))
        .unix_time(1_795_262_400, 1_000)
        .duration_ns(1_240_000)
        .trace_context(context)
        .event_id(EventId::from_uuid(&uuid).expect("an id"));
    for (key, value) in attributes(number) {
        builder = match value {
            Attribute::Text(text) => builder.field(key, Value::Str(&text)),
            Attribute::Int(value) => builder.field(key, Value::I64(value)),
            Attribute::Float(value) => builder.field(key, Value::F64(value)),
            Attribute::Bool(value) => builder.field(key, Value::Bool(value)),
        };
    }
    builder.build()
}

fn span(number: usize) -> SpanData {
    let (trace, span) = ids(number);
    let start = SystemTime::UNIX_EPOCH + Duration::new(1_795_262_400, 1_000);
    let attributes = attributes(number).map(|(key, value)| match value {
        Attribute::Text(text) => KeyValue::new(key, text),
        Attribute::Int(value) => KeyValue::new(key, value),
        Attribute::Float(value) => KeyValue::new(key, value),
        Attribute::Bool(value) => KeyValue::new(key, value),
    });
    SpanData {
        span_context: SpanContext::new(
            trace::TraceId::from_bytes(trace),
            trace::SpanId::from_bytes(span),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: trace::SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: "cart.checkout".into(),
        start_time: start,
        end_time: start + Duration::from_micros(1_240),
        attributes: attributes.collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("bench").build(),
    }
}

fn ids(number: usize) -> ([u8; 16], [u8; 8]) {
    let number = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((u128::from(number) << 64 | 7).to_be_bytes(), number.to_be_bytes())
}
