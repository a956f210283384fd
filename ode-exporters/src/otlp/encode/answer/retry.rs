//! The body of a failure: `google.rpc.Status`, and in it when to try again.

use std::time::Duration;

use serde_json::Value;

use super::partial::{first, integer};
use super::printable::{printable, printable_bytes};
use super::wire::{Wire, read};

/// What a receiver says that did not take a request.
#[expect(clippy::exhaustive_structs, reason = "for the transports of this crate")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// A gRPC status code; 0 if none was said.
    pub code: i32,
    /// Short and printable. It may repeat what the request held, headers too: not for logs.
    pub message: String,
    /// The delay of a `RetryInfo`; zero if there is one that says nothing, or less than nothing.
    pub retry_delay: Option<Duration>,
}

/// Reads a `google.rpc.Status`: the content of `grpc-status-details-bin`, decoded from base64, or
/// the body of an HTTP error in protobuf or JSON. `None` for anything else.
pub fn status(bytes: &[u8]) -> Option<Status> {
    if bytes.first() == Some(&b'{') { from_json(bytes) } else { from_protobuf(bytes) }
}

const RETRY_INFO: &str = "google.rpc.RetryInfo";

fn from_protobuf(bytes: &[u8]) -> Option<Status> {
    let mut status = Status::default();
    read(bytes, |number, wire| {
        match (number, wire) {
            (1, Wire::Varint(code)) => status.code = int32(code),
            (2, Wire::Len(text)) => status.message = printable_bytes(text),
            (3, Wire::Len(detail)) => {
                // One detail that cannot be read does not spoil the rest.
                status.retry_delay = retry_info(detail).or(status.retry_delay);
            }
            _ => {}
        }
        Some(())
    })?;
    Some(status)
}

/// The delay, where the `Any` is a `RetryInfo`.
fn retry_info(any: &[u8]) -> Option<Duration> {
    let (mut url, mut value) = (&b""[..], &b""[..]);
    read(any, |number, wire| {
        match (number, wire) {
            (1, Wire::Len(bytes)) => url = bytes,
            (2, Wire::Len(bytes)) => value = bytes,
            _ => {}
        }
        Some(())
    })?;
    let name = url.rsplit(|byte| *byte == b'/').next()?;
    if name != RETRY_INFO.as_bytes() {
        return None;
    }
    let (mut seconds, mut nanos) = (0, 0);
    read(value, |number, wire| match (number, wire) {
        (1, Wire::Len(duration)) => read(duration, |number, wire| {
            match (number, wire) {
                (1, Wire::Varint(number)) => seconds = number.cast_signed(),
                (2, Wire::Varint(number)) => nanos = int32(number),
                _ => {}
            }
            Some(())
        }),
        _ => Some(()),
    })?;
    let seconds = u64::try_from(seconds).ok();
    let nanos = u32::try_from(nanos).unwrap_or(0).min(999_999_999);
    Some(seconds.map_or(Duration::ZERO, |seconds| Duration::new(seconds, nanos)))
}

/// An `int32`: the lower half of a varint.
fn int32(number: u64) -> i32 {
    let [a, b, c, d, ..] = number.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

fn from_json(bytes: &[u8]) -> Option<Status> {
    let body: Value = serde_json::from_slice(bytes).ok()?;
    let mut status = Status {
        code: first(&body, &["code"]).map_or(0, |code| i32::try_from(integer(code)).unwrap_or(0)),
        message: first(&body, &["message"])
            .and_then(Value::as_str)
            .map(printable)
            .unwrap_or_default(),
        retry_delay: None,
    };
    let details = first(&body, &["details"]).and_then(Value::as_array);
    for detail in details.into_iter().flatten() {
        let kind = first(detail, &["@type"]).and_then(Value::as_str).unwrap_or_default();
        if kind.rsplit('/').next() == Some(RETRY_INFO) {
            let delay = first(detail, &["retryDelay", "retry_delay"]).and_then(Value::as_str);
            status.retry_delay = Some(delay.and_then(json_duration).unwrap_or_default());
        }
    }
    Some(status)
}

/// `1.500s`, as JSON has durations.
fn json_duration(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
