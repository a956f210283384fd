//! Events of real units: outcomes, errors, links, sampling, kinds.

use std::time::Duration;

use ode_core::testing::{Capture, TestClock};
use ode_core::{
    CancelCause, Event, EventBuilder, Failure, Outcome, TraceContext, Value, WideEvent,
};
use ode_exporters::otlp::encode::Shape;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Status;

use crate::events::LINK;
use crate::support::{attribute, body, keys, record, span, span_shaped, text};

/// A unit that takes 1.24 ms, and ends as `work` says.
fn unit(work: impl FnOnce()) -> Event {
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    WideEvent::builder("cart.checkout").run(|| {
        clock.advance(Duration::from_micros(1_240));
        work();
    });
    (*events.one("cart.checkout")).clone()
}

fn failure() -> Failure {
    Failure::error("io::Error").message("no such\nfile")
}

#[test]
fn every_outcome() {
    let cancelled = EventBuilder::new("cart.checkout")
        .outcome(Outcome::Cancelled)
        .duration_ns(1_240_000)
        .field("cancelled.cause", Value::Str(CancelCause::Dropped.as_str()))
        .build();
    let panicked = EventBuilder::new("cart.checkout")
        .outcome(Outcome::Panicked)
        .duration_ns(1_240_000)
        .build();
    for (event, status, severity, line) in [
        (unit(|| ()), None, (9, "INFO"), "cart.checkout ok (1.24 ms)"),
        (
            unit(|| ode_core::decline("too_small")),
            None,
            (9, "INFO"),
            "cart.checkout declined: too_small (1.24 ms)",
        ),
        (cancelled, None, (13, "WARN"), "cart.checkout cancelled: dropped (1.24 ms)"),
        (
            unit(|| ode_core::fail(failure())),
            Some("no such\nfile"),
            (17, "ERROR"),
            "cart.checkout error: io::Error: no such file (1.24 ms)",
        ),
        (panicked, Some("panicked"), (21, "FATAL"), "cart.checkout panicked (1.24 ms)"),
    ] {
        let (span, record) = (span(&event), record(&event));
        let expected = status.map(|message: &str| Status { message: message.to_owned(), code: 2 });
        assert_eq!(span.status, expected);
        assert_eq!(span.kind, 1);
        assert_eq!(span.end_time_unix_nano - span.start_time_unix_nano, 1_240_000);
        assert_eq!((record.severity_number, record.severity_text.as_str()), severity);
        assert_eq!(body(&record), line);
        assert_eq!(record.event_name, "cart.checkout");
        assert_eq!(
            record.observed_time_unix_nano - record.time_unix_nano,
            1_240_000,
            "seen when it ended"
        );
        assert_eq!(attribute(&record.attributes, "duration_ns"), Some(Any::IntValue(1_240_000)));
        for attributes in [&span.attributes, &record.attributes] {
            assert_eq!(attribute(attributes, "outcome"), Some(text(event.outcome().as_str())));
            assert!(attribute(attributes, "build_id").is_some());
            assert_eq!(
                attribute(attributes, "event_id"),
                Some(text(&event.event_id().to_string()))
            );
        }
    }
}

#[test]
fn an_error_is_also_an_exception() {
    let span = span(&unit(|| ode_core::fail(failure())));
    let [exception] = span.events.as_slice() else { panic!("{:?}", span.events) };
    assert_eq!(exception.name, "exception");
    assert_eq!(exception.time_unix_nano, span.end_time_unix_nano);
    assert_eq!(keys(&exception.attributes), ["exception.type", "exception.message"]);
    assert_eq!(attribute(&exception.attributes, "exception.type"), Some(text("io::Error")));
    assert_eq!(attribute(&exception.attributes, "exception.message"), Some(text("no such\nfile")));
    assert_eq!(attribute(&span.attributes, "error.type"), Some(text("io::Error")));
}

#[test]
fn a_decline_has_no_exception() {
    let event = EventBuilder::new("t")
        .outcome(Outcome::Declined)
        .field("error.type", Value::Str("Refused"))
        .build();
    let span = span(&event);
    assert!(span.events.is_empty() && span.status.is_none());
    assert_eq!(attribute(&span.attributes, "error.type"), Some(text("Refused")));
}

#[test]
fn what_a_failed_unit_says() {
    for (kind, message, expected) in [
        (Some("io::Error"), Some("no file"), "no file"),
        (Some("io::Error"), Some(""), "io::Error"),
        (Some("io::Error"), None, "io::Error"),
        (None, None, "error"),
    ] {
        let mut builder = EventBuilder::new("t").outcome(Outcome::Error);
        for (key, text) in [("error.type", kind), ("error.message", message)] {
            if let Some(text) = text {
                builder = builder.field(key, Value::Str(text));
            }
        }
        assert_eq!(span(&builder.build()).status.unwrap().message, expected);
    }
}

#[test]
fn links_and_trace_state_have_places_of_their_own_on_spans() {
    let link = TraceContext::from_traceparent(LINK).unwrap();
    let event = unit(|| ode_core::link(link));
    let (as_span, as_record) = (span(&event), record(&event));
    assert_eq!(as_span.links.len(), 1);
    assert_eq!(as_span.links[0].trace_id, link.trace_id().to_bytes());
    assert_eq!(as_span.links[0].span_id, link.span_id().to_bytes());
    assert_eq!(as_span.links[0].flags, 1);
    assert_eq!(attribute(&as_span.attributes, "links"), None);
    assert!(attribute(&as_record.attributes, "links").is_some(), "a log record has no links");

    let state = EventBuilder::new("t").field("trace_state", Value::Str("a=1,ot=th:8")).build();
    assert_eq!(span(&state).trace_state, "a=1,ot=th:8");
    assert_eq!(attribute(&span(&state).attributes, "trace_state"), None);
    assert!(attribute(&record(&state).attributes, "trace_state").is_some());
}

#[test]
fn links_that_cannot_be_read_stay() {
    let event = EventBuilder::new("t").field("links", Value::Array(&[LINK, "nonsense"])).build();
    let span = span(&event);
    assert_eq!(span.links.len(), 1);
    let Some(Any::ArrayValue(left)) = attribute(&span.attributes, "links") else { panic!() };
    assert_eq!(left.values, [crate::model::any(text("nonsense"))]);
}

#[test]
fn the_kind_is_no_attribute_of_a_span() {
    for (word, kind) in [("server", 2), ("client", 3), ("producer", 4), ("consumer", 5)] {
        let event = EventBuilder::new("t").field("ode.kind", Value::Str(word)).build();
        assert_eq!(span(&event).kind, kind);
        assert_eq!(attribute(&span(&event).attributes, "ode.kind"), None);
        assert_eq!(attribute(&record(&event).attributes, "ode.kind"), Some(text(word)));
    }
    let odd = EventBuilder::new("t").field("ode.kind", Value::Str("odd")).build();
    assert_eq!(span(&odd).kind, 1);
    assert_eq!(attribute(&span(&odd).attributes, "ode.kind"), Some(text("odd")));
}

#[test]
fn a_sampled_event_says_how_many_it_stands_for() {
    let trace = "00-000000000000000000ffffffffffffff-00f067aa0ba902b7-01";
    let event = EventBuilder::new("t")
        .trace_context(TraceContext::from_traceparent(trace).unwrap())
        .field("SampleRate", Value::Str("mine"))
        .field("sample_rate", Value::F64(4.0))
        .build();
    let (as_span, as_record) = (span(&event), record(&event));
    assert_eq!(as_span.trace_state, "ot=th:c");
    for attributes in [as_span.attributes, as_record.attributes] {
        assert_eq!(attribute(&attributes, "SampleRate"), Some(Any::IntValue(4)));
        assert_eq!(attribute(&attributes, "sample_rate"), Some(Any::DoubleValue(4.0)));
        assert_eq!(attribute(&attributes, "field.SampleRate"), Some(text("mine")));
    }
}

#[test]
fn parents_and_flags() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";
    let context = TraceContext::from_traceparent(trace).unwrap();
    let parent = TraceContext::from_traceparent(LINK).unwrap().span_id();
    let event = EventBuilder::new("t").trace_context(context).parent_span_id(parent).build();
    let (as_span, as_record) = (span(&event), record(&event));
    assert_eq!(as_span.parent_span_id, parent.to_bytes());
    assert_eq!((as_span.flags, as_record.flags), (3, 3));
    let parent = text(&parent.to_string());
    assert_eq!(attribute(&as_record.attributes, "parent_span_id"), Some(parent));
}

#[test]
fn times_never_wrap() {
    const LAST: u64 = i64::MAX as u64;
    for (seconds, duration, start, end, said) in [
        (1, 5, 1_000_000_000, 1_000_000_005, None),
        (-7, 5, 0, 5, None),
        (9_223_372_036, 10_000_000_000, 9_223_372_036_000_000_000, LAST, Some(10_000_000_000)),
        (300_000_000_000, 7, LAST, LAST, Some(7)),
        (0, u64::MAX, 0, LAST, Some(i64::MAX)),
    ] {
        let event = EventBuilder::new("t").unix_time(seconds, 0).duration_ns(duration).build();
        let span = span_shaped(&event, Shape::default());
        assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (start, end));
        assert_eq!(attribute(&span.attributes, "duration_ns"), said.map(Any::IntValue));
    }
}
