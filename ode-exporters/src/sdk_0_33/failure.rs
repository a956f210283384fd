//! What an error of the SDK means. It does not say itself whether trying again can help.

use std::error::Error;
use std::fmt;

use ode_core::ExportError;
use opentelemetry_sdk::error::OTelSdkError;

/// How much of what an exporter says is repeated.
const MAX_CHARS: usize = 400;

/// What is thought of a failure that is not understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It is final. So the contract of SDK exporters has it: who can try again, does so itself.
    #[default]
    Final,
    Passes,
}

/// The error for the pipeline.
pub(crate) fn failure(error: &OTelSdkError, unknown: Unknown) -> ExportError {
    let text = error.to_string();
    let told =
        Told(text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_CHARS).collect());
    if passes(error, unknown) { ExportError::retryable(told) } else { ExportError::permanent(told) }
}

fn passes(error: &OTelSdkError, unknown: Unknown) -> bool {
    match error {
        OTelSdkError::Timeout(_) => true,
        OTelSdkError::AlreadyShutdown => false,
        OTelSdkError::InternalFailure(text) => of_otlp(text).unwrap_or(unknown == Unknown::Passes),
    }
}

/// Whether a failure of `opentelemetry-otlp` passes; nothing where the text is of somebody else.
///
/// It tries again itself for a second or two, and honours `RetryInfo` and `Retry-After` meanwhile.
/// Then it says nothing but the status, in a text, so the text is looked at. The tests hold what is
/// expected of it.
fn of_otlp(text: &str) -> Option<bool> {
    const STATUS: &str = "HTTP export failed with status code: ";
    const CODE: &str = "export failed with gRPC code: ";
    if text.starts_with("HTTP export failed: network error") {
        return Some(true);
    }
    if let Some(status) = text.strip_prefix(STATUS) {
        return Some(matches!(status, "429" | "502" | "503" | "504"));
    }
    let (_, rest) = text.split_once(CODE)?;
    // What a receiver says has no cause. With one, it is the connection that failed.
    if rest.contains(": ") {
        return Some(true);
    }
    // `ResourceExhausted` can pass, but only where the answer says so; who saw the answer has waited
    // for that.
    let codes =
        ["Cancelled", "DeadlineExceeded", "Aborted", "OutOfRange", "Unavailable", "DataLoss"];
    Some(codes.contains(&rest))
}

/// What an exporter said.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) String);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Told {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_passes() {
        let said = |text: &str| OTelSdkError::InternalFailure(text.to_owned());
        let of_grpc =
            |code: &str| said(&format!("TonicTracesClient export failed with gRPC code: {code}"));
        for (error, expected) in [
            (OTelSdkError::Timeout(Duration::from_secs(1)), true),
            (OTelSdkError::AlreadyShutdown, false),
            (said("HTTP export failed: network error"), true),
            (said("HTTP export failed with status code: 400"), false),
            (said("HTTP export failed with status code: 500"), false),
            (said("HTTP export failed with status code: 503"), true),
            (of_grpc("Unavailable"), true),
            (of_grpc("Unavailable: transport error: connection refused"), true),
            (of_grpc("Unknown: transport error"), true),
            (of_grpc("Unknown"), false),
            (of_grpc("ResourceExhausted"), false),
            (of_grpc("InvalidArgument"), false),
            (of_grpc("a code of tomorrow"), false),
        ] {
            for unknown in [Unknown::Final, Unknown::Passes] {
                assert_eq!(failure(&error, unknown).is_retryable(), expected, "{error}");
            }
        }
        let error = said("the vendor is not amused");
        assert!(!failure(&error, Unknown::Final).is_retryable());
        assert!(failure(&error, Unknown::Passes).is_retryable());
    }

    #[test]
    fn what_is_said_is_short_and_one_line() {
        let text = format!("a\n\u{1b}[2J{}", "b".repeat(1_000));
        let error = failure(&OTelSdkError::InternalFailure(text), Unknown::Final);
        let told = error.source().unwrap().to_string();
        assert!(told.starts_with("Operation failed: a  [2Jbbb"), "{told}");
        assert_eq!(told.chars().count(), MAX_CHARS);
    }
}
