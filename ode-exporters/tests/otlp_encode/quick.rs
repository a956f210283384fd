//! Fields of most kinds go a quicker way where no limit counts them. The bytes are the same as those
//! that are written where one does, which the other tests hold against the official types.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ode_core::testing::TestPipeline;
use ode_core::{
    Batch, Event, EventBuilder, ExportError, Exporter, PipelineBuilder, Process, Redaction, Value,
    WideEvent, integration, macro_support,
};
use ode_exporters::otlp::encode::{DEFAULT_REQUEST_BYTES, Encoder, Format, Shape, Signal};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::cases::config;
use crate::support::{self, encoder};

/// A value of each kind; texts and integers of all lengths.
#[derive(Clone, Debug)]
enum Data {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<i64>),
}

fn data() -> impl Strategy<Value = Data> {
    let around = |shift: u32, delta: i64| (1_u64 << shift).wrapping_add_signed(delta);
    prop_oneof![
        any::<bool>().prop_map(Data::Bool),
        (0..64_u32, -2..3_i64)
            .prop_map(move |(shift, delta)| { Data::I64(around(shift, delta).cast_signed()) }),
        (0..64_u32, -2..3_i64).prop_map(move |(shift, delta)| Data::U64(around(shift, delta))),
        any::<f64>().prop_map(Data::F64),
        "[ -~]{0,20}|[a-zü\u{1f980}]{0,150}|[a-z]{60,68}".prop_map(Data::Text),
        vec(any::<u8>(), 0..90).prop_map(Data::Bytes),
        vec(any::<i64>(), 0..4).prop_map(Data::List),
    ]
}

/// Names of all lengths, among them some that are not just attributes, or look so.
fn name(number: usize) -> String {
    match number {
        0 => "SampleRate".to_owned(),
        1 => "order.id".to_owned(),
        2 => "error_type".to_owned(),
        number => format!("{:0width$}", number, width = number % 61 + 1),
    }
}

fn record(fields: &[(usize, Data)]) {
    WideEvent::builder("quick").run(|| {
        for (number, data) in fields {
            let name = name(*number);
            let value = match data {
                Data::Bool(v) => Value::Bool(*v),
                Data::I64(v) => Value::I64(*v),
                Data::U64(v) => Value::U64(*v),
                Data::F64(v) => Value::F64(*v),
                Data::Text(v) => Value::Str(v),
                Data::Bytes(v) => Value::Bytes(v),
                Data::List(v) => Value::Array(v),
            };
            // Some under run-time keys, now and then several one behind the other.
            match integration::key(&name) {
                Some(key) if number % 5 > 1 => macro_support::set(key, value),
                _ => macro_support::set_at(&name, value),
            }
        }
    });
}

struct Keep(Arc<Mutex<Vec<Event>>>);

impl Exporter for Keep {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.0.lock().unwrap().extend(batch.events().cloned());
        Ok(())
    }
}

/// The events as an exporter is handed them.
fn exported(units: impl FnOnce()) -> Vec<Event> {
    let kept = Arc::default();
    let process = Process::new("1f3a").service("shop", "1");
    let builder = PipelineBuilder::new(process).export_to(Keep(Arc::clone(&kept)));
    let pipeline = TestPipeline::start(builder.redact(Redaction::off())).unwrap();
    pipeline.run(units);
    assert!(pipeline.flush(Duration::from_secs(30)).is_complete());
    std::mem::take(&mut *kept.lock().unwrap())
}

/// The same event with run-time keys.
fn rebuilt(event: &Event) -> Event {
    let (seconds, nanos) = event.unix_time();
    let mut builder = EventBuilder::new(event.name())
        .outcome(event.outcome())
        .unix_time(seconds, nanos)
        .duration_ns(u64::try_from(event.duration().as_nanos()).unwrap())
        .event_id(event.event_id())
        .trace_context(*event.trace_context())
        .process(Arc::new(event.process().clone()));
    for (key, value) in event.fields() {
        builder = builder.field(key, value);
    }
    builder.build()
}

/// Integers on both sides of every length that one can have.
#[test]
fn integers_of_every_length() {
    let around =
        |shift: u32| [-1_i64, 0, 1].map(|delta| (1_u64 << shift).wrapping_add_signed(delta));
    let numbers: Vec<_> = (0..64).flat_map(around).collect();
    let events = exported(|| {
        for number in &numbers {
            record(&[(5, Data::U64(*number)), (6, Data::I64(number.cast_signed()))]);
        }
    });
    assert_eq!(events.len(), numbers.len());
    check(&events, Signal::Spans);
}

/// Names and texts on both sides of the lengths up to which they go the quicker way.
#[test]
fn names_and_texts_of_every_length() {
    let lengths = || (38..=70).flat_map(|name| (26..=70).map(move |text| (name, text)));
    let events = exported(|| {
        for (name, length) in lengths() {
            WideEvent::builder("quick").run(|| {
                macro_support::set_at(&"n".repeat(name), Value::Str(&"t".repeat(length)));
            });
        }
    });
    assert_eq!(events.len(), lengths().count());
    check(&events, Signal::Spans);
}

fn bytes(encoder: &mut Encoder, signal: Signal, event: &Event) -> Vec<u8> {
    let mut out = Vec::new();
    let encoded = encoder.encode(signal, [event], DEFAULT_REQUEST_BYTES, &mut out);
    assert_eq!((encoded.taken, encoded.events), (1, 1));
    out
}

#[track_caller]
fn check(events: &[Event], signal: Signal) {
    let limited = Shape::default().max_attributes(1_000);
    let mut encoders = [Shape::default(), limited].map(|shape| encoder(Format::Protobuf, shape));
    for event in events {
        let [quick, slow] = &mut encoders;
        let (quick, slow) = (bytes(quick, signal, event), bytes(slow, signal, &rebuilt(event)));
        assert_eq!(quick, slow, "{event:?}");
    }
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn the_quick_way_writes_the_same_bytes(
        units in vec(vec((0..80_usize, data()), 0..20), 1..6),
        logs in any::<bool>(),
    ) {
        let events = exported(|| units.iter().for_each(|fields| record(fields)));
        prop_assert_eq!(events.len(), units.len());
        check(&events, if logs { Signal::Logs } else { Signal::Spans });
    }
}

/// What ode says of an event is more than attributes, under the same kind of keys.
#[test]
fn special_fields_keep_their_meaning() {
    let events = exported(|| {
        for round in 0..3 {
            WideEvent::builder("failing").run(|| {
                ode_core::set! { cart.items = round, order.id = 7 };
                ode_core::fail(
                    ode_core::Failure::error("storage")
                        .because(&std::io::Error::other("no such file")),
                );
            });
            WideEvent::builder("declining").run(|| ode_core::decline("too_small"));
        }
    });
    assert_eq!(events.len(), 6);
    for signal in [Signal::Spans, Signal::Logs] {
        check(&events, signal);
    }
    assert_eq!(support::span(&events[0]).status.unwrap().message, "no such file");
}

/// More keys than are remembered: they take each other's place, and nothing else.
#[test]
fn keys_beyond_what_is_remembered() {
    let events = exported(|| {
        for unit in 0..40 {
            let fields: Vec<_> =
                (0..80).map(|at| (3 + (unit % 20) * 80 + at, Data::U64(at as u64))).collect();
            record(&fields);
        }
    });
    assert_eq!(events.len(), 40);
    assert!(events.iter().all(|event| event.field_count() == 80));
    check(&events, Signal::Spans);
}
