//! Answers of receivers, beyond those that were seen: any that the official types can say comes out as
//! it was meant, and no other can do harm.

use std::time::Duration;

use base64::Engine;
use ode_exporters::otlp::encode::{Answer, Status, status};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use serde_json::json;

use crate::answer_checks::answer;
use crate::answers::rpc;
use crate::cases::config;

/// Fields of later versions, each of which is passed over: any number, any kind but groups.
fn unknown() -> impl Strategy<Value = Vec<u8>> {
    let tag = |number: u64, kind: u64| {
        let mut bytes = Vec::new();
        prost::encoding::encode_varint(number << 3 | kind, &mut bytes);
        bytes
    };
    let number = 16..1_000_000_u64;
    let field = prop_oneof![
        (number.clone(), any::<u64>()).prop_map(move |(number, value)| {
            let mut bytes = tag(number, 0);
            prost::encoding::encode_varint(value, &mut bytes);
            bytes
        }),
        (number.clone(), any::<[u8; 8]>())
            .prop_map(move |(n, value)| [&tag(n, 1)[..], &value].concat()),
        (number.clone(), any::<[u8; 4]>())
            .prop_map(move |(n, value)| [&tag(n, 5)[..], &value].concat()),
        (number, vec(any::<u8>(), 0..20)).prop_map(move |(number, value)| {
            let mut bytes = tag(number, 2);
            prost::encoding::encode_varint(value.len() as u64, &mut bytes);
            [bytes, value].concat()
        }),
    ];
    vec(field, 0..3).prop_map(|fields| fields.concat())
}

/// Numbers near those at which something changes.
fn count() -> impl Strategy<Value = i64> {
    prop_oneof![-2..20_i64, any::<i64>(), Just(i64::MAX), Just(i64::MIN)]
}

/// Without what is shown as a blank, so that it can be compared.
fn message() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 é🦀{}\"\\\\]{0,80}"
}

fn expected_answer(rejected: i64, message: &str, sent: usize) -> Answer {
    let count = usize::try_from(rejected).unwrap_or(0);
    let nonsense = rejected < 0 || count > sent;
    Answer { rejected: count.min(sent), message: message.to_owned(), nonsense }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        answer(&bytes);
    }

    /// Nearly right, which reaches further than chance does.
    #[test]
    fn answers_that_were_right(
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..6),
        which in 0..crate::answers::WHOLE.len(),
        behind in unknown(),
    ) {
        let mut bytes = crate::answers::WHOLE[which].to_vec();
        for (at, byte, kind) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes.insert(at, byte),
                1 => bytes[at] = byte,
                2 => bytes.extend_from_within(at..),
                _ => bytes.truncate(at),
            }
        }
        bytes.extend_from_slice(&behind);
        answer(&bytes);
    }

    #[test]
    fn any_partial_success_is_read_as_it_was_meant(
        rejected in count(),
        message in message(),
        sent in 0..20_usize,
        unknown in unknown(),
    ) {
        let partial = ExportTracePartialSuccess { rejected_spans: rejected, error_message: message.clone() };
        let mut body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        body.extend_from_slice(&unknown);
        answer(&body);
        let expected = expected_answer(rejected, &message, sent);
        prop_assert_eq!(Answer::read(&body, Some("application/x-protobuf"), sent), expected.clone());
        let body = json!({
            "later": [{"x": unknown}],
            "partialSuccess": {"rejectedSpans": rejected.to_string(), "errorMessage": message},
        });
        let body = body.to_string().into_bytes();
        answer(&body);
        prop_assert_eq!(Answer::read(&body, Some("application/json"), sent), expected);
    }

    #[test]
    fn any_status_is_read_as_it_was_meant(
        code in any::<i32>(),
        message in message(),
        delay in proptest::option::of((any::<i64>(), -5..1_100_000_000_i32)),
        others in vec(vec(any::<u8>(), 0..20), 0..3),
        unknown in unknown(),
    ) {
        let any = |url: &str, value| rpc::Any { type_url: url.to_owned(), value };
        let mut details: Vec<_> =
            others.into_iter().map(|value| any("type.googleapis.com/google.rpc.Help", value)).collect();
        if let Some((seconds, nanos)) = delay {
            let delay = rpc::RetryInfo { retry_delay: Some(rpc::Delay { seconds, nanos }) };
            details.push(any("type.googleapis.com/google.rpc.RetryInfo", delay.encode_to_vec()));
        }
        let sent = rpc::Status { code, message: message.clone(), details };
        let mut body = sent.encode_to_vec();
        body.extend_from_slice(&unknown);
        answer(&body);
        let retry_delay = delay.map(|(seconds, nanos)| {
            let nanos = u32::try_from(nanos).unwrap_or(0).min(999_999_999);
            u64::try_from(seconds).map_or(Duration::ZERO, |seconds| Duration::new(seconds, nanos))
        });
        prop_assert_eq!(status(&body), Some(Status { code, message, retry_delay }));
        // As the trailer of gRPC has it, whoever decodes that.
        let text = base64::engine::general_purpose::STANDARD.encode(&body);
        answer(text.as_bytes());
    }

    #[test]
    fn any_status_as_json_is_read_as_it_was_meant(
        code in any::<i32>(),
        message in message(),
        millis in proptest::option::of(0..10_000_000_u32),
    ) {
        let kind = "type.googleapis.com/google.rpc.RetryInfo";
        let delay = |millis: u32| format!("{}.{:03}s", millis / 1_000, millis % 1_000);
        let details = millis.map(|millis| json!({"@type": kind, "retryDelay": delay(millis)}));
        let details = Vec::from_iter(details);
        let body = json!({"code": code, "message": message, "details": details}).to_string();
        answer(body.as_bytes());
        let read = status(body.as_bytes()).unwrap();
        prop_assert_eq!((read.code, &read.message), (code, &message));
        let off = |millis: u32| {
            let meant = Duration::from_millis(millis.into());
            read.retry_delay.is_some_and(|read| read.abs_diff(meant) < Duration::from_micros(1))
        };
        prop_assert!(millis.map_or(read.retry_delay.is_none(), off), "{:?} {:?}", millis, read);
    }
}

/// Deeper than any stack, in each place where JSON is read.
#[test]
fn deep_nesting() {
    for depth in [127, 128, 100_000] {
        for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            for place in ["partialSuccess", "details", "message", "code"] {
                answer(format!("{{\"{place}\":{nested}}}").as_bytes());
            }
            answer(nested.as_bytes());
        }
    }
    // Messages in messages, which are not looked into further than there are any.
    let mut bytes = Vec::new();
    for _ in 0..10_000 {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
        outer.append(&mut bytes);
        bytes = outer;
    }
    answer(&bytes);
}
