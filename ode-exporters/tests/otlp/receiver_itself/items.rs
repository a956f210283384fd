//! What arrives is told in full, and is the same through a collector.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::client::{exchange, post};
use crate::receiver::{Item, Options, Receiver, Rotel, Value};

const START: u64 = 1_767_225_600_000_000_000;

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(any(value)), ..KeyValue::default() }
}

fn text(text: &str) -> Any {
    Any::StringValue(text.to_owned())
}

fn any(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attributes() -> Vec<KeyValue> {
    let list = vec![any(Any::IntValue(1)), any(text(""))];
    let map = vec![pair("inner", Any::BoolValue(false))];
    vec![
        pair("text", text("a\0\n\u{2028}")),
        pair("yes", Any::BoolValue(true)),
        pair("least", Any::IntValue(i64::MIN)),
        pair("zero", Any::DoubleValue(-0.0)),
        pair("octets", Any::BytesValue(vec![0, 255])),
        pair("list", Any::ArrayValue(ArrayValue { values: list })),
        pair("map", Any::KvlistValue(KeyValueList { values: map })),
    ]
}

fn values() -> Vec<(String, Value)> {
    let list = vec![Value::from(1), Value::from("")];
    let map = vec![("inner".to_owned(), Value::from(false))];
    let values = [
        ("text", Value::from("a\0\n\u{2028}")),
        ("yes", Value::from(true)),
        ("least", Value::from(i64::MIN)),
        ("zero", Value::from(-0.0)),
        ("octets", Value::Bytes(vec![0, 255])),
        ("list", Value::Array(list)),
        ("map", Value::Map(map)),
    ];
    values.map(|(key, value)| (key.to_owned(), value)).to_vec()
}

fn resource() -> Resource {
    Resource { attributes: vec![pair("service.name", text("shop"))], ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope { name: "ode".to_owned(), ..InstrumentationScope::default() }
}

fn traces() -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: (0..16).collect(),
        span_id: (0..8).collect(),
        parent_span_id: (8..16).collect(),
        trace_state: "ot=th:8".to_owned(),
        flags: 0x301,
        name: "cart.checkout".to_owned(),
        kind: 1,
        start_time_unix_nano: START,
        end_time_unix_nano: START + 5,
        attributes: attributes(),
        dropped_attributes_count: 3,
        events: vec![Event {
            time_unix_nano: START + 1,
            name: "exception".to_owned(),
            attributes: vec![pair("exception.type", text("Declined"))],
            dropped_attributes_count: 1,
        }],
        links: vec![Link { trace_id: vec![1; 16], span_id: vec![2; 8], ..Link::default() }],
        status: Some(Status { code: 2, message: "declined".to_owned() }),
        ..Span::default()
    };
    let scope_spans =
        vec![ScopeSpans { scope: Some(scope()), spans: vec![span], ..Default::default() }];
    let resource = ResourceSpans { resource: Some(resource()), scope_spans, ..Default::default() };
    ExportTraceServiceRequest { resource_spans: vec![resource] }
}

fn logs() -> ExportLogsServiceRequest {
    let log = LogRecord {
        time_unix_nano: START,
        observed_time_unix_nano: START + 1,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(any(text("cart.checkout: ok"))),
        attributes: attributes(),
        trace_id: (0..16).collect(),
        span_id: (0..8).collect(),
        flags: 1,
        event_name: "cart.checkout".to_owned(),
        ..LogRecord::default()
    };
    let scope_logs =
        vec![ScopeLogs { scope: Some(scope()), log_records: vec![log], ..Default::default() }];
    let resource = ResourceLogs { resource: Some(resource()), scope_logs, ..Default::default() };
    ExportLogsServiceRequest { resource_logs: vec![resource] }
}

/// Each signal in both encodings.
fn posts() -> Vec<Vec<u8>> {
    let json = |request: Result<Vec<u8>, serde_json::Error>| request.expect("JSON");
    vec![
        post("application/x-protobuf", "/v1/traces", &traces().encode_to_vec()),
        post("application/json", "/v1/traces", &json(serde_json::to_vec(&traces()))),
        post("application/x-protobuf", "/v1/logs", &logs().encode_to_vec()),
        post("application/json", "/v1/logs", &json(serde_json::to_vec(&logs()))),
    ]
}

#[test]
fn what_arrives_is_told_in_full() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    for post in posts() {
        let (status, head, body) = exchange(receiver.http_port(), &post).expect("a response");
        assert_eq!(status, 200, "{head}{}", String::from_utf8_lossy(&body));
    }
    for (number, request) in receiver.wait_for(4).into_iter().enumerate() {
        assert_eq!(request.signal, ["traces", "traces", "logs", "logs"][number]);
        assert_eq!(request.transport, ["http/protobuf", "http/json"][number % 2]);
        assert_eq!((request.encoding.as_str(), request.accepted), ("none", true));
        assert_eq!(request.header("X-Key"), Some("canary"));
        assert_eq!(request.header("x-none"), None);
        assert!(request.bytes > 200 && request.bytes == request.wire_bytes, "{}", request.bytes);
        assert_eq!(request.items.len(), 1);
    }
    let items = receiver.received();
    let [span, span_of_json, log, log_of_json] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!((span, log), (span_of_json, log_of_json));
    assert_span(span);
    assert_log(log);
}

fn assert_span(span: &Item) {
    assert_eq!(span.text("/signal"), "traces");
    assert_eq!(span.attributes(""), values());
    assert_eq!(span.attribute("least"), Some(Value::Int(i64::MIN)));
    assert_eq!(span.attribute("none"), None);
    assert_eq!(span.attributes("/resource"), [("service.name".to_owned(), Value::from("shop"))]);
    assert_eq!(span.attributes("/scope"), []);
    assert_eq!(span.text("/scope/name"), "ode");
    assert_eq!(span.text("/trace_id"), "000102030405060708090a0b0c0d0e0f");
    assert_eq!(span.text("/span_id"), "0001020304050607");
    assert_eq!(span.text("/parent_span_id"), "08090a0b0c0d0e0f");
    assert_eq!(span.text("/trace_state"), "ot=th:8");
    assert_eq!((span.text("/name"), span.number("/kind")), ("cart.checkout", 1));
    assert_eq!((span.number("/start"), span.number("/end")), (START, START + 5));
    assert_eq!((span.number("/flags"), span.number("/dropped_attributes")), (0x301, 3));
    assert_eq!((span.number("/status/code"), span.text("/status/message")), (2, "declined"));
    let kind = ("exception.type".to_owned(), Value::from("Declined"));
    assert_eq!(span.attributes("/events/0"), [kind]);
    assert_eq!(span.number("/events/0/dropped_attributes"), 1);
    assert_eq!(span.text("/links/0/span_id"), "0202020202020202");
}

fn assert_log(log: &Item) {
    assert_eq!(log.text("/signal"), "logs");
    assert_eq!(log.attributes(""), values());
    assert_eq!(log.body(), Value::from("cart.checkout: ok"));
    assert_eq!((log.number("/time"), log.number("/observed")), (START, START + 1));
    assert_eq!((log.number("/severity_number"), log.text("/severity_text")), (9, "INFO"));
    assert_eq!(log.text("/event_name"), "cart.checkout");
}

#[test]
fn a_collector_in_between_changes_nothing() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let Some(rotel) = Rotel::start(&receiver) else { return };
    assert_ne!(rotel.grpc_port(), rotel.http_port());
    for (number, post) in posts().into_iter().enumerate() {
        exchange(receiver.http_port(), &post).expect("a response");
        let (status, ..) = exchange(rotel.http_port(), &post).expect("a response");
        assert_eq!(status, 200);
        let requests = receiver.wait_for(2 * number + 2);
        let [.., direct, through] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!((through.transport.as_str(), through.encoding.as_str()), ("grpc", "gzip"));
        assert_eq!(through.problems, [""; 0]);
        assert_eq!(through.items[0].json(), direct.items[0].json());
    }
}
