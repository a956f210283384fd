//! Every variable, one by one and together.

use std::ffi::OsString;
use std::time::Duration;

use super::{Compression, Protocol, Settings, read};
use crate::otlp::encode::{Shape, Signals};

fn of(variables: &[(&str, &str)]) -> Settings {
    read(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    })
}

const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");

#[track_caller]
fn with(variables: &[(&str, &str)]) -> Settings {
    let settings = of(&[&[BASE], variables].concat());
    assert_eq!(settings.warnings, Vec::<String>::new(), "{variables:?}");
    settings
}

#[test]
fn nothing_set_is_nothing_sent() {
    let settings = of(&[]);
    assert!(!settings.endpoint_configured && settings.otlp.is_none() && !settings.disabled);
    assert_eq!(settings.queue, super::QueueSettings::default());
    assert_eq!((settings.sample, settings.service_name), (None, None));
    assert!(settings.warnings.is_empty() && settings.resource_attributes.is_empty());
    // Words about how, without a word about where.
    let how = of(&[
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=b"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ]);
    assert!(!how.endpoint_configured && how.otlp.is_none());
    // Empty is unset.
    assert!(!of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).endpoint_configured);
}

#[test]
fn an_endpoint_alone_sends_spans_as_the_specification_says() {
    let settings = with(&[]);
    assert!(settings.endpoint_configured);
    let otlp = settings.otlp.expect("a destination");
    assert_eq!(otlp.signals(), Signals::Spans);
    assert_eq!(otlp.spans.protocol, Protocol::HttpProtobuf);
    assert_eq!(otlp.spans.endpoint.url(), "http://collector:4318/v1/traces");
    assert_eq!(otlp.spans.compression, Compression::None);
    assert_eq!(otlp.spans.timeout, None);
    assert_eq!(otlp.spans.shape, Shape::default());
}

#[test]
fn endpoints() {
    for (variables, spans, logs) in [
        (&[BASE][..], Some("http://collector:4318/v1/traces"), None),
        (
            &[BASE, ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t.example/own?k=v")],
            Some("https://t.example:443/own?k=v"),
            None,
        ),
        (
            &[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l.example")],
            None,
            Some("http://l.example:80/"),
        ),
        (&[BASE, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], Some("http://collector:4318/"), None),
        (
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ],
            Some("https://collector:4317/"),
            None,
        ),
        (
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
                ("OTEL_EXPORTER_OTLP_INSECURE", "TRUE"),
            ],
            Some("http://collector:4317/"),
            None,
        ),
        (
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4317"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
                ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
            ],
            Some("https://collector:4317/"),
            None,
        ),
    ] {
        let settings = of(variables);
        assert_eq!(settings.warnings, Vec::<String>::new(), "{variables:?}");
        let otlp = settings.otlp.expect("a destination");
        let spans_used = otlp.signals != Signals::Logs;
        let logs_used = otlp.signals != Signals::Spans;
        let url = |used: bool, url: String| used.then_some(url);
        assert_eq!(url(spans_used, otlp.spans.endpoint.url()).as_deref(), spans, "{variables:?}");
        assert_eq!(url(logs_used, otlp.logs.endpoint.url()).as_deref(), logs, "{variables:?}");
    }
}

#[test]
fn signals() {
    for (traces, logs, expected) in [
        ("", "", Some(Signals::Spans)),
        ("otlp", "", Some(Signals::Spans)),
        ("OTLP", "otlp", Some(Signals::Both)),
        ("", "otlp", Some(Signals::Both)),
        ("", "none", Some(Signals::Spans)),
        ("none", "", Some(Signals::Logs)),
        ("none", "otlp", Some(Signals::Logs)),
        ("none", "None", None),
    ] {
        let settings = with(&[("OTEL_TRACES_EXPORTER", traces), ("OTEL_LOGS_EXPORTER", logs)]);
        assert_eq!(settings.otlp.map(|otlp| otlp.signals()), expected, "{traces:?} {logs:?}");
        assert!(settings.endpoint_configured);
    }
    let only_logs = of(&[
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_TRACES_EXPORTER", "otlp"),
    ]);
    assert_eq!(only_logs.otlp.map(|otlp| otlp.signals()), Some(Signals::Logs));
    let no_logs =
        of(&[("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l"), ("OTEL_LOGS_EXPORTER", "none")]);
    assert!(no_logs.otlp.is_none() && no_logs.endpoint_configured);
}

#[test]
fn how_each_signal_is_sent() {
    for (name, all, own) in [
        ("PROTOCOL", "grpc", "http/json"),
        ("HEADERS", "a=all", "a=own,b=c%20d"),
        ("TIMEOUT", "1000", "0"),
        ("COMPRESSION", "gzip", "none"),
        ("CERTIFICATE", "/all", "/own"),
        ("CLIENT_KEY", "/all", "/own"),
        ("CLIENT_CERTIFICATE", "/all", "/own"),
    ] {
        let generic = format!("OTEL_EXPORTER_OTLP_{name}");
        let show = |variables: &[(&str, &str)]| {
            let otlp = with(variables).otlp.expect("a destination");
            (format!("{:?}", Shown(&otlp.spans)), format!("{:?}", Shown(&otlp.logs)))
        };
        let both = ("OTEL_LOGS_EXPORTER", "otlp");
        let nothing = show(&[both]);
        let everywhere = show(&[both, (&generic, all)]);
        assert_ne!(everywhere.0, nothing.0, "{name}");
        assert_ne!(everywhere.1, nothing.1, "{name}");
        for (signal, other) in [("TRACES", "LOGS"), ("LOGS", "TRACES")] {
            let specific = format!("OTEL_EXPORTER_OTLP_{signal}_{name}");
            let alone = show(&[both, (&specific, own)]);
            let beside = show(&[both, (&generic, all), (&specific, own)]);
            let pick = |pair: &(String, String), spans: bool| {
                if spans { pair.0.clone() } else { pair.1.clone() }
            };
            let spans = signal == "TRACES";
            assert_eq!(pick(&beside, spans), pick(&alone, spans), "{specific} beats {generic}");
            assert_eq!(pick(&beside, !spans), pick(&everywhere, !spans), "{other} keeps {generic}");
            assert_ne!(pick(&beside, spans), pick(&everywhere, spans), "{specific}");
        }
    }
}

/// With the values of headers, and without what depends on the protocol beside it.
struct Shown<'a>(&'a super::settings::SignalSettings);

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.0, self.0.headers)
    }
}

#[test]
fn timeouts() {
    let timeout = |text| with(&[("OTEL_EXPORTER_OTLP_TIMEOUT", text)]).otlp.unwrap().spans.timeout;
    assert_eq!(timeout("2500"), Some(Duration::from_millis(2_500)));
    assert_eq!(timeout("0"), Some(Duration::ZERO), "without end");
}

#[test]
fn limits_apply_only_when_set() {
    for (variables, spans, logs) in [
        (&[][..], Shape::default(), Shape::default()),
        (
            &[("OTEL_ATTRIBUTE_COUNT_LIMIT", "128"), ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "9")],
            Shape::default().max_attributes(128).max_span_event_attributes(128),
            Shape::default().max_attributes(9),
        ),
        (
            &[
                ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "64"),
                ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "32"),
                ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "0"),
            ],
            Shape::default().max_value_length(32).max_attributes(0),
            Shape::default().max_value_length(64),
        ),
        (
            &[("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5")],
            Shape::default(),
            Shape::default().max_value_length(5),
        ),
        (
            &[("OTEL_SPAN_EVENT_COUNT_LIMIT", "0"), ("OTEL_SPAN_LINK_COUNT_LIMIT", "128")],
            Shape::default().max_span_events(0).max_links(128),
            Shape::default(),
        ),
        (
            &[("OTEL_ATTRIBUTE_COUNT_LIMIT", "128"), ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "1")],
            Shape::default().max_attributes(128).max_span_event_attributes(1),
            Shape::default().max_attributes(128),
        ),
        (&[("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "5")], Shape::default(), Shape::default()),
    ] {
        let variables = [&[("OTEL_LOGS_EXPORTER", "otlp")], variables].concat();
        let otlp = with(&variables).otlp.unwrap();
        assert_eq!((otlp.spans.shape, otlp.logs.shape), (spans, logs), "{variables:?}");
    }
}

#[test]
fn queues() {
    let set = |prefix: &str| {
        [("SCHEDULE_DELAY", "250"), ("EXPORT_TIMEOUT", "0"), ("MAX_QUEUE_SIZE", "64")]
            .map(|(name, value)| (format!("{prefix}_{name}"), value))
    };
    let expected = super::QueueSettings {
        capacity: Some(64),
        batch_events: None,
        batch_delay: Some(Duration::from_millis(250)),
        give_up_after: Some(Duration::MAX),
    };
    for (prefix, exporter, applies) in [
        ("OTEL_BSP", "otlp", true),
        ("OTEL_BSP", "none", false),
        ("OTEL_BLRP", "otlp", false),
        ("OTEL_BLRP", "none", true),
    ] {
        let variables = set(prefix);
        let mut variables: Vec<_> = variables.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        variables.push(("OTEL_TRACES_EXPORTER", exporter));
        let queue = with(&variables).queue;
        let wanted = if applies { expected } else { super::QueueSettings::default() };
        assert_eq!(queue, wanted, "{prefix} {exporter}");
    }
    let batch = |size, most| {
        let variables =
            [("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", size), ("OTEL_BSP_MAX_QUEUE_SIZE", most)];
        let settings = of(&variables);
        (settings.queue.batch_events, settings.warnings.len())
    };
    assert_eq!(batch("100", "200"), (Some(100), 0));
    assert_eq!(batch("300", "200"), (Some(200), 1), "no larger than the queue");
}

#[test]
fn samplers() {
    for (sampler, argument, share) in [
        ("", "0.5", None),
        ("always_on", "0.5", Some(1.0)),
        ("Always_Off", "", Some(0.0)),
        ("traceidratio", "0.25", Some(0.25)),
        ("traceidratio", "", Some(1.0)),
        ("parentbased_always_on", "", Some(1.0)),
        ("parentbased_always_off", "", Some(0.0)),
        ("parentbased_traceidratio", "1e-3", Some(0.001)),
    ] {
        let settings =
            of(&[("OTEL_TRACES_SAMPLER", sampler), ("OTEL_TRACES_SAMPLER_ARG", argument)]);
        assert_eq!(settings.sample, share, "{sampler} {argument}");
        assert_eq!(settings.warnings.len(), 0, "{sampler} {argument}");
    }
    let logs = with(&[("OTEL_TRACES_EXPORTER", "none"), ("OTEL_TRACES_SAMPLER", "always_off")]);
    assert_eq!(logs.sample, None, "log records are no traces");
}

#[test]
fn the_service_and_its_resource() {
    for (name, attributes, service, rest) in [
        ("", "", None, &[][..]),
        ("shop", "service.name=other,a=b", Some("shop"), &[("a", "b")]),
        ("", "a=b,service.name=shop", Some("shop"), &[("a", "b")]),
        ("shop", "a=b%2Cc", Some("shop"), &[("a", "b,c")]),
    ] {
        let settings =
            of(&[("OTEL_SERVICE_NAME", name), ("OTEL_RESOURCE_ATTRIBUTES", attributes), BASE]);
        assert_eq!(settings.service_name.as_deref(), service, "{name} {attributes}");
        let rest: Vec<_> = rest.iter().map(|(k, v)| (String::from(*k), String::from(*v))).collect();
        assert_eq!(settings.resource_attributes, rest, "{name} {attributes}");
        assert_eq!(settings.otlp.unwrap().resource_attributes, rest, "{name} {attributes}");
    }
}

#[test]
fn disabled_is_disabled_and_nothing_else_is() {
    for (text, disabled, warnings) in
        [("true", true, 0), ("TRUE", true, 0), ("false", false, 0), ("1", false, 1), ("", false, 0)]
    {
        let settings = of(&[BASE, ("OTEL_SDK_DISABLED", text)]);
        assert_eq!(settings.disabled, disabled, "{text}");
        assert_eq!(settings.otlp.is_none(), disabled, "{text}");
        assert!(settings.endpoint_configured);
        assert_eq!(settings.warnings.len(), warnings, "{text}");
    }
}

/// A value that none of these may have.
const WRONG: [(&str, &str); 34] = [
    ("OTEL_CONFIG_FILE", "/otel.yaml"),
    ("OTEL_SDK_DISABLED", "yes"),
    ("OTEL_RESOURCE_ATTRIBUTES", "a=b,c"),
    ("OTEL_TRACES_EXPORTER", "zipkin"),
    ("OTEL_LOGS_EXPORTER", "console"),
    ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://user:secret@h"),
    ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "ftp://h"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http"),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "thrift"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "secret"),
    ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "Content-Type=secret"),
    ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "a b=secret,c d=secret"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "-1"),
    ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "10s"),
    ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2147483648"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
    ("OTEL_EXPORTER_OTLP_INSECURE", "yes"),
    ("OTEL_ATTRIBUTE_COUNT_LIMIT", "-1"),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "9223372036854775808"),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many"),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "1.5"),
    ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "0x10"),
    ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "-0.1"),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1"),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", "all"),
    ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "2147483648"),
    ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "1e3"),
    ("OTEL_BSP_SCHEDULE_DELAY", "-5"),
    ("OTEL_BSP_EXPORT_TIMEOUT", "forever"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"),
    ("OTEL_BLRP_MAX_QUEUE_SIZE", "2147483648"),
];

#[test]
fn one_warning_for_each_wrong_value() {
    for (name, value) in WRONG {
        let settings = of(&[(name, value)]);
        assert_eq!(settings.warnings.len(), 1, "{name}={value}: {:?}", settings.warnings);
        let warning = &settings.warnings[0];
        assert!(warning.starts_with(&format!("{name} ")), "{warning}");
        assert!(!warning.contains("secret"), "{warning}");
        assert!(settings.otlp.is_none(), "{name}");
    }
    let all = of(&WRONG);
    assert_eq!(all.warnings.len(), WRONG.len(), "{:#?}", all.warnings);
    let argument = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "1.5")];
    let settings = of(&argument);
    assert_eq!((settings.warnings.len(), settings.sample), (1, Some(1.0)));
}

#[test]
fn an_endpoint_that_cannot_be_used_is_still_one_that_was_named() {
    let settings = of(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318")]);
    assert!(settings.endpoint_configured && settings.otlp.is_none());
    let grpc = of(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317/v1/traces"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ]);
    assert!(grpc.otlp.is_none());
    assert_eq!(grpc.warnings.len(), 1, "{:?}", grpc.warnings);
}

#[cfg(unix)]
#[test]
fn what_is_not_text_is_one_warning() {
    use std::os::unix::ffi::OsStringExt;
    let settings =
        read(|name| (name == "OTEL_SERVICE_NAME").then(|| OsString::from_vec(vec![0xff, 0xfe])));
    assert_eq!(settings.warnings, ["OTEL_SERVICE_NAME is not UTF-8; it is ignored"]);
}

#[test]
fn headers_are_never_shown() {
    let settings = with(&[
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=canary-1"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://h/?key=canary-2"),
    ]);
    let shown = format!("{settings:?} {settings:#?}");
    assert!(shown.contains("x-key") && !shown.contains("canary"), "{shown}");
}
