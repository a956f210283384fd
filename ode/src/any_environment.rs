//! Any environment at all: nothing panics, every variable that cannot be used is warned of once, and
//! no other is.

use std::collections::BTreeMap;
use std::ffi::OsString;

use ode_core::Queue;
use ode_exporters::jsonl::JsonLines;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::environment::Environment;
use crate::opentelemetry_environment::OpenTelemetry;

/// Values that are fine, and values that are not; those that are no UTF-8 are told apart by kind.
struct Kind {
    good: &'static [&'static str],
    bad: &'static [&'static str],
    /// Whether bytes that are no text are fine.
    bytes: bool,
}

const fn kind(good: &'static [&'static str], bad: &'static [&'static str]) -> Kind {
    Kind { good, bad, bytes: false }
}

const COUNT: Kind = kind(
    &["", " ", "1", "7", " 64 ", "2147483647"],
    &[
        "0",
        "-1",
        "2147483648",
        "9223372036854775808",
        "1e3",
        "0x10",
        "1.0",
        "\u{0661}",
        "many",
        "1 2",
    ],
);
const COUNT_OR_ZERO: Kind = kind(
    &["", "0", "1", " 64 ", "2147483647"],
    &["-1", "2147483648", "9223372036854775808", "18446744073709551616", "1ms", "\0", "-0.0"],
);
const BOOLEAN: Kind = kind(
    &["", " ", "true", "FALSE", " True "],
    &["yes", "on", "2", "-1", "9223372036854775808", "tru"],
);
const TEXT: Kind = kind(&["", " ", "shop", "9223372036854775808", "-1", "\u{1f980} \u{202e}"], &[]);
const ANYTHING: Kind =
    Kind { good: &["", " ", "1", "/no/such/file", "\u{202e}"], bad: &[], bytes: true };
const ENDPOINT: Kind = kind(
    &["", "http://localhost:4318", "https://collector", "http://[::1]:1"],
    &[
        "ftp://h",
        "http://",
        "http://h:0",
        "http://h:9223372036854775808",
        "http://u:p@h",
        "http://h/#a",
        "http://h/\u{e9}",
    ],
);
const PROTOCOL: Kind =
    kind(&["", "grpc", "HTTP/protobuf", "http/json"], &["udp", "-1", "http", "grpc,grpc"]);
const COMPRESSION: Kind = kind(&["", "none", "GZIP", "zstd"], &["brotli", "0", "gzip,none"]);
const HEADERS: Kind =
    kind(&["", "a=b", "a=%20,b=", ","], &["a", "=b", "a=b,c", "a b=c", "host=x", "a=%00", "a=%ff"]);
const ATTRIBUTES: Kind =
    kind(&["", "a=b", "a=%2C,service.name=x"], &["a", "=b", "a=b=c", "a=%", "a=%ff"]);
const EXPORTER: Kind =
    kind(&["", "otlp", "none", " OTLP , none"], &["console", "otlp,zipkin", "-1"]);
const SHARE: Kind = kind(
    &["", "0", "1", "0.5", "1e-9", "-0"],
    &["-1", "1.5", "NaN", "inf", "half", "9223372036854775808"],
);

/// Every variable that is read.
const VARIABLES: &[(&str, Kind)] = &[
    ("NO_COLOR", ANYTHING),
    ("ODE_DISABLED", kind(&["", "true", "0", "1"], &["yes", "-1", "9223372036854775808"])),
    ("ODE_BUILD_ID", TEXT),
    ("ODE_SERVICE_NAME", TEXT),
    ("ODE_ENVIRONMENT", TEXT),
    (
        "ODE_OUTPUT",
        kind(&["", "auto", "STDOUT", "none", "file:/x"], &["file:", "stderr", "-1", "/x"]),
    ),
    ("ODE_MAX_FILE_BYTES", COUNT),
    ("ODE_KEEP_FILES", COUNT),
    ("ODE_HASH_KEY", kind(&["", "0123456789abcdef"], &["short", "-1"])),
    ("ODE_FLUSH_TIMEOUT_MS", COUNT),
    ("ODE_SPANS", kind(&["", "false", "0"], &["2", "never"])),
    ("ODE_MAX_FIELDS", COUNT),
    ("ODE_MAX_VALUE_BYTES", COUNT),
    ("ODE_MAX_EVENT_BYTES", COUNT),
    ("ODE_QUEUE_EVENTS", COUNT),
    ("ODE_QUEUE_BYTES", COUNT),
    ("ODE_BATCH_EVENTS", COUNT),
    ("ODE_BATCH_DELAY_MS", COUNT),
    (
        "ODE_OVERFLOW",
        kind(
            &["", "drop_newest", "DROP_OLDEST", "block_for:0", "block_for:9223372036854775808"],
            &["block_for:", "block_for:-1", "block_for:18446744073709551616", "drop", "1"],
        ),
    ),
    ("ODE_REDACT", kind(&["", "true", "0"], &["off", "-1"])),
    ("ODE_REDACT_KEYS", TEXT),
    ("ODE_SAMPLE", SHARE),
    ("ODE_DRY_RUN", kind(&["", " ", "1", "false"], &["yes", "-1", "9223372036854775808"])),
    ("ODE_KILL", kind(&["", ",", "*", "a, b", "\u{202e}"], &[])),
    (
        "ODE_FLAGS",
        kind(
            &["", "a=1", "a=\"x,y\",b=", "a=9223372036854775808", ","],
            &["a", "=1", "a=1,b", "\u{1f980}"],
        ),
    ),
    ("ODE_FLAG_FILE", ANYTHING),
    ("ODE_KILL_DIR", ANYTHING),
    ("OTEL_CONFIG_FILE", kind(&["", " "], &["/etc/otel.yaml", "-1"])),
    ("OTEL_SDK_DISABLED", BOOLEAN),
    ("OTEL_SERVICE_NAME", TEXT),
    ("OTEL_RESOURCE_ATTRIBUTES", ATTRIBUTES),
    ("OTEL_TRACES_EXPORTER", EXPORTER),
    ("OTEL_LOGS_EXPORTER", EXPORTER),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", ENDPOINT),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ENDPOINT),
    ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", ENDPOINT),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", PROTOCOL),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", PROTOCOL),
    ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", PROTOCOL),
    ("OTEL_EXPORTER_OTLP_HEADERS", HEADERS),
    ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", HEADERS),
    ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", HEADERS),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", COUNT_OR_ZERO),
    ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", COUNT_OR_ZERO),
    ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", COUNT_OR_ZERO),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", COMPRESSION),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", COMPRESSION),
    ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", COMPRESSION),
    ("OTEL_EXPORTER_OTLP_INSECURE", BOOLEAN),
    ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", BOOLEAN),
    ("OTEL_EXPORTER_OTLP_LOGS_INSECURE", BOOLEAN),
    ("OTEL_ATTRIBUTE_COUNT_LIMIT", COUNT_OR_ZERO),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", COUNT_OR_ZERO),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", COUNT_OR_ZERO),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", COUNT_OR_ZERO),
    ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", COUNT_OR_ZERO),
    ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", COUNT_OR_ZERO),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", COUNT_OR_ZERO),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", COUNT_OR_ZERO),
    ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", COUNT_OR_ZERO),
    ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", COUNT_OR_ZERO),
    ("OTEL_BSP_MAX_QUEUE_SIZE", COUNT),
    ("OTEL_BLRP_MAX_QUEUE_SIZE", COUNT),
    ("OTEL_BSP_SCHEDULE_DELAY", COUNT_OR_ZERO),
    ("OTEL_BLRP_SCHEDULE_DELAY", COUNT_OR_ZERO),
    ("OTEL_BSP_EXPORT_TIMEOUT", COUNT_OR_ZERO),
    ("OTEL_BLRP_EXPORT_TIMEOUT", COUNT_OR_ZERO),
    (
        "OTEL_TRACES_SAMPLER",
        kind(&["", "always_on", "PARENTBASED_always_off", "traceidratio"], &["xray", "-1"]),
    ),
];

/// What is read only if another variable asks for it, or judged beside another one.
const DEPENDENT: [(&str, Kind); 4] = [
    ("OTEL_TRACES_SAMPLER_ARG", SHARE),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", COUNT),
    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", COUNT),
    ("ODE_HASH_KEY_FILE", kind(&["", " "], &["/no/such/file", "-1"])),
];

type Set = BTreeMap<&'static str, OsString>;

#[cfg(unix)]
fn no_text(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes)
}

/// A value by a number: one that is fine, one that is not, or bytes that are no text; and how many
/// warnings there have to be.
fn value_of(kind: &Kind, choice: usize) -> (OsString, usize) {
    let choice = choice % (kind.good.len() + kind.bad.len() + usize::from(cfg!(unix)));
    let (fine, wrong) = (kind.good.get(choice), kind.bad.get(choice.wrapping_sub(kind.good.len())));
    match (fine, wrong) {
        (Some(fine), _) => (OsString::from(fine), 0),
        (None, Some(wrong)) => (OsString::from(wrong), 1),
        #[cfg(unix)]
        (None, None) => (no_text(b"1\xff".to_vec()), usize::from(!kind.bytes)),
        #[cfg(not(unix))]
        (None, None) => unreachable!("there are no other choices"),
    }
}

/// What it says, as both readers see it.
fn warnings(set: &Set) -> Vec<String> {
    let get = |name: &str| set.get(name).cloned();
    let (ours, theirs) = (Environment::read_from(get), OpenTelemetry::read_from(get));
    // What is made of it does not panic either.
    let _limits = ours.limits();
    let _redaction = ours.redaction();
    let _rotation = ours.rotation();
    let _queue = ours.bound(Queue::new(JsonLines::writer(std::io::sink())));
    ours.warnings.into_iter().chain(theirs.warnings).collect()
}

/// How many warnings are about each variable.
fn by_variable(warnings: &[String]) -> BTreeMap<&str, usize> {
    let mut count = BTreeMap::new();
    for warning in warnings {
        assert!(!warning.contains(char::is_control), "{warning:?}");
        *count.entry(warning.split(' ').next().unwrap_or_default()).or_default() += 1;
    }
    count
}

/// As many sets as `FUZZ_CASES` says, or ten thousand.
fn config() -> ProptestConfig {
    let many = std::env::var_os("FUZZ_CASES");
    let many = many.and_then(|cases| cases.to_str().and_then(|cases| cases.parse().ok()));
    ProptestConfig {
        cases: many.unwrap_or(10_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn one_warning_for_each_variable_that_cannot_be_used(
        choices in vec((0..VARIABLES.len(), any::<usize>()), 0..24),
    ) {
        let (mut set, mut expected) = (Set::new(), BTreeMap::new());
        for (at, choice) in choices {
            let (name, kind) = &VARIABLES[at];
            let (value, warnings) = value_of(kind, choice);
            set.insert(*name, value);
            expected.insert(*name, warnings);
        }
        expected.retain(|_, warnings| *warnings > 0);
        let said = warnings(&set);
        prop_assert_eq!(by_variable(&said), expected, "{:?} of {:?}", said, set);
    }

    /// Variables that depend on each other, and values that nobody thought of.
    #[test]
    fn never_two_warnings_of_one_variable(
        choices in vec((0..VARIABLES.len() + DEPENDENT.len(), any::<usize>()), 0..24),
        strange in vec((0..VARIABLES.len() + DEPENDENT.len(), vec(any::<u8>(), 0..12)), 0..6),
    ) {
        let variable = |at: usize| VARIABLES.get(at).unwrap_or_else(|| &DEPENDENT[at - VARIABLES.len()]);
        let mut set = Set::new();
        for (at, choice) in choices {
            let (name, kind) = variable(at);
            set.insert(*name, value_of(kind, choice).0);
        }
        for (at, bytes) in strange {
            #[cfg(unix)]
            set.insert(variable(at).0, no_text(bytes));
            #[cfg(not(unix))]
            set.insert(variable(at).0, String::from_utf8_lossy(&bytes).into_owned().into());
        }
        let said = warnings(&set);
        for (name, warnings) in by_variable(&said) {
            prop_assert!(warnings == 1 && set.contains_key(name), "{:?} of {:?}", said, set);
        }
    }
}

#[track_caller]
fn check(set: &[(&'static str, &str)], expected: &[&str]) {
    let set: Set = set.iter().map(|(name, value)| (*name, OsString::from(value))).collect();
    let said = warnings(&set);
    let names: Vec<_> = by_variable(&said).into_keys().collect();
    assert_eq!(names, expected, "{said:?}");
}

#[test]
fn variables_that_depend_on_each_other() {
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    check(&[(ARGUMENT, "2")], &[]);
    check(&[("OTEL_TRACES_SAMPLER", "traceidratio"), (ARGUMENT, "2")], &[ARGUMENT]);
    check(&[("OTEL_TRACES_SAMPLER", "always_on"), (ARGUMENT, "2")], &[]);

    const BATCH: &str = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
    check(&[(BATCH, "9"), ("OTEL_BSP_MAX_QUEUE_SIZE", "8")], &[BATCH]);
    check(&[(BATCH, "8"), ("OTEL_BSP_MAX_QUEUE_SIZE", "8")], &[]);
    check(&[(BATCH, "-8"), ("OTEL_BSP_MAX_QUEUE_SIZE", "-8")], &[BATCH, "OTEL_BSP_MAX_QUEUE_SIZE"]);

    const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    check(&[(ENDPOINT, "http://h/path")], &[]);
    check(&[(ENDPOINT, "http://h/path"), grpc], &[ENDPOINT]);
    check(&[(ENDPOINT, "collector:4317"), grpc], &[]);
    check(&[(ENDPOINT, "collector:4317")], &[ENDPOINT]);

    check(&[("ODE_HASH_KEY_FILE", "/no/such/file")], &["ODE_HASH_KEY_FILE"]);
    let key = ("ODE_HASH_KEY", "0123456789abcdef");
    check(&[("ODE_HASH_KEY_FILE", "/no/such/file"), key], &[]);
}

/// Whoever sets it wants no colours, whatever it holds.
#[cfg(unix)]
#[test]
fn no_colour_is_a_wish_of_any_bytes() {
    for (bytes, wished) in [(&b""[..], false), (b"1", true), (b" ", true), (b"\xff", true)] {
        let value = no_text(bytes.to_vec());
        let get = |name: &str| (name == "NO_COLOR").then(|| value.clone());
        let environment = Environment::read_from(get);
        assert_eq!(environment.no_colour, wished, "{bytes:?}");
        assert_eq!(environment.warnings, Vec::<String>::new());
    }
}
