//! Names against the official constants of the semantic conventions.

use ode_core::Process;
use ode_exporters::otlp::encode::WRITTEN;
use opentelemetry_semantic_conventions::{attribute, resource};

/// Names that no convention has.
const OURS: [&str; 8] = [
    "build.source",
    "build_id",
    "duration_ns",
    "event_id",
    "ode.u64_as_string",
    "outcome",
    "parent_span_id",
    // As Honeycomb has it, and others take it.
    "SampleRate",
];

const OFFICIAL: [&str; 15] = [
    attribute::ERROR_TYPE,
    attribute::FEATURE_FLAG_KEY,
    attribute::FEATURE_FLAG_RESULT_REASON,
    attribute::FEATURE_FLAG_RESULT_VARIANT,
    attribute::EXCEPTION_TYPE,
    attribute::EXCEPTION_MESSAGE,
    resource::DEPLOYMENT_ENVIRONMENT_NAME,
    resource::HOST_NAME,
    resource::PROCESS_PID,
    resource::SERVICE_NAME,
    resource::SERVICE_VERSION,
    resource::TELEMETRY_SDK_LANGUAGE,
    resource::TELEMETRY_SDK_NAME,
    resource::TELEMETRY_SDK_VERSION,
    resource::VCS_REF_HEAD_REVISION,
];

#[test]
fn every_name_is_official_or_known_to_be_ours() {
    let process = Process::new("1f3a")
        .build_source("env")
        .service("shop", "1")
        .revision("abc")
        .environment("test")
        .host_name("h")
        .pid(7);
    let of_process: Vec<_> = process.fields().map(|(key, _)| key).collect();
    let mut written: Vec<_> = WRITTEN.into_iter().chain(of_process).collect();
    written.sort_unstable();
    written.dedup();
    let mut known: Vec<_> = OFFICIAL.into_iter().chain(OURS).collect();
    known.sort_unstable();
    assert_eq!(written, known);
}

/// Fields that events have by themselves, and are attributes as they are.
#[test]
fn the_type_of_an_error_is_official() {
    assert_eq!(attribute::ERROR_TYPE, "error.type");
}
