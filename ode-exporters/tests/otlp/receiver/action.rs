//! What the receiver does with a request: see `tests/receiver/strict/plan.py` for each of them.

use serde_json::{Map, Value as Json, json};

/// The protocol that a plan is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Http,
    Grpc,
}

impl Side {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

/// One action of a plan. What a side cannot do, the receiver refuses when the plan is made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Action(Map<String, Json>);

impl Action {
    /// An action by its name, for those without members: `silence`, `black_hole`, `reset_before`,
    /// `reset_after`, `half`, `drip`, `huge`, `endless_headers`.
    pub(crate) fn named(name: &str) -> Self {
        Self(Map::from_iter([("do".to_owned(), json!(name))]))
    }

    pub(crate) fn with(mut self, member: &str, value: impl Into<Json>) -> Self {
        self.0.insert(member.to_owned(), value.into());
        self
    }

    pub(crate) fn ok() -> Self {
        Self::named("ok")
    }

    /// An HTTP status; over gRPC, without gRPC.
    pub(crate) fn status(status: u16) -> Self {
        Self::named("status").with("status", status)
    }

    /// For [`Action::status`].
    pub(crate) fn retry_after(self, value: &str) -> Self {
        self.with("retry_after", value)
    }

    /// A gRPC status by its number.
    pub(crate) fn code(code: i32) -> Self {
        Self::named("code").with("code", code)
    }

    /// For [`Action::code`]: a `RetryInfo` with this delay, sensible or not.
    pub(crate) fn retry_info(self, seconds: i64, nanos: i32) -> Self {
        self.with("retry_seconds", seconds).with("retry_nanos", nanos)
    }

    pub(crate) fn partial(rejected: i64, message: &str) -> Self {
        Self::named("partial").with("rejected", rejected).with("message", message)
    }

    /// A success over HTTP with any body.
    pub(crate) fn answer(content_type: Option<&str>, body: &[u8]) -> Self {
        let headers: Vec<_> =
            content_type.into_iter().map(|own| json!(["content-type", own])).collect();
        let hex = body.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let hex: String = hex.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
        Self::named("answer").with("headers", headers).with("body_hex", hex)
    }

    /// A 1xx, followed by another action or by nothing.
    pub(crate) fn informational(status: u16, then: Option<Self>) -> Self {
        let action = Self::named("informational").with("status", status);
        match then {
            Some(then) => action.with("then", then.0),
            None => action,
        }
    }

    /// To the port that counts who comes: see [`super::Receiver::stats`].
    pub(crate) fn redirect(status: u16) -> Self {
        Self::named("redirect").with("status", status)
    }

    /// Waits for [`super::Receiver::release`].
    pub(crate) fn hold(then: Self) -> Self {
        Self::named("hold").with("then", then.0)
    }

    /// What servers in the field answer to a request over HTTP that they took.
    pub(crate) fn odd_successes() -> Vec<Self> {
        let (json, html) = (Some("application/json"), Some("text/html"));
        vec![
            Self::answer(None, b""),
            Self::answer(Some("application/x-protobuf"), b""),
            Self::answer(json, b"{}"),
            Self::answer(json, br#"{"partialSuccess":null}"#),
            Self::answer(json, br#"{"partialSuccess":{}}"#),
            Self::answer(json, br#"{"acceptedTraces":1}"#),
            Self::answer(None, br#"{"ok":1}"#),
            Self::answer(html, b"OK"),
            Self::answer(Some("application/x-protobuf"), b"\xff\xff\xff"),
            Self::answer(json, b"{"),
            Self::answer(None, b"").with("status", 202),
            Self::answer(None, b"").with("status", 204),
        ]
    }

    pub(super) fn json(&self) -> Json {
        Json::Object(self.0.clone())
    }
}
