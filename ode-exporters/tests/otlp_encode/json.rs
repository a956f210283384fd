//! OTLP/JSON through the serde types of `opentelemetry-proto`.
//!
//! These take no `"NaN"` for a number, which the specification wants. So both sides are compared
//! with such numbers as text.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::Value;

pub(crate) fn traces(bytes: &[u8]) -> ExportTraceServiceRequest {
    serde_json::from_value(parsed(bytes)).expect("a request")
}

pub(crate) fn logs(bytes: &[u8]) -> ExportLogsServiceRequest {
    serde_json::from_value(parsed(bytes)).expect("a request")
}

fn parsed(bytes: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(bytes).expect("JSON");
    check(&value);
    name_floats(&mut value);
    value
}

/// What the specification asks for and the serde types do not insist on.
fn check(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(check),
        Value::Object(members) => {
            for (name, value) in members {
                assert!(!name.contains('_'), "{name} is no lower camel case");
                let known = match name.as_str() {
                    "traceId" | "spanId" | "parentSpanId" => {
                        let length = if name == "traceId" { 32 } else { 16 };
                        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
                        value.as_str().is_some_and(|id| id.len() == length && id.chars().all(hex))
                    }
                    "intValue"
                    | "startTimeUnixNano"
                    | "endTimeUnixNano"
                    | "timeUnixNano"
                    | "observedTimeUnixNano" => value.is_string(),
                    "kind"
                    | "code"
                    | "severityNumber"
                    | "flags"
                    | "droppedAttributesCount"
                    | "droppedEventsCount"
                    | "droppedLinksCount" => value.is_u64(),
                    _ => true,
                };
                assert!(known, "{name}: {value}");
                check(value);
            }
        }
        _ => {}
    }
}

fn name_floats(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(name_floats),
        Value::Object(members) => {
            if let Some(Value::String(name)) = members.get("doubleValue") {
                let name = Value::String(format!("double {name}"));
                members.remove("doubleValue");
                members.insert("stringValue".to_owned(), name);
            }
            members.values_mut().for_each(name_floats);
        }
        _ => {}
    }
}

pub(crate) fn plain_traces(mut request: ExportTraceServiceRequest) -> ExportTraceServiceRequest {
    for resource in &mut request.resource_spans {
        for span in resource.scope_spans.iter_mut().flat_map(|scope| &mut scope.spans) {
            plain(&mut span.attributes);
        }
    }
    request
}

pub(crate) fn plain_logs(mut request: ExportLogsServiceRequest) -> ExportLogsServiceRequest {
    for resource in &mut request.resource_logs {
        for record in resource.scope_logs.iter_mut().flat_map(|scope| &mut scope.log_records) {
            plain(&mut record.attributes);
        }
    }
    request
}

fn plain(attributes: &mut [KeyValue]) {
    attributes.iter_mut().filter_map(|attribute| attribute.value.as_mut()).for_each(plain_value);
}

fn plain_value(any: &mut AnyValue) {
    match &mut any.value {
        Some(Any::ArrayValue(list)) => list.values.iter_mut().for_each(plain_value),
        Some(Any::DoubleValue(float)) if !float.is_finite() => {
            let name = if float.is_nan() {
                "NaN"
            } else if *float > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            any.value = Some(Any::StringValue(format!("double {name}")));
        }
        _ => {}
    }
}
