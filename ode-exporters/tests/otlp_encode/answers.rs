//! What receivers answer: those that were seen, and nonsense (T27).

use std::time::Duration;

use ode_exporters::otlp::encode::{Answer, Status, status};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message;

/// Bodies for the tests that damage them.
pub(crate) const WHOLE: [&[u8]; 6] = [
    b"\x0a\x08\x08\x03\x12\x04nope",
    b"{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"nope\"}}",
    b"{\"partial_success\":{\"rejected_log_records\":3}}",
    b"\x08\x08\x12\x04busy\x1a\x30\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x05",
    b"{\"code\":8,\"message\":\"busy\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"1.5s\"}]}",
    b"{\"ok\":1}",
];

#[track_caller]
fn check(body: &[u8], content_type: Option<&str>, rejected: usize, message: &str, nonsense: bool) {
    let expected = Answer { rejected, message: message.to_owned(), nonsense };
    assert_eq!(Answer::read(body, content_type, 10), expected, "{:?}", body.escape_ascii());
}

const PROTOBUF: Option<&str> = Some("application/x-protobuf");
const JSON: Option<&str> = Some("application/json; charset=utf-8");

#[test]
fn full_successes() {
    for content_type in [None, PROTOBUF, JSON, Some("text/html"), Some("")] {
        for body in [
            &b""[..],
            b"{}",
            b"{\"ok\":1}",
            b"{\"acceptedTraces\":1}",
            b"{\"partialSuccess\":null}",
            b"{\"partialSuccess\":{}}",
            b"{\"partial_success\":{}}",
            b"OK",
            b"<html>OK</html>",
            b"\x0a\x00",
            b"\xff\xff\xff",
            b"{\"partialSuccess\":{\"rejectedSpans\":",
            b"[1,2]",
            b"{\"partialSuccess\":7}",
        ] {
            check(body, content_type, 0, "", false);
        }
    }
}

#[test]
fn protobuf_of_both_signals() {
    for (rejected, counted, nonsense) in [
        (3, 3, false),
        (0, 0, false),
        (10, 10, false),
        (11, 10, true),
        (-1, 0, true),
        (i64::MAX, 10, true),
    ] {
        let message = "nope".to_owned();
        let partial =
            ExportTracePartialSuccess { rejected_spans: rejected, error_message: message.clone() };
        let spans = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        let partial =
            ExportLogsPartialSuccess { rejected_log_records: rejected, error_message: message };
        let logs = ExportLogsServiceResponse { partial_success: Some(partial) }.encode_to_vec();
        for body in [spans, logs] {
            check(&body, PROTOBUF, counted, "nope", nonsense);
            check(&body, None, counted, "nope", nonsense);
        }
    }
}

#[test]
fn json_of_both_signals_and_spellings() {
    for (body, rejected, message, nonsense) in [
        (r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"nope"}}"#, 3, "nope", false),
        (r#"{"partialSuccess":{"rejectedLogRecords":3,"errorMessage":"nope"}}"#, 3, "nope", false),
        (r#"{"partial_success":{"rejected_spans":"3","error_message":"nope"}}"#, 3, "nope", false),
        (r#"{"partial_success":{"rejected_log_records":3}}"#, 3, "", false),
        (r#"{"partialSuccess":{"errorMessage":"a warning"}}"#, 0, "a warning", false),
        (r#"{"partialSuccess":{"rejectedSpans":null,"errorMessage":null}}"#, 0, "", false),
        (r#"{"partialSuccess":{"rejectedSpans":"-3"}}"#, 0, "", true),
        (r#"{"partialSuccess":{"rejectedSpans":1e300}}"#, 10, "", true),
        (r#"{"partialSuccess":{"rejectedSpans":"99999999999999999999999"}}"#, 10, "", true),
        (r#"{"partialSuccess":{"rejectedSpans":"many"}}"#, 0, "", false),
        (r#"{"partialSuccess":{"rejectedSpans":2.0}}"#, 2, "", false),
    ] {
        // Also as the answer to protobuf.
        for content_type in [JSON, PROTOBUF, None] {
            check(body.as_bytes(), content_type, rejected, message, nonsense);
        }
    }
    check(b" \n{\"partialSuccess\":{\"rejectedSpans\":1}}", JSON, 1, "", false);
}

#[test]
fn messages_are_short_and_harmless() {
    let message = format!("\u{1b}[2J{}\r\n\u{202e}", "x".repeat(100_000));
    let partial = ExportTracePartialSuccess { rejected_spans: 1, error_message: message };
    let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let answer = Answer::read(&body, PROTOBUF, 1);
    assert_eq!(answer.message.len(), 512);
    assert!(answer.message.starts_with(" [2Jx") && !answer.message.contains(char::is_control));
}

/// `google.rpc`, as far as it is answered with.
pub(crate) mod rpc {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Status {
        #[prost(int32, tag = "1")]
        pub(crate) code: i32,
        #[prost(string, tag = "2")]
        pub(crate) message: String,
        #[prost(message, repeated, tag = "3")]
        pub(crate) details: Vec<Any>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Any {
        #[prost(string, tag = "1")]
        pub(crate) type_url: String,
        #[prost(bytes = "vec", tag = "2")]
        pub(crate) value: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        pub(crate) retry_delay: Option<Delay>,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(crate) struct Delay {
        #[prost(int64, tag = "1")]
        pub(crate) seconds: i64,
        #[prost(int32, tag = "2")]
        pub(crate) nanos: i32,
    }
}

fn failure(delay: Option<rpc::Delay>) -> Vec<u8> {
    let other = rpc::Any { type_url: "x/google.rpc.BadRequest".to_owned(), value: vec![0xff] };
    let info = rpc::Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: rpc::RetryInfo { retry_delay: delay }.encode_to_vec(),
    };
    rpc::Status { code: 8, message: "busy".to_owned(), details: vec![other, info] }.encode_to_vec()
}

#[test]
fn retry_info() {
    let delay = |seconds, nanos| Some(rpc::Delay { seconds, nanos });
    for (sent, read) in [
        (delay(5, 0), Duration::from_secs(5)),
        (delay(0, 250_000_000), Duration::from_millis(250)),
        (delay(0, 0), Duration::ZERO),
        (None, Duration::ZERO),
        (delay(-5, 0), Duration::ZERO),
        (delay(1, -1), Duration::from_secs(1)),
        (delay(i64::MAX, i32::MAX), Duration::new(i64::MAX as u64, 999_999_999)),
    ] {
        let expected = Status { code: 8, message: "busy".to_owned(), retry_delay: Some(read) };
        assert_eq!(status(&failure(sent)), Some(expected), "{sent:?}");
    }
}

#[test]
fn failures_without_retry_info() {
    let of = |code, message: &str, retry_delay| {
        Some(Status { code, message: message.to_owned(), retry_delay })
    };
    let plain = rpc::Status { code: 14, message: "away\n".to_owned(), details: Vec::new() };
    assert_eq!(status(&plain.encode_to_vec()), of(14, "away ", None));
    assert_eq!(status(br#"{"code":3,"message":"bad"}"#), of(3, "bad", None));
    assert_eq!(status(WHOLE[4]), of(8, "busy", Some(Duration::from_millis(1_500))));
    assert_eq!(status(WHOLE[3]), of(8, "busy", Some(Duration::from_secs(5))));
    assert_eq!(status(b""), of(0, "", None));
    for nonsense in [&b"<html>"[..], b"not found", b"{", b"\xff"] {
        assert_eq!(status(nonsense), None, "{}", nonsense.escape_ascii());
    }
    let negative = br#"{"details":[{"@type":"a/google.rpc.RetryInfo","retryDelay":"-1s"}]}"#;
    assert_eq!(status(negative), of(0, "", Some(Duration::ZERO)));
}
