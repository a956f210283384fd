//! Requests: how large they get, and what one event does to the others (T28, T29).

use std::sync::Arc;

use ode_core::{Event, EventBuilder, Outcome, Process, Value};
use ode_exporters::otlp::encode::{
    Encoded, Encoder, Format, MAX_REQUEST_BYTES, Resource, Shape, Signal, Signals,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use prost::Message;

use crate::support::{attribute, encoder, logs, records_of, request, spans_of, text, traces};
use crate::{json, model};

const EACH: [(Format, Signal); 4] = [
    (Format::Protobuf, Signal::Spans),
    (Format::Protobuf, Signal::Logs),
    (Format::Json, Signal::Spans),
    (Format::Json, Signal::Logs),
];

fn event(number: u64, bytes: usize) -> Event {
    EventBuilder::new("t")
        .unix_time(1_795_262_400, 1)
        .field("n", Value::U64(number))
        .field("text", Value::Str(&"x".repeat(bytes)))
        .build()
}

fn number_of(attributes: &[KeyValue]) -> u64 {
    match attribute(attributes, "n") {
        Some(Any::IntValue(number)) => u64::try_from(number).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The numbers of the events in a request.
fn numbers(format: Format, signal: Signal, bytes: &[u8]) -> Vec<u64> {
    match signal {
        Signal::Spans => {
            let request = if format == Format::Json { json::traces(bytes) } else { traces(bytes) };
            spans_of(&request).iter().map(|span| number_of(&span.attributes)).collect()
        }
        Signal::Logs => {
            let request = if format == Format::Json { json::logs(bytes) } else { logs(bytes) };
            records_of(&request).iter().map(|record| number_of(&record.attributes)).collect()
        }
    }
}

/// Every request until no event is left.
fn all(
    encoder: &mut Encoder,
    signal: Signal,
    events: &[Event],
    max_bytes: usize,
) -> Vec<(Encoded, Vec<u8>)> {
    let (mut done, mut requests) = (0, Vec::new());
    while done < events.len() {
        let mut out = Vec::new();
        let encoded = encoder.encode(signal, &events[done..], max_bytes, &mut out);
        assert!(encoded.taken > 0, "no progress");
        assert_eq!(encoded.taken, encoded.events + encoded.too_large + encoded.failed);
        assert!(out.len() <= max_bytes, "{} of {max_bytes} bytes", out.len());
        assert_eq!(out.is_empty(), encoded.events == 0, "an empty request is no request");
        done += encoded.taken;
        requests.push((encoded, out));
    }
    requests
}

#[test]
fn requests_are_never_too_large() {
    for (format, signal) in EACH {
        for max_bytes in [0, 600, 3_000, 20_000, 200_000] {
            let sizes = [10, 100, 1_000, 4_096, 50_000];
            let events: Vec<_> =
                (0..60).map(|n| event(n, sizes[usize::try_from(n).unwrap() % 5])).collect();
            let requests = all(&mut encoder(format, Shape::default()), signal, &events, max_bytes);
            let mut sent = Vec::new();
            for (encoded, bytes) in &requests {
                if encoded.events > 0 {
                    let numbers = numbers(format, signal, bytes);
                    assert_eq!(numbers.len(), encoded.events);
                    sent.extend(numbers);
                }
            }
            let too_large: usize = requests.iter().map(|(encoded, _)| encoded.too_large).sum();
            assert_eq!(sent.len() + too_large, events.len());
            assert!(sent.is_sorted(), "in order, each once: {sent:?}");
            // An event that fits alone is sent.
            for event in &events {
                let alone = request(format, Shape::default(), signal, std::slice::from_ref(event));
                let number = match event.get("n") {
                    Some(Value::U64(number)) => number,
                    other => panic!("{other:?}"),
                };
                let margin = 16;
                if alone.len() + margin <= max_bytes {
                    assert!(sent.contains(&number), "{} of {max_bytes} bytes", alone.len());
                } else if alone.len() > max_bytes {
                    assert!(!sent.contains(&number));
                }
            }
        }
    }
}

/// What is the same for all events of a process that ended alike is written once and then copied.
#[test]
fn events_of_a_process_end_in_every_way() {
    let process = Arc::new(Process::new("1f3a"));
    let ended = |(n, outcome)| {
        let builder = EventBuilder::new("t").process(Arc::clone(&process)).outcome(outcome);
        builder.field("n", Value::U64(n)).build()
    };
    let events: Vec<_> = (0..).zip(Outcome::ALL).map(ended).collect();
    let said = |attributes: &[KeyValue], event: &Event| {
        assert_eq!(attribute(attributes, "outcome"), Some(text(event.outcome().as_str())));
        assert_eq!(attribute(attributes, "build_id"), Some(text("1f3a")));
    };
    let mut encoder = encoder(Format::Protobuf, Shape::default());
    for _ in 0..2 {
        let mut out = Vec::new();
        encoder.encode(Signal::Spans, &events, MAX_REQUEST_BYTES, &mut out);
        let spans = spans_of(&traces(&out));
        assert_eq!(spans.len(), events.len());
        spans.iter().zip(&events).for_each(|(span, event)| said(&span.attributes, event));
        encoder.encode(Signal::Logs, &events, MAX_REQUEST_BYTES, &mut out);
        let records = records_of(&logs(&out));
        assert_eq!(records.len(), events.len());
        records.iter().zip(&events).for_each(|(record, event)| said(&record.attributes, event));
    }
}

/// Room for the length of two bytes is left before an event, and some need three.
#[test]
fn an_event_behind_another_has_any_length() {
    for bytes in (1 << 14) - 300..(1 << 14) + 10 {
        let events = [event(0, 50), event(1, bytes), event(2, 50)];
        for signal in [Signal::Spans, Signal::Logs] {
            let out = request(Format::Protobuf, Shape::default(), signal, &events);
            assert_eq!(numbers(Format::Protobuf, signal, &out), [0, 1, 2], "{bytes}");
        }
    }
}

/// Every limit around the sizes of one to four events, byte by byte, with two processes among them.
#[test]
fn limits_hold_to_the_byte() {
    let other = Arc::new(Process::new("other"));
    let third = EventBuilder::new("t").process(other).field("n", Value::U64(2)).build();
    let events = [event(0, 50), event(1, 50), third, event(3, 50)];
    for (format, signal) in EACH {
        let whole = request(format, Shape::default(), signal, &events).len();
        let mut encoder = encoder(format, Shape::default());
        for max_bytes in 200..=whole {
            let requests = all(&mut encoder, signal, &events, max_bytes);
            let most = requests.iter().map(|(encoded, _)| encoded.events).max();
            assert!(most < Some(4) || max_bytes + 16 > whole);
        }
        assert_eq!(all(&mut encoder, signal, &events, whole + 16).len(), 1);
        if format == Format::Protobuf {
            assert_eq!(all(&mut encoder, signal, &events, whole).len(), 1, "to the byte");
        }
    }
}

#[test]
fn requests_are_filled() {
    let events: Vec<_> = (0..100).map(|n| event(n, 1_000)).collect();
    for (format, signal) in EACH {
        let requests = all(&mut encoder(format, Shape::default()), signal, &events, 20_000);
        let full = requests.len() - 1;
        for (_, bytes) in requests.iter().take(full) {
            assert!(bytes.len() > 17_500, "{} bytes", bytes.len());
        }
    }
}

#[test]
fn no_limit_is_above_64_mib() {
    let events: Vec<_> = (0..70).map(|n| event(n, 1 << 20)).collect();
    let mut out = Vec::new();
    let mut encoder = encoder(Format::Protobuf, Shape::default());
    let encoded = encoder.encode(Signal::Spans, &events, usize::MAX, &mut out);
    assert!(out.len() <= MAX_REQUEST_BYTES && out.len() > MAX_REQUEST_BYTES - (2 << 20));
    assert_eq!((encoded.taken, encoded.too_large), (63, 0));
}

/// T28: whatever one event holds, the others arrive as they are.
#[test]
fn a_poisoned_event_does_not_harm_its_neighbours() {
    let deep = "[".repeat(100_000);
    let huge = "x".repeat(10 << 20);
    let poisons: [(&str, Value<'_>); 5] = [
        ("bad UTF-8", Value::Bytes(b"\xff\xfe\xed\xa0\x80")),
        ("depth", Value::Str(&deep)),
        ("10 MiB", Value::Str(&huge)),
        ("NaN", Value::F64(f64::NAN)),
        ("controls", Value::Str("\0\u{1b}\u{2028}\"}]}")),
    ];
    for (format, signal) in EACH {
        for (name, poison) in &poisons {
            let mut events: Vec<_> = (0..512).map(|n| event(n, 20)).collect();
            let healthy: Vec<_> = (0..512).filter(|n| *n != 200).collect();
            let poisoned = EventBuilder::new("t").field("n", Value::U64(200)).field("p", *poison);
            events[200] = poisoned.build();
            let requests = all(&mut encoder(format, Shape::default()), signal, &events, 4 << 20);
            let [(encoded, bytes)] = requests.as_slice() else {
                panic!("{} requests", requests.len())
            };
            let lost = usize::from(*name == "10 MiB");
            assert_eq!((encoded.events, encoded.too_large), (512 - lost, lost), "{name}");
            let mut sent = numbers(format, signal, bytes);
            sent.retain(|n| *n != 200);
            assert_eq!(sent, healthy, "{name}");
            if (format, signal) == (Format::Protobuf, Signal::Spans) {
                let spans = spans_of(&traces(bytes));
                for (at, span) in spans.iter().enumerate().filter(|(at, _)| *at < 200) {
                    assert_eq!(*span, model::span(&events[at]));
                }
            }
        }
    }
}

#[test]
fn each_process_has_its_resource() {
    let of = |build: &str, n: u64| {
        let process = Arc::new(Process::new(build).service("shop", "2.4.0").pid(7));
        EventBuilder::new("t").process(process).field("n", Value::U64(n)).build()
    };
    // Two processes that are equal are one, wherever they are in memory.
    let events = [of("a", 0), of("a", 1), of("b", 2), of("a", 3)];
    for (format, signal) in EACH {
        let bytes = request(format, Shape::default(), signal, &events);
        assert_eq!(numbers(format, signal, &bytes), [0, 1, 2, 3]);
    }
    let request = traces(&request(Format::Protobuf, Shape::default(), Signal::Spans, &events));
    let builds: Vec<_> = request
        .resource_spans
        .iter()
        .map(|spans| {
            let resource = spans.resource.as_ref().unwrap();
            let build = attribute(&resource.attributes, "build_id").unwrap();
            (build, spans.scope_spans[0].spans.len())
        })
        .collect();
    assert_eq!(builds, [(text("a"), 2), (text("b"), 1), (text("a"), 1)]);
    assert_eq!(request.resource_spans[0].resource, Some(model::resource(events[0].process())));
}

#[test]
fn more_attributes_of_the_resource() {
    let extra =
        [("team", "x"), ("service.name", "mine"), ("build_id", "mine"), ("team", "checkout")];
    let extra = extra.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let encode = |process: Process| {
        let resource = Resource::new(extra.clone());
        let mut encoder =
            Encoder::new(Signals::Spans, Shape::default(), Format::Protobuf, resource);
        let mut out = Vec::new();
        let event = EventBuilder::new("t").process(process.into()).build();
        encoder.encode(Signal::Spans, [&event], 4 << 20, &mut out);
        let attributes = traces(&out).resource_spans[0].resource.clone().unwrap().attributes;
        move |key: &str| attribute(&attributes, key)
    };
    let named = encode(Process::new("1f3a").service("shop", ""));
    assert_eq!(named("team"), Some(text("checkout")), "the later one counts");
    assert_eq!(named("service.name"), Some(text("shop")), "the process knows better");
    assert_eq!(named("build_id"), Some(text("1f3a")));
    let nameless = encode(Process::new("1f3a"));
    assert_eq!(nameless("service.name"), Some(text("mine")));
}

/// The same bytes again from the same encoder, whatever it wrote before.
#[test]
fn nothing_is_left_over_between_requests() {
    let events: Vec<_> = (0..20).map(|n| event(n, 300)).collect();
    for (format, signal) in EACH {
        let mut encoder = encoder(format, Shape::default());
        let mut out = Vec::new();
        encoder.encode(signal, &events, 4 << 20, &mut out);
        let first = out.clone();
        encoder.encode(signal, &[event(7, 100_000)], 4 << 20, &mut out);
        encoder.encode(signal, &events, 900, &mut out);
        encoder.encode(signal, &events, 4 << 20, &mut out);
        assert_eq!(out, first);
    }
}

/// Written again by the official encoder it says the same, and is hardly shorter.
#[test]
fn protobuf_is_nearly_as_short_as_it_can_be() {
    let events: Vec<_> = (0..20).map(|n| event(n, 300)).collect();
    let bytes = request(Format::Protobuf, Shape::default(), Signal::Spans, &events);
    let canonical = traces(&bytes).encode_to_vec();
    assert_eq!(traces(&canonical), traces(&bytes));
    assert!(bytes.len() - canonical.len() < 16, "{} and {}", bytes.len(), canonical.len());
}
