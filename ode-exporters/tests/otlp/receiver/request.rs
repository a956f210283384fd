//! One request as the receiver tells of it.

use serde_json::Value as Json;

use super::Item;

#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `grpc`, `http/protobuf` or `http/json`; empty when that could not be told.
    pub(crate) transport: String,
    /// `traces` or `logs`; empty when that could not be told.
    pub(crate) signal: String,
    /// The same number is the same connection.
    pub(crate) connection: u64,
    /// `none`, `gzip` or `zstd`.
    pub(crate) encoding: String,
    /// As they came, in their order.
    pub(crate) headers: Vec<(String, String)>,
    /// Size as it was sent.
    pub(crate) wire_bytes: u64,
    /// Size when decompressed.
    pub(crate) bytes: u64,
    /// Whether the receiver took the items.
    pub(crate) accepted: bool,
    /// What was wrong, in the receiver's words.
    pub(crate) problems: Vec<String>,
    pub(crate) items: Vec<Item>,
}

impl Request {
    pub(super) fn new(line: &Json) -> Self {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| line[name].as_u64().expect(name);
        let list = |name: &str| line[name].as_array().expect(name).iter();
        let word = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let problem = |json: &Json| {
            format!("{} at {}: {}", word(&json["check"]), word(&json["at"]), word(&json["detail"]))
        };
        Self {
            transport: text("transport"),
            signal: text("signal"),
            connection: number("connection"),
            encoding: text("encoding"),
            headers: list("headers").map(|pair| (word(&pair[0]), word(&pair[1]))).collect(),
            wire_bytes: number("wire_bytes"),
            bytes: number("bytes"),
            accepted: line["accepted"].as_bool().expect("accepted"),
            problems: list("problems").map(problem).collect(),
            items: list("items").cloned().map(Item::new).collect(),
        }
    }

    /// The value of a header, without regard to capitals.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}
