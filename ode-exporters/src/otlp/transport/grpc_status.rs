//! What gRPC says at the end of a call, and what that means.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use tonic::Code;

use crate::otlp::encode::status;
use crate::otlp::transport::failure::{Failure, Verdict};
use crate::otlp::transport::retry_after::bounded;

/// Senders differ in whether they pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The status among headers or trailers, if there is one. What is no number is unknown.
pub(crate) fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|value| Code::from_bytes(value.as_bytes()))
}

/// The status that stands for an answer of HTTP without one.
pub(crate) fn code_of_http(status: u16) -> Code {
    match status {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// What a call that failed means for what was sent.
pub(crate) fn failure(code: Code, headers: &HeaderMap, encoding: Option<&str>) -> Failure {
    let hint = hint(code, encoding);
    let what = format!("answered {}{hint}", name(code));
    Failure::answered(verdict(code, retry_delay(headers)), what)
}

/// The delay of the `RetryInfo`, if there is one; it may be zero.
fn retry_delay(headers: &HeaderMap) -> Option<Duration> {
    let details = headers.get("grpc-status-details-bin")?;
    status(&BASE64.decode(details.as_bytes()).ok()?)?.retry_delay
}

/// What may be sent again is a list of the specification.
fn verdict(code: Code, retry_info: Option<Duration>) -> Verdict {
    match code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Verdict::Retry(retry_info.and_then(bounded)),
        // Only whoever says when has something that recovers.
        Code::ResourceExhausted if retry_info.is_some() => {
            Verdict::Retry(retry_info.and_then(bounded))
        }
        _ => Verdict::REFUSED,
    }
}

fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// What to look at.
fn hint(code: Code, encoding: Option<&str>) -> Cow<'static, str> {
    match (code, encoding) {
        (Code::Unimplemented, Some(encoding)) => format!(
            "; it may not take {encoding}, so try without compression, or not take this signal"
        )
        .into(),
        (Code::Unimplemented, None) => "; it does not take this signal by gRPC".into(),
        (Code::Unauthenticated | Code::PermissionDenied, _) => {
            "; look at the header with the credentials".into()
        }
        (Code::ResourceExhausted, _) => {
            "; lower `max_request_bytes` if requests are too large".into()
        }
        _ => "".into(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const RETRYABLE: [i32; 6] = [1, 4, 10, 11, 14, 15];

    #[test]
    fn every_code() {
        let delay = Duration::from_millis(1_500);
        for number in 1..=17 {
            let code = Code::from(number);
            let retried = RETRYABLE.contains(&number);
            let plain = if retried { Verdict::Retry(None) } else { Verdict::REFUSED };
            assert_eq!(verdict(code, None), plain, "{code:?}");
            let exhausted = code == Code::ResourceExhausted;
            let told = |delay| {
                if retried || exhausted { Verdict::Retry(delay) } else { Verdict::REFUSED }
            };
            assert_eq!(verdict(code, Some(delay)), told(Some(delay)), "{code:?}");
            assert_eq!(verdict(code, Some(Duration::ZERO)), told(None), "{code:?}");
        }
    }

    #[test]
    fn codes_of_http() {
        let known = [
            (400, Code::Internal),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (429, Code::Unavailable),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::Unavailable),
        ];
        for status in 200..=599 {
            let expected = known.iter().find(|(own, _)| *own == status);
            let expected = expected.map_or(Code::Unknown, |(_, code)| *code);
            assert_eq!(code_of_http(status), expected, "{status}");
        }
    }

    fn headers(status: &str, details: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", HeaderValue::from_str(status).unwrap());
        headers.insert("grpc-status-details-bin", HeaderValue::from_str(details).unwrap());
        headers
    }

    #[test]
    fn reads_what_can_be_read() {
        // A Status with one detail, a RetryInfo of 2 s.
        let mut bytes =
            b"\x08\x0e\x1a\x30\x0a\x28type.googleapis.com/google.rpc.RetryInfo".to_vec();
        bytes.extend_from_slice(b"\x12\x04\x0a\x02\x08\x02");
        let padded = base64::engine::general_purpose::STANDARD.encode(&bytes);
        for details in [padded.as_str(), padded.trim_end_matches('=')] {
            let headers = headers("14", details);
            assert_eq!(retry_delay(&headers), Some(Duration::from_secs(2)));
            assert_eq!(code(&headers), Some(Code::Unavailable));
        }
        for nonsense in ["", "%%%", "====", "AAAA", "canary", "8"] {
            assert_eq!(retry_delay(&headers("14", nonsense)), None, "{nonsense}");
        }
        for (text, expected) in [("0", 0), ("16", 16), ("17", 2), ("-1", 2), ("", 2), ("ok", 2)] {
            assert_eq!(code(&headers(text, "")), Some(Code::from(expected)), "{text}");
        }
        assert_eq!(code(&HeaderMap::new()), None);
    }

    #[test]
    fn a_receiver_without_gzip_is_named_as_such() {
        let failure = failure(Code::Unimplemented, &HeaderMap::new(), Some("gzip"));
        let text = failure.named("send spans".to_owned()).to_string();
        assert!(text.contains("may not take gzip"), "{text}");
    }
}
