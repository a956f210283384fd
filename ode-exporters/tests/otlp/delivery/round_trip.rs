//! Every field of every event, by every way, with and without compression: what arrives is what the
//! official decoder finds in one protobuf request.

use std::sync::Arc;

use ode_core::{
    Batch, Event, EventBuilder, EventId, Exporter, Outcome, Process, SpanId, TraceContext, TraceId,
    Value,
};
use ode_exporters::otlp::encode::{
    DEFAULT_REQUEST_BYTES, Encoder, Format, Resource, Shape, Signal,
};
use ode_exporters::otlp::{Compression, Otlp, Signals};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::Value as Json;

use super::support::{Way, told};
use crate::receiver::{Item, Options, Receiver, Rotel};

/// Events of every outcome with every kind of value.
fn events(numbers: Numbers) -> Vec<Event> {
    let finite = numbers == Numbers::Finite;
    let [nan, infinite] = if finite { [1.5, -2.5] } else { [f64::NAN, f64::NEG_INFINITY] };
    let process = Process::new("b1").service("shop", "1.0.0").environment("test");
    let process = Arc::new(process);
    let event = |number: usize, outcome: Outcome| {
        let n = u64::try_from(number).unwrap() + 1;
        let id = EventId::from_uuid(&format!("01940000-0000-7000-8000-{n:012x}")).unwrap();
        let trace = TraceId::from_bytes((u128::from(n) << 64 | 7).to_be_bytes()).unwrap();
        let span = |n: u64| SpanId::from_bytes(n.to_be_bytes()).unwrap();
        EventBuilder::new("cart.checkout")
            .process(Arc::clone(&process))
            .outcome(outcome)
            .unix_time(1_767_225_600, 123_456_789)
            .duration_ns(1_500_000)
            .event_id(id)
            .trace_context(TraceContext::new(trace, span(n)).with_flags(1))
            .parent_span_id(span(n + 100))
            .field("text", Value::Str("line one\nline \"two\" \u{2028} é 🦀"))
            .field("empty", Value::Str(""))
            .field("yes", Value::Bool(true))
            .field("least", Value::I64(i64::MIN))
            .field("most", Value::U64(u64::MAX))
            .field("number", Value::U64(n))
            .field("half", Value::F64(0.5))
            .field("minus_zero", Value::F64(-0.0))
            .field("nan", Value::F64(nan))
            .field("infinite", Value::F64(infinite))
            .field("octets", Value::Bytes(&[0, 255, 10]))
            .field("texts", Value::Array(&["a", "", "é"]))
            .field("numbers", Value::Array(&[1_i64, -1, i64::MAX]))
            .field("none", Value::Array(&[0_i64; 0]))
    };
    let mut events: Vec<_> = Outcome::ALL
        .into_iter()
        .enumerate()
        .map(|(number, outcome)| {
            let event = event(number, outcome);
            match outcome {
                Outcome::Error | Outcome::Panicked => event
                    .field("error.type", Value::Str("Declined"))
                    .field("error.message", Value::Str("card declined")),
                Outcome::Declined => event.field("declined.reason", Value::Str("empty_cart")),
                _ => event,
            }
            .build()
        })
        .collect();
    let link = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let linked = event(7, Outcome::Ok)
        .field("trace_state", Value::Str("vendor=1"))
        .field("links", Value::Array(&[link, "no link"]))
        .field("sample_rate", Value::F64(4.0));
    events.push(linked.build());
    events
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbers {
    All,
    /// rotel does not read what OTLP/JSON has for the others, `"NaN"` and the like.
    Finite,
}

fn compressions() -> Vec<(Compression, &'static str)> {
    vec![(Compression::None, "none"), (Compression::Gzip, "gzip"), (Compression::Zstd, "zstd")]
}

/// What has to arrive.
fn expected(signal: Signal, events: &[Event]) -> Vec<Json> {
    let resource = Resource::new(vec![("team".to_owned(), "payments".to_owned())]);
    let mut encoder = Encoder::new(Signals::Both, Shape::default(), Format::Protobuf, resource);
    let mut bytes = Vec::new();
    encoder.encode(signal, events, DEFAULT_REQUEST_BYTES, &mut bytes);
    match signal {
        Signal::Spans => {
            let request = ExportTraceServiceRequest::decode(&*bytes).unwrap();
            as_json::spans(&request)
        }
        Signal::Logs => {
            let request = ExportLogsServiceRequest::decode(&*bytes).unwrap();
            as_json::logs(&request)
        }
    }
}

fn shaped(otlp: Otlp, compression: Compression) -> Otlp {
    otlp.signals(Signals::Both).compression(compression).resource_attribute("team", "payments")
}

#[track_caller]
fn same(items: &[Item], events: &[Event], what: &str) {
    let of = |signal: &str| -> Vec<Json> {
        let own = items.iter().filter(|item| item.text("/signal") == signal);
        own.map(|item| item.json().clone()).collect()
    };
    let (spans, logs) = (of("traces"), of("logs"));
    assert_eq!((spans.len(), logs.len()), (events.len(), events.len()), "{what}");
    for (signal, arrived) in [(Signal::Spans, spans), (Signal::Logs, logs)] {
        for (arrived, expected) in arrived.iter().zip(expected(signal, events)) {
            assert_eq!(*arrived, expected, "{what} {signal:?}");
        }
    }
}

#[test]
fn every_field_arrives() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let (events, mut seen) = (events(Numbers::All), 0);
    for way in Way::ALL {
        for (compression, word) in compressions() {
            let mut otlp = shaped(way.to(&receiver), compression);
            otlp.export(&Batch::new(events.clone())).expect("all of it");
            let requests = told(&receiver).requests();
            for request in &requests[seen..] {
                assert_eq!(request.transport, way.name());
                assert_eq!(request.encoding, word);
                assert_eq!(request.problems, [""; 0]);
                let agent = request.header("user-agent").expect("a name");
                assert!(agent.starts_with("OTel-OTLP-Exporter-Rust/"), "{agent}");
            }
            let items: Vec<_> =
                requests[seen..].iter().flat_map(|request| request.items.clone()).collect();
            same(&items, &events, &format!("{way:?} {word}"));
            seen = requests.len();
        }
    }
    assert_eq!(seen, 2 * 9);
}

#[test]
fn every_field_arrives_through_a_collector() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let Some(rotel) = Rotel::start(&receiver) else { return };
    let mut seen = 0;
    for way in Way::ALL {
        let numbers = if way == Way::HttpJson { Numbers::Finite } else { Numbers::All };
        let events = events(numbers);
        for (compression, word) in compressions().into_iter().take(2) {
            let url = |port| format!("http://127.0.0.1:{port}");
            let otlp = match way {
                Way::Grpc => Otlp::grpc(&url(rotel.grpc_port())),
                Way::HttpProtobuf => Otlp::http(&url(rotel.http_port())),
                Way::HttpJson => Otlp::http_json(&url(rotel.http_port())),
            };
            let mut otlp = shaped(otlp.unwrap(), compression);
            otlp.export(&Batch::new(events.clone())).expect("all of it");
            // It passes each signal on by itself.
            let requests = receiver.wait_for(seen + 2);
            let items: Vec<_> =
                requests[seen..].iter().flat_map(|request| request.items.clone()).collect();
            assert!(requests.iter().all(|request| request.accepted), "{way:?} {word}");
            same(&items, &events, &format!("through rotel: {way:?} {word}"));
            seen = requests.len();
        }
    }
}

/// Decoded messages as `tests/receiver/strict/items.py` shows them.
mod as_json {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use opentelemetry_proto::tonic::trace::v1::Span;
    use serde_json::{Value as Json, json};

    pub(super) fn spans(request: &ExportTraceServiceRequest) -> Vec<Json> {
        let groups = request
            .resource_spans
            .iter()
            .flat_map(|resource| resource.scope_spans.iter().map(move |scope| (resource, scope)));
        let items = groups.flat_map(|(resource, scope)| {
            let around = [
                around_resource(resource.resource.as_ref(), &resource.schema_url),
                around_scope(scope.scope.as_ref(), &scope.schema_url),
            ];
            scope.spans.iter().map(move |one| within("traces", around.clone(), span(one)))
        });
        items.collect()
    }

    pub(super) fn logs(request: &ExportLogsServiceRequest) -> Vec<Json> {
        let groups = request
            .resource_logs
            .iter()
            .flat_map(|resource| resource.scope_logs.iter().map(move |scope| (resource, scope)));
        let items = groups.flat_map(|(resource, scope)| {
            let around = [
                around_resource(resource.resource.as_ref(), &resource.schema_url),
                around_scope(scope.scope.as_ref(), &scope.schema_url),
            ];
            scope.log_records.iter().map(move |one| within("logs", around.clone(), log(one)))
        });
        items.collect()
    }

    fn within(signal: &str, [resource, scope]: [Json; 2], mut item: Json) -> Json {
        item["signal"] = json!(signal);
        item["resource"] = resource;
        item["scope"] = scope;
        item
    }

    fn around_resource(resource: Option<&Resource>, schema_url: &str) -> Json {
        let resource = resource.cloned().unwrap_or_default();
        json!({
            "attributes": pairs(&resource.attributes),
            "dropped_attributes": resource.dropped_attributes_count,
            "schema_url": schema_url,
        })
    }

    fn around_scope(scope: Option<&InstrumentationScope>, schema_url: &str) -> Json {
        let scope = scope.cloned().unwrap_or_default();
        json!({
            "name": scope.name,
            "version": scope.version,
            "attributes": pairs(&scope.attributes),
            "dropped_attributes": scope.dropped_attributes_count,
            "schema_url": schema_url,
        })
    }

    fn span(one: &Span) -> Json {
        let status = one.status.clone().unwrap_or_default();
        let events = one.events.iter().map(|event| {
            json!({
                "time": event.time_unix_nano.to_string(),
                "name": event.name,
                "attributes": pairs(&event.attributes),
                "dropped_attributes": event.dropped_attributes_count,
            })
        });
        let links = one.links.iter().map(|link| {
            json!({
                "trace_id": hex(&link.trace_id),
                "span_id": hex(&link.span_id),
                "trace_state": link.trace_state,
                "flags": link.flags,
                "attributes": pairs(&link.attributes),
                "dropped_attributes": link.dropped_attributes_count,
            })
        });
        json!({
            "trace_id": hex(&one.trace_id),
            "span_id": hex(&one.span_id),
            "parent_span_id": hex(&one.parent_span_id),
            "trace_state": one.trace_state,
            "flags": one.flags,
            "name": one.name,
            "kind": one.kind,
            "start": one.start_time_unix_nano.to_string(),
            "end": one.end_time_unix_nano.to_string(),
            "attributes": pairs(&one.attributes),
            "dropped_attributes": one.dropped_attributes_count,
            "events": events.collect::<Vec<_>>(),
            "dropped_events": one.dropped_events_count,
            "links": links.collect::<Vec<_>>(),
            "dropped_links": one.dropped_links_count,
            "status": {"code": status.code, "message": status.message},
        })
    }

    fn log(one: &LogRecord) -> Json {
        json!({
            "time": one.time_unix_nano.to_string(),
            "observed": one.observed_time_unix_nano.to_string(),
            "severity_number": one.severity_number,
            "severity_text": one.severity_text,
            "body": value(one.body.as_ref()),
            "attributes": pairs(&one.attributes),
            "dropped_attributes": one.dropped_attributes_count,
            "flags": one.flags,
            "trace_id": hex(&one.trace_id),
            "span_id": hex(&one.span_id),
            "event_name": one.event_name,
        })
    }

    fn pairs(attributes: &[KeyValue]) -> Vec<Json> {
        attributes.iter().map(|pair| json!([pair.key, value(pair.value.as_ref())])).collect()
    }

    fn value(any: Option<&AnyValue>) -> Json {
        match any.and_then(|any| any.value.as_ref()) {
            None => json!({ "empty": null }),
            Some(Value::StringValue(text)) => json!({ "string": text }),
            Some(Value::BoolValue(yes)) => json!({ "bool": yes }),
            Some(Value::IntValue(number)) => json!({ "int": number.to_string() }),
            Some(Value::DoubleValue(number)) => {
                json!({ "double": format!("{:016x}", number.to_bits()) })
            }
            Some(Value::BytesValue(bytes)) => json!({ "bytes": hex(bytes) }),
            Some(Value::ArrayValue(list)) => {
                json!({ "array": list.values.iter().map(|one| value(Some(one))).collect::<Vec<_>>() })
            }
            other => panic!("ode writes no such value: {other:?}"),
        }
    }

    fn hex(bytes: &[u8]) -> String {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
    }
}
