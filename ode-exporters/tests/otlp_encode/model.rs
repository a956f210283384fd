//! What an event must become, put together from the official types and by other means than the
//! encoder's.

use ode_core::propagation::{OtState, Threshold};
use ode_core::{Event, Outcome, OwnedValue, Process, TraceContext, Value};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue,
};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event as SpanEvent, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

pub(crate) fn any(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

pub(crate) fn key_value(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(any(value)), ..KeyValue::default() }
}

fn is_large(value: &OwnedValue) -> bool {
    match value {
        OwnedValue::U64(number) => i64::try_from(*number).is_err(),
        OwnedValue::Array(items) => items.iter().any(is_large),
        _ => false,
    }
}

fn value(of: &OwnedValue) -> Any {
    match of {
        OwnedValue::Bool(v) => Any::BoolValue(*v),
        OwnedValue::I64(v) => Any::IntValue(*v),
        OwnedValue::U64(v) => match i64::try_from(*v) {
            Ok(v) => Any::IntValue(v),
            Err(_) => Any::StringValue(v.to_string()),
        },
        OwnedValue::F64(v) => Any::DoubleValue(*v),
        OwnedValue::Str(v) => Any::StringValue(v.clone()),
        OwnedValue::Bytes(v) => Any::BytesValue(v.clone()),
        OwnedValue::Array(items) => {
            let as_text = items.iter().any(is_large);
            let item = |item: &OwnedValue| {
                any(if as_text { Any::StringValue(item.to_string()) } else { value(item) })
            };
            Any::ArrayValue(ArrayValue { values: items.iter().map(item).collect() })
        }
        other => panic!("a new kind of value: {other:?}"),
    }
}

fn owned(event: &Event, key: &str) -> Option<OwnedValue> {
    event.get(key).and_then(Value::to_owned_value)
}

fn str_of(event: &Event, key: &str) -> Option<String> {
    match owned(event, key) {
        Some(OwnedValue::Str(text)) => Some(text),
        _ => None,
    }
}

fn rate(event: &Event) -> Option<f64> {
    match owned(event, "sample_rate") {
        Some(OwnedValue::F64(rate)) if rate.is_finite() && rate >= 1.0 => Some(rate),
        _ => None,
    }
}

fn links(event: &Event) -> (Vec<TraceContext>, Vec<OwnedValue>) {
    let items = match owned(event, "links") {
        Some(OwnedValue::Array(items)) => items,
        other => other.into_iter().collect(),
    };
    let mut valid = Vec::new();
    let mut invalid = Vec::new();
    for item in items {
        match &item {
            OwnedValue::Str(text) if TraceContext::from_traceparent(text).is_ok() => {
                valid.push(TraceContext::from_traceparent(text).unwrap());
            }
            _ => invalid.push(item),
        }
    }
    (valid, invalid)
}

const KINDS: [&str; 5] = ["internal", "server", "client", "producer", "consumer"];

fn attributes(event: &Event, is_span: bool) -> Vec<KeyValue> {
    let mut all = vec![
        key_value("event_id", Any::StringValue(event.event_id().to_string())),
        key_value("outcome", Any::StringValue(event.outcome().to_string())),
        key_value("build_id", Any::StringValue(event.process().build_id().to_owned())),
    ];
    let nanos = duration(event);
    let (start, end) = times(event);
    if !is_span || end - start != nanos {
        all.push(key_value("duration_ns", Any::IntValue(i64::try_from(nanos).unwrap_or(i64::MAX))));
    }
    if let (false, Some(parent)) = (is_span, event.parent_span_id()) {
        all.push(key_value("parent_span_id", Any::StringValue(parent.to_string())));
    }
    let fields: Vec<_> = event
        .fields()
        .map(|(key, value)| (key.to_owned(), value.to_owned_value().unwrap()))
        .collect();
    let any_large = fields.iter().any(|(_, value)| is_large(value));
    let mut large = Vec::new();
    for (key, field) in fields {
        let text = if let OwnedValue::Str(text) = &field { Some(text.as_str()) } else { None };
        let key = match key.as_str() {
            "ode.kind" if is_span && text.is_some_and(|text| KINDS.contains(&text)) => continue,
            "trace_state" if is_span && text.is_some() => continue,
            "links" if is_span && !links(event).0.is_empty() => {
                let invalid = links(event).1;
                if !invalid.is_empty() {
                    all.push(key_value("links", value(&OwnedValue::Array(invalid))));
                }
                continue;
            }
            "" => "field.".to_owned(),
            "SampleRate" if owned(event, "sample_rate").is_some() => "field.SampleRate".to_owned(),
            "ode.u64_as_string" if any_large => "field.ode.u64_as_string".to_owned(),
            _ => key,
        };
        all.push(key_value(&key, value(&field)));
        if is_large(&field) {
            large.push(any(Any::StringValue(key)));
        }
    }
    if let Some(rate) = rate(event) {
        let random = u128::from_be_bytes(event.event_id().to_bytes()) % (1 << 53);
        #[expect(clippy::cast_precision_loss, reason = "53 bits")]
        let random = random as f64 / 2_f64.powi(53);
        #[expect(clippy::cast_possible_truncation, reason = "rates of the tests are small")]
        let rounded = (rate.floor() + if random < rate.fract() { 1.0 } else { 0.0 }) as i64;
        all.push(key_value("SampleRate", Any::IntValue(rounded)));
    }
    if !large.is_empty() {
        let list = Any::ArrayValue(ArrayValue { values: large });
        all.push(key_value("ode.u64_as_string", list));
    }
    all
}

fn duration(event: &Event) -> u64 {
    u64::try_from(event.duration().as_nanos()).unwrap()
}

fn times(event: &Event) -> (u64, u64) {
    let (seconds, nanos) = event.unix_time();
    let last = i128::from(i64::MAX);
    let start =
        if seconds < 0 { 0 } else { i128::from(seconds) * 1_000_000_000 + i128::from(nanos) };
    let end = start.min(last) + i128::from(duration(event));
    let fit = |nanos: i128| u64::try_from(nanos.min(last)).unwrap();
    (fit(start), fit(end))
}

fn failed(event: &Event) -> bool {
    matches!(event.outcome(), Outcome::Error | Outcome::Panicked)
}

fn dropped(event: &Event) -> u32 {
    match event.get("ode.dropped_fields") {
        Some(Value::U64(dropped)) => u32::try_from(dropped).unwrap_or(u32::MAX),
        _ => 0,
    }
}

/// The trace states of the tests have no member `ot`.
fn trace_state(event: &Event) -> String {
    let came = str_of(event, "trace_state").unwrap_or_default();
    let threshold = rate(event).and_then(|rate| Threshold::from_probability(1.0 / rate));
    let random = OtState::default().randomness_of(event.trace_context().trace_id());
    match threshold.filter(|threshold| threshold.keeps(random)) {
        Some(threshold) if came.is_empty() => format!("ot=th:{threshold}"),
        Some(threshold) => format!("ot=th:{threshold},{came}"),
        None => came,
    }
}

pub(crate) fn span(event: &Event) -> Span {
    let context = event.trace_context();
    let (start, end) = times(event);
    let (error_type, message) = (str_of(event, "error.type"), str_of(event, "error.message"));
    let kind = str_of(event, "ode.kind");
    let kind = kind.and_then(|kind| KINDS.iter().position(|known| *known == kind));
    let mut exception = Vec::new();
    for (key, text) in [("exception.type", &error_type), ("exception.message", &message)] {
        if let Some(text) = text {
            exception.push(key_value(key, Any::StringValue(text.clone())));
        }
    }
    let link = |link: &TraceContext| Link {
        trace_id: link.trace_id().to_bytes().to_vec(),
        span_id: link.span_id().to_bytes().to_vec(),
        flags: link.flags().into(),
        ..Link::default()
    };
    Span {
        trace_id: context.trace_id().to_bytes().to_vec(),
        span_id: context.span_id().to_bytes().to_vec(),
        trace_state: trace_state(event),
        parent_span_id: event
            .parent_span_id()
            .map(|parent| parent.to_bytes().to_vec())
            .unwrap_or_default(),
        flags: context.flags().into(),
        name: event.name().to_owned(),
        kind: i32::try_from(kind.unwrap_or(0)).unwrap() + 1,
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        attributes: attributes(event, true),
        dropped_attributes_count: dropped(event),
        events: if failed(event) && !exception.is_empty() {
            vec![SpanEvent {
                time_unix_nano: end,
                name: "exception".to_owned(),
                attributes: exception,
                dropped_attributes_count: 0,
            }]
        } else {
            Vec::new()
        },
        dropped_events_count: 0,
        links: links(event).0.iter().map(link).collect(),
        dropped_links_count: 0,
        status: failed(event).then(|| Status {
            message: message
                .filter(|message| !message.is_empty())
                .or(error_type)
                .unwrap_or_else(|| event.outcome().to_string()),
            code: 2,
        }),
    }
}

/// All but the body, which is for people.
pub(crate) fn record(event: &Event) -> LogRecord {
    let context = event.trace_context();
    let (start, end) = times(event);
    let (severity, text) = match event.outcome() {
        Outcome::Ok | Outcome::Declined => (9, "INFO"),
        Outcome::Cancelled => (13, "WARN"),
        Outcome::Error => (17, "ERROR"),
        Outcome::Panicked => (21, "FATAL"),
    };
    LogRecord {
        time_unix_nano: start,
        observed_time_unix_nano: end,
        severity_number: severity,
        severity_text: text.to_owned(),
        body: None,
        attributes: attributes(event, false),
        dropped_attributes_count: dropped(event),
        flags: context.flags().into(),
        trace_id: context.trace_id().to_bytes().to_vec(),
        span_id: context.span_id().to_bytes().to_vec(),
        event_name: event.name().to_owned(),
    }
}

pub(crate) fn resource(process: &Process) -> Resource {
    let mut attributes: Vec<_> = process
        .fields()
        .map(|(key, field)| key_value(key, value(&field.to_owned_value().unwrap())))
        .collect();
    if process.service_name().is_none() {
        attributes.push(key_value("service.name", Any::StringValue("unknown_service".to_owned())));
    }
    for (key, text) in [
        ("telemetry.sdk.name", "ode"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ] {
        attributes.push(key_value(key, Any::StringValue(text.to_owned())));
    }
    Resource { attributes, ..Resource::default() }
}

pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "ode".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}
