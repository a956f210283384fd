//! What the tests share.

use ode_core::Event;
use ode_exporters::otlp::encode::{
    DEFAULT_REQUEST_BYTES, Encoder, Format, Resource, Shape, Signal, Signals,
};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::json;

pub(crate) fn encoder(format: Format, shape: Shape) -> Encoder {
    Encoder::new(Signals::Both, shape, format, Resource::default())
}

/// The events in one request.
pub(crate) fn request(format: Format, shape: Shape, signal: Signal, events: &[Event]) -> Vec<u8> {
    let mut out = b"left from before".to_vec();
    let encoded = encoder(format, shape).encode(signal, events, DEFAULT_REQUEST_BYTES, &mut out);
    assert_eq!((encoded.taken, encoded.events), (events.len(), events.len()));
    out
}

pub(crate) fn traces(bytes: &[u8]) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(bytes).expect("protobuf")
}

pub(crate) fn logs(bytes: &[u8]) -> ExportLogsServiceRequest {
    ExportLogsServiceRequest::decode(bytes).expect("protobuf")
}

pub(crate) fn spans_of(request: &ExportTraceServiceRequest) -> Vec<Span> {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes.flat_map(|scope| scope.spans.clone()).collect()
}

pub(crate) fn records_of(request: &ExportLogsServiceRequest) -> Vec<LogRecord> {
    let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
    scopes.flat_map(|scope| scope.log_records.clone()).collect()
}

/// The event as a span, through protobuf; through JSON it must be the same.
pub(crate) fn span_shaped(event: &Event, shape: Shape) -> Span {
    let events = std::slice::from_ref(event);
    let through = traces(&request(Format::Protobuf, shape, Signal::Spans, events));
    let json = request(Format::Json, shape, Signal::Spans, events);
    assert_eq!(json::traces(&json), json::plain_traces(through.clone()), "JSON differs");
    spans_of(&through).remove(0)
}

pub(crate) fn span(event: &Event) -> Span {
    span_shaped(event, Shape::default())
}

/// The event as a log record, through protobuf; through JSON it must be the same.
pub(crate) fn record_shaped(event: &Event, shape: Shape) -> LogRecord {
    let events = std::slice::from_ref(event);
    let through = logs(&request(Format::Protobuf, shape, Signal::Logs, events));
    let json = request(Format::Json, shape, Signal::Logs, events);
    assert_eq!(json::logs(&json), json::plain_logs(through.clone()), "JSON differs");
    records_of(&through).remove(0)
}

pub(crate) fn record(event: &Event) -> LogRecord {
    record_shaped(event, Shape::default())
}

pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<Any> {
    let mut found = attributes.iter().filter(|attribute| attribute.key == key);
    let first = found.next()?;
    assert!(found.next().is_none(), "{key} is there twice");
    first.value.clone().and_then(|value| value.value)
}

pub(crate) fn keys(attributes: &[KeyValue]) -> Vec<&str> {
    attributes.iter().map(|attribute| attribute.key.as_str()).collect()
}

pub(crate) fn text(text: &str) -> Any {
    Any::StringValue(text.to_owned())
}

pub(crate) fn body(record: &LogRecord) -> &str {
    match &record.body {
        Some(AnyValue { value: Some(Any::StringValue(text)) }) => text,
        other => panic!("no text: {other:?}"),
    }
}
