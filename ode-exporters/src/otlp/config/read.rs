//! [`read`]: every variable, from first to last.

use std::ffi::OsString;
use std::time::Duration;

use crate::otlp::config::endpoint::Endpoint;
use crate::otlp::config::pairs;
use crate::otlp::config::protocol::{Compression, Protocol};
use crate::otlp::config::reader::Reader;
use crate::otlp::config::sampler;
use crate::otlp::config::settings::{OtlpSettings, QueueSettings, Settings, SignalSettings};
use crate::otlp::encode::{Shape, Signal, Signals};

/// Reads the `OTEL_*` variables by `get`, and nothing else. What is unset is unsaid, as is what
/// cannot be used.
pub fn read(get: impl Fn(&str) -> Option<OsString>) -> Settings {
    let mut from = Reader::new(get);
    if from.text("OTEL_CONFIG_FILE").is_some() {
        let consequence = "the other variables are read instead";
        from.warn("OTEL_CONFIG_FILE", "is set, and ode does not read such files", consequence);
    }
    let disabled = from.boolean("OTEL_SDK_DISABLED").unwrap_or(false);
    let mut resource_attributes = resource_attributes(&mut from);
    let named = resource_attributes.iter().position(|(key, _)| key == "service.name");
    let named = named.map(|at| resource_attributes.remove(at).1);
    let service_name = from.text("OTEL_SERVICE_NAME").or(named);

    let (endpoint_configured, otlp) = otlp(&mut from, &resource_attributes);
    // All of them are read, also those that are not used: a wrong value is always said.
    let queues = ["OTEL_BSP", "OTEL_BLRP"].map(|prefix| queue(&mut from, prefix));
    let share = sampler::share(&mut from);
    let spans = otlp.as_ref().is_none_or(|otlp| otlp.signals != Signals::Logs);
    let [spans_queue, logs_queue] = queues;
    Settings {
        disabled,
        endpoint_configured,
        otlp: otlp.filter(|_| !disabled),
        queue: if spans { spans_queue } else { logs_queue },
        service_name,
        resource_attributes,
        sample: share.filter(|_| spans),
        warnings: from.warnings,
    }
}

fn resource_attributes<G: Fn(&str) -> Option<OsString>>(
    from: &mut Reader<G>,
) -> Vec<(String, String)> {
    const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let text = from.text(NAME).unwrap_or_default();
    pairs::attributes(&text).unwrap_or_else(|| {
        let found = "is not key=value,key=value with other characters as %XX";
        from.warn(NAME, found, "all of it is ignored");
        Vec::new()
    })
}

/// Whether an endpoint is named, and what it makes.
fn otlp<G: Fn(&str) -> Option<OsString>>(
    from: &mut Reader<G>,
    resource_attributes: &[(String, String)],
) -> (bool, Option<OtlpSettings>) {
    let named = |from: &mut Reader<G>, name: &str| from.text(name).is_some();
    let everywhere = named(from, &generic("ENDPOINT"));
    let [spans_named, logs_named] = [Signal::Spans, Signal::Logs]
        .map(|signal| named(from, &specific(signal, "ENDPOINT")) || everywhere);
    let [traces, logs] = [Signal::Spans, Signal::Logs].map(|signal| exporter(from, signal));
    let [spans, records] = [Signal::Spans, Signal::Logs].map(|signal| self::signal(from, signal));
    // An event is sent once unless log records are asked for too.
    let spans = spans.filter(|_| spans_named && traces != Exporter::None);
    let wanted = match logs {
        Exporter::Otlp => true,
        Exporter::Unsaid => spans.is_none(),
        Exporter::None => false,
    };
    let records = records.filter(|_| logs_named && wanted);
    let (signals, spans, logs) = match (spans, records) {
        // The one that is not used is as the other, so that code can still ask for it.
        (Some(spans), None) => (Signals::Spans, spans.clone(), spans),
        (None, Some(logs)) => (Signals::Logs, logs.clone(), logs),
        (Some(spans), Some(logs)) => (Signals::Both, spans, logs),
        (None, None) => return (spans_named || logs_named, None),
    };
    let resource_attributes = resource_attributes.to_vec();
    (true, Some(OtlpSettings { signals, spans, logs, resource_attributes }))
}

/// What `OTEL_TRACES_EXPORTER` and `OTEL_LOGS_EXPORTER` say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exporter {
    Unsaid,
    Otlp,
    None,
}

fn exporter<G: Fn(&str) -> Option<OsString>>(from: &mut Reader<G>, signal: Signal) -> Exporter {
    let name = match signal {
        Signal::Spans => "OTEL_TRACES_EXPORTER",
        Signal::Logs => "OTEL_LOGS_EXPORTER",
    };
    let Some(text) = from.text(name) else { return Exporter::Unsaid };
    let (mut said, mut unknown) = (Exporter::Unsaid, None);
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word.to_ascii_lowercase().as_str() {
            "otlp" => said = Exporter::Otlp,
            "none" if said == Exporter::Unsaid => said = Exporter::None,
            "none" => {}
            _ => unknown = Some(word.to_owned()),
        }
    }
    if let Some(word) = unknown {
        let found = format!("names {word:?}, expected otlp or none");
        from.warn(name, found, "it is ignored");
    }
    said
}

fn generic(name: &str) -> String {
    format!("OTEL_EXPORTER_OTLP_{name}")
}

fn specific(signal: Signal, name: &str) -> String {
    let signal = match signal {
        Signal::Spans => "TRACES",
        Signal::Logs => "LOGS",
    };
    format!("OTEL_EXPORTER_OTLP_{signal}_{name}")
}

/// How a signal is sent; nothing if its endpoint cannot be used, or none is named.
fn signal<G: Fn(&str) -> Option<OsString>>(
    from: &mut Reader<G>,
    signal: Signal,
) -> Option<SignalSettings> {
    let protocol = first(from, signal, "PROTOCOL", |from, name| {
        from.word(name, "grpc, http/protobuf or http/json", Protocol::of)
    });
    let protocol = protocol.unwrap_or_default();
    let headers = first(from, signal, "HEADERS", headers).unwrap_or_default();
    let timeout = first(from, signal, "TIMEOUT", Reader::milliseconds);
    let compression = first(from, signal, "COMPRESSION", compression).unwrap_or_default();
    let shape = shape(from, signal);
    Some(SignalSettings {
        protocol,
        endpoint: endpoint(from, signal, protocol)?,
        headers,
        timeout,
        compression,
        roots: first(from, signal, "CERTIFICATE", Reader::path),
        client_certificate: first(from, signal, "CLIENT_CERTIFICATE", Reader::path),
        client_key: first(from, signal, "CLIENT_KEY", Reader::path),
        shape,
    })
}

/// The signal's own variable, or else the one for all signals.
fn first<G: Fn(&str) -> Option<OsString>, T>(
    from: &mut Reader<G>,
    signal: Signal,
    name: &str,
    read: impl Fn(&mut Reader<G>, &str) -> Option<T>,
) -> Option<T> {
    let specific = read(from, &specific(signal, name));
    let generic = read(from, &generic(name));
    specific.or(generic)
}

fn endpoint<G: Fn(&str) -> Option<OsString>>(
    from: &mut Reader<G>,
    signal: Signal,
    protocol: Protocol,
) -> Option<Endpoint> {
    let insecure = first(from, signal, "INSECURE", Reader::boolean).unwrap_or(false);
    let grpc = protocol == Protocol::Grpc;
    let mut parse = |name: &str| {
        let text = from.text(name)?;
        match Endpoint::parse(&text, grpc.then_some(!insecure)) {
            Ok(endpoint) if grpc && endpoint.has_path() => {
                let found = "has a path, and gRPC has its own; write scheme, host and port alone";
                from.warn(name, found, "nothing is sent there");
                None
            }
            Ok(endpoint) => Some(endpoint),
            Err(problem) => {
                from.warn(name, problem, "nothing is sent there");
                None
            }
        }
    };
    let own = parse(&specific(signal, "ENDPOINT"));
    let base = parse(&generic("ENDPOINT"));
    own.or_else(|| base.map(|base| if grpc { base } else { base.for_signal(signal) }))
}

fn headers<G: Fn(&str) -> Option<OsString>>(
    from: &mut Reader<G>,
    name: &str,
) -> Option<Vec<(String, String)>> {
    let text = from.text(name)?;
    let (headers, problems) = pairs::headers(&text);
    if let Some((number, problem)) = problems.first() {
        let found = match problems.len() {
            1 => format!("member {number} {problem}"),
            all => format!("member {number} {problem} (and {} more)", all - 1),
        };
        from.warn(name, format_args!("is wrong: {found}"), "the others are used");
    }
    Some(headers)
}

fn compression<G: Fn(&str) -> Option<OsString>>(
    from: &mut Reader<G>,
    name: &str,
) -> Option<Compression> {
    let expected = if cfg!(feature = "otlp-zstd") {
        "none, gzip or zstd"
    } else {
        "none or gzip (zstd needs the feature otlp-zstd)"
    };
    from.word(name, expected, Compression::of)
}

/// The limits of OpenTelemetry, which apply only when their variable is set: wide is the point.
fn shape<G: Fn(&str) -> Option<OsString>>(from: &mut Reader<G>, signal: Signal) -> Shape {
    let own = match signal {
        Signal::Spans => "SPAN",
        Signal::Logs => "LOGRECORD",
    };
    let mut limit = |name: &str| {
        let specific = from.number(&format!("OTEL_{own}_{name}"), 0);
        let generic = from.number(&format!("OTEL_{name}"), 0);
        specific.or(generic)
    };
    let (count, length) = (limit("ATTRIBUTE_COUNT_LIMIT"), limit("ATTRIBUTE_VALUE_LENGTH_LIMIT"));
    let mut shape = Shape::default();
    if signal == Signal::Spans {
        shape = within_spans(from, shape);
    }
    if let Some(attributes) = count {
        shape = shape.max_attributes(attributes);
    }
    if let Some(characters) = length {
        shape = shape.max_value_length(characters);
    }
    shape
}

/// Limits of what only spans have.
fn within_spans<G: Fn(&str) -> Option<OsString>>(from: &mut Reader<G>, mut shape: Shape) -> Shape {
    let mut limit = |name: &str| from.number(&format!("OTEL_{name}_LIMIT"), 0);
    if let Some(events) = limit("SPAN_EVENT_COUNT") {
        shape = shape.max_span_events(events);
    }
    if let Some(links) = limit("SPAN_LINK_COUNT") {
        shape = shape.max_links(links);
    }
    let of_events = limit("EVENT_ATTRIBUTE_COUNT");
    if let Some(attributes) = of_events.or_else(|| limit("ATTRIBUTE_COUNT")) {
        shape = shape.max_span_event_attributes(attributes);
    }
    // ode's links have no attributes: only what is wrong with it is of interest.
    limit("LINK_ATTRIBUTE_COUNT");
    shape
}

fn queue<G: Fn(&str) -> Option<OsString>>(from: &mut Reader<G>, prefix: &str) -> QueueSettings {
    let capacity = from.number(&format!("{prefix}_MAX_QUEUE_SIZE"), 1);
    let name = format!("{prefix}_MAX_EXPORT_BATCH_SIZE");
    let mut batch_events = from.number(&name, 1);
    if let (Some(batch), Some(most)) = (batch_events, capacity)
        && batch > most
    {
        let found = format!("is {batch}, more than the {most} that the queue holds");
        from.warn(&name, found, "a batch holds as many");
        batch_events = Some(most);
    }
    QueueSettings {
        capacity,
        batch_events,
        batch_delay: from.milliseconds(&format!("{prefix}_SCHEDULE_DELAY")),
        give_up_after: from
            .milliseconds(&format!("{prefix}_EXPORT_TIMEOUT"))
            .map(|timeout| if timeout.is_zero() { Duration::MAX } else { timeout }),
    }
}
