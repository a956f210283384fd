//! The names of attributes that the encoder itself writes, beside the fields of events.

pub(crate) const EVENT_ID: &str = "event_id";
pub(crate) const OUTCOME: &str = "outcome";
pub(crate) const BUILD_ID: &str = "build_id";
pub(crate) const DURATION_NS: &str = "duration_ns";
pub(crate) const PARENT_SPAN_ID: &str = "parent_span_id";
/// The keys of integers that are written as text, because OTLP's integers are signed.
pub(crate) const U64_AS_STRING: &str = "ode.u64_as_string";
/// How many events one stands for, as an integer: backends multiply by it.
pub(crate) const SAMPLE_RATE: &str = "SampleRate";

pub(crate) const EXCEPTION: &str = "exception";
pub(crate) const EXCEPTION_TYPE: &str = "exception.type";
pub(crate) const EXCEPTION_MESSAGE: &str = "exception.message";

pub(crate) const SERVICE_NAME: &str = "service.name";
pub(crate) const SDK_NAME: &str = "telemetry.sdk.name";
pub(crate) const SDK_LANGUAGE: &str = "telemetry.sdk.language";
pub(crate) const SDK_VERSION: &str = "telemetry.sdk.version";

/// The name of a log record about one flag.
pub(crate) const EVALUATION: &str = "feature_flag.evaluation";
pub(crate) const FLAG_KEY: &str = "feature_flag.key";
pub(crate) const FLAG_VARIANT: &str = "feature_flag.result.variant";
pub(crate) const FLAG_REASON: &str = "feature_flag.result.reason";
pub(crate) const ERROR_TYPE: &str = "error.type";

/// All of them, for the test that holds them against the semantic conventions.
pub const WRITTEN: [&str; 17] = [
    EVENT_ID,
    OUTCOME,
    BUILD_ID,
    DURATION_NS,
    PARENT_SPAN_ID,
    U64_AS_STRING,
    SAMPLE_RATE,
    EXCEPTION_TYPE,
    EXCEPTION_MESSAGE,
    SERVICE_NAME,
    SDK_NAME,
    SDK_LANGUAGE,
    SDK_VERSION,
    FLAG_KEY,
    FLAG_VARIANT,
    FLAG_REASON,
    ERROR_TYPE,
];
