//! Where the parts of an event are found in the SDK's records.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ode_core::{
    Batch, Event, EventBuilder, Exporter, Outcome, Process, SpanId, TraceContext, TraceId, Value,
};
use ode_exporters::sdk_0_33::{Logs, Spans};
use opentelemetry::logs::{AnyValue, Severity};
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Key, Value as SpanValue};
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLogRecord};
use opentelemetry_sdk::trace::SpanData;

use crate::support::{Told, record, span};

const LINK: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn checkout(outcome: Outcome) -> EventBuilder {
    let trace = TraceId::from_bytes([1; 16]).unwrap();
    let context = TraceContext::new(trace, SpanId::from_bytes([2; 8]).unwrap()).with_flags(1);
    EventBuilder::new("cart.checkout")
        .outcome(outcome)
        .unix_time(1_700_000_000, 5)
        .duration_ns(1_500_000)
        .trace_context(context)
        .parent_span_id(SpanId::from_bytes([3; 8]).unwrap())
}

fn of_span(span: &SpanData, key: &str) -> Option<SpanValue> {
    let mut found = span.attributes.iter().filter(|pair| pair.key.as_str() == key);
    let value = found.next().map(|pair| pair.value.clone());
    assert!(found.next().is_none(), "{key} is there twice");
    value
}

fn of_record(record: &SdkLogRecord, key: &str) -> Option<AnyValue> {
    let wanted = Key::new(key.to_owned());
    record.attributes_iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.clone())
}

#[test]
fn the_head_of_a_span() {
    let span = span(&checkout(Outcome::Ok).field("ode.kind", Value::Str("server")).build());
    let start = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 5);
    assert_eq!(span.name, "cart.checkout");
    assert_eq!(span.span_context.trace_id().to_bytes(), [1; 16]);
    assert_eq!(span.span_context.span_id().to_bytes(), [2; 8]);
    assert!(span.span_context.is_sampled());
    assert_eq!(span.parent_span_id.to_bytes(), [3; 8]);
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!((span.start_time, span.end_time), (start, start + Duration::from_micros(1_500)));
    assert_eq!(span.instrumentation_scope.name(), "ode");
    assert_eq!(span.instrumentation_scope.version(), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn outcomes() {
    for (outcome, failed, severity) in [
        (Outcome::Ok, false, Severity::Info),
        (Outcome::Declined, false, Severity::Info),
        (Outcome::Cancelled, false, Severity::Warn),
        (Outcome::Error, true, Severity::Error),
        (Outcome::Panicked, true, Severity::Fatal),
    ] {
        let event = checkout(outcome)
            .field("error.type", Value::Str("io::Error"))
            .field("error.message", Value::Str("no such file"))
            .build();
        let (span, record) = (span(&event), record(&event));
        let expected = if failed { Status::error("no such file") } else { Status::Unset };
        assert_eq!(span.status, expected, "{outcome}");
        let names: Vec<_> = span.events.iter().map(|event| event.name.as_ref()).collect();
        assert_eq!(names, if failed { vec!["exception"] } else { vec![] }, "{outcome}");
        assert_eq!(record.severity_number(), Some(severity), "{outcome}");
        assert_eq!(of_span(&span, "outcome"), Some(outcome.as_str().into()));
    }
}

#[test]
fn links_and_trace_state() {
    let event = checkout(Outcome::Ok)
        .field("links", Value::Array(&[LINK, "no link"]))
        .field("trace_state", Value::Str("vendor=1,ot=rv:80000000000000"))
        .build();
    let span = span(&event);
    assert_eq!(span.links.len(), 1);
    let link = &span.links[0].span_context;
    assert_eq!(link.span_id().to_string(), "b7ad6b7169203331");
    assert!(link.is_sampled() && link.is_remote());
    assert_eq!(span.span_context.trace_state().header(), "vendor=1,ot=rv:80000000000000");
    let bad = of_span(&span, "links").map(|value| value.as_str().into_owned());
    assert_eq!(bad.as_deref(), Some("[\"no link\"]"));
}

#[test]
fn a_trace_state_that_the_sdk_refuses_is_an_attribute() {
    let event = checkout(Outcome::Ok).field("trace_state", Value::Str("no state")).build();
    let span = span(&event);
    assert_eq!(span.span_context.trace_state().header(), "");
    assert_eq!(of_span(&span, "trace_state"), Some("no state".into()));
}

#[test]
fn values_that_spans_have_no_type_for() {
    let event = checkout(Outcome::Ok)
        .field("octets", Value::Bytes(&[0, 255]))
        .field("most", Value::U64(u64::MAX))
        .build();
    let (span, record) = (span(&event), record(&event));
    assert_eq!(of_span(&span, "octets"), Some("AP8=".into()));
    assert_eq!(of_record(&record, "octets"), Some(AnyValue::from(&[0, 255][..])));
    assert_eq!(of_span(&span, "most"), Some("18446744073709551615".into()));
    assert_eq!(of_record(&record, "most"), Some("18446744073709551615".into()));
    let listed = of_span(&span, "ode.u64_as_string").map(|value| value.as_str().into_owned());
    assert_eq!(listed.as_deref(), Some("[\"most\"]"));
}

#[test]
fn a_log_record() {
    let event = checkout(Outcome::Declined).field("declined.reason", Value::Str("empty")).build();
    let record = record(&event);
    let start = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 5);
    assert_eq!(record.event_name(), Some("cart.checkout"));
    assert_eq!(record.timestamp(), Some(start));
    assert_eq!(record.observed_timestamp(), Some(start + Duration::from_micros(1_500)));
    let body = AnyValue::from("cart.checkout declined: empty (1.50 ms)");
    assert_eq!(record.body(), Some(&body));
    let context = record.trace_context().unwrap();
    assert_eq!(context.trace_id.to_bytes(), [1; 16]);
    assert_eq!(context.span_id.to_bytes(), [2; 8]);
    assert_eq!(of_record(&record, "parent_span_id"), Some("0303030303030303".into()));
    assert_eq!(of_record(&record, "duration_ns"), Some(1_500_000_i64.into()));
}

#[test]
fn a_name_that_is_too_long_to_keep_is_an_attribute() {
    let name = "x".repeat(257);
    let record = record(&EventBuilder::new(name.clone()).build());
    assert_eq!(record.event_name(), None);
    assert_eq!(of_record(&record, "event.name"), Some(name.into()));
}

fn event_of(process: &Arc<Process>, name: &str) -> Event {
    EventBuilder::new(name).process(Arc::clone(process)).build()
}

#[test]
fn the_resource_is_that_of_the_process() {
    let process = Process::new("b1").service("shop", "1.0.0").pid(7);
    let event = event_of(&Arc::new(process), "unit");
    let memory = InMemoryLogExporter::default();
    let mut exporter = Logs::new(memory.clone())
        .resource_attribute("team", "payments")
        .resource_attribute("service.name", "not this one");
    exporter.export(&Batch::new(vec![event])).unwrap();
    let resource = memory.get_emitted_logs().unwrap().remove(0).resource;
    let mut found: Vec<_> =
        resource.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    found.sort();
    let expected = [
        ("build_id", "b1"),
        ("process.pid", "7"),
        ("service.name", "shop"),
        ("service.version", "1.0.0"),
        ("team", "payments"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.name", "ode"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ];
    assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

#[test]
fn the_resource_is_set_once_for_each_process_in_a_row() {
    let [one, other] = ["b1", "b2"].map(|build| Arc::new(Process::new(build)));
    let same = Arc::new(Process::new("b1"));
    let told = Told::default();
    let mut exporter = Spans::new(told.clone());
    let events = [(&one, "a"), (&same, "b"), (&other, "c"), (&one, "d")];
    let events = events.map(|(process, name)| event_of(process, name));
    exporter.export(&Batch::new(events.to_vec())).unwrap();
    exporter.export(&Batch::new(vec![event_of(&one, "e")])).unwrap();
    let log = told.log();
    assert_eq!(log.taken, ["a", "b", "c", "d", "e"]);
    let build = Key::new("build_id");
    let builds: Vec<_> = log.resources.iter().map(|one| one.get(&build).unwrap()).collect();
    assert_eq!(builds, ["b1".into(), "b2".into(), "b1".into()]);
    let set = "set_resource";
    assert_eq!(log.calls, [set, "export", set, "export", set, "export", "export"]);
}
