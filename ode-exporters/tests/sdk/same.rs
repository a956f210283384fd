//! Any event at all: what `opentelemetry-otlp` would make of the SDK's record is what ode sends
//! itself, but for what the SDK has no place for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ode_core::Event;
use ode_exporters::otlp::encode::{
    DEFAULT_REQUEST_BYTES, Encoder, Format, Resource, Shape, Signal, Signals,
};
use opentelemetry::trace::TraceState;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::prelude::*;
use prost::Message;

use crate::events::event;
use crate::support;

/// Names are kept for the process, up to 4,096: together with those of the other tests here there are
/// fewer.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }
}

fn encoded(signal: Signal, event: &Event) -> Vec<u8> {
    let mut encoder =
        Encoder::new(Signals::Both, Shape::default(), Format::Protobuf, Resource::default());
    let mut bytes = Vec::new();
    let encoded =
        encoder.encode(signal, std::slice::from_ref(event), DEFAULT_REQUEST_BYTES, &mut bytes);
    assert_eq!(encoded.events, 1);
    bytes
}

fn own_span(event: &Event) -> Span {
    let bytes = encoded(Signal::Spans, event);
    let mut request = ExportTraceServiceRequest::decode(&*bytes).unwrap();
    request.resource_spans.remove(0).scope_spans.remove(0).spans.remove(0)
}

fn own_record(event: &Event) -> LogRecord {
    let bytes = encoded(Signal::Logs, event);
    let mut request = ExportLogsServiceRequest::decode(&*bytes).unwrap();
    request.resource_logs.remove(0).scope_logs.remove(0).log_records.remove(0)
}

/// Spans of the SDK have no bytes.
fn bytes_as_text(attributes: &mut [KeyValue]) {
    for attribute in attributes {
        value_as_text(attribute.value.as_mut().unwrap());
    }
}

fn value_as_text(value: &mut AnyValue) {
    match &mut value.value {
        Some(Any::BytesValue(bytes)) => {
            value.value = Some(Any::StringValue(STANDARD.encode(bytes)));
        }
        Some(Any::ArrayValue(list)) => list.values.iter_mut().for_each(value_as_text),
        _ => {}
    }
}

/// As the SDK would have it.
fn expected_span(event: &Event) -> Span {
    const HAS_IS_REMOTE: u32 = 0x100;
    const IS_REMOTE: u32 = 0x200;
    let mut span = own_span(event);
    bytes_as_text(&mut span.attributes);
    span.flags |= HAS_IS_REMOTE;
    for link in &mut span.links {
        link.flags |= HAS_IS_REMOTE | IS_REMOTE;
    }
    span.status.get_or_insert_default();
    if span.trace_state.parse::<TraceState>().is_err() {
        let state = Any::StringValue(std::mem::take(&mut span.trace_state));
        let value = Some(AnyValue { value: Some(state) });
        span.attributes.push(KeyValue { key: "trace_state".into(), value, ..KeyValue::default() });
    }
    span
}

fn expected_record(event: &Event) -> LogRecord {
    // What was left out is said by an attribute, too.
    LogRecord { dropped_attributes_count: 0, ..own_record(event) }
}

/// A NaN is not equal to itself, but its bytes are.
fn wire(message: &impl Message) -> Vec<u8> {
    message.encode_to_vec()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn spans_are_the_same(event in event()) {
        let (expected, found) = (expected_span(&event), Span::from(support::span(&event)));
        prop_assert_eq!(wire(&found), wire(&expected), "{:#?}\n{:#?}", found, expected);
    }

    #[test]
    fn log_records_are_the_same(event in event()) {
        let (expected, found) = (expected_record(&event), LogRecord::from(&support::record(&event)));
        prop_assert_eq!(wire(&found), wire(&expected), "{:#?}\n{:#?}", found, expected);
    }
}
