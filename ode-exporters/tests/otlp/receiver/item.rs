//! Spans and log records as they arrived, with nothing lost: see `tests/receiver/strict/items.py`.

use serde_json::Value as Json;

/// A span or a log record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item(Json);

/// An attribute's value with its OTLP type. Doubles are equal when their bits are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Empty,
    String(String),
    Bool(bool),
    Int(i64),
    Double(u64),
    Bytes(Vec<u8>),
    Array(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Item {
    pub(super) fn new(json: Json) -> Self {
        Self(json)
    }

    /// Everything.
    pub(crate) fn json(&self) -> &Json {
        &self.0
    }

    /// A text by its path, such as `/name`, `/status/message` or `/resource/schema_url`.
    #[track_caller]
    pub(crate) fn text(&self, path: &str) -> &str {
        self.0.pointer(path).and_then(Json::as_str).unwrap_or_else(|| panic!("{path}: {self:?}"))
    }

    /// A number by its path, such as `/kind`. Times are texts there, and are numbers here.
    #[track_caller]
    pub(crate) fn number(&self, path: &str) -> u64 {
        let found = self.0.pointer(path);
        let number = found.and_then(|one| one.as_u64().or_else(|| one.as_str()?.parse().ok()));
        number.unwrap_or_else(|| panic!("{path}: {self:?}"))
    }

    /// Attributes in their order; the path is of what has them: `/resource`, `/events/0`, and
    /// nothing for the item itself.
    #[track_caller]
    pub(crate) fn attributes(&self, path: &str) -> Vec<(String, Value)> {
        let found = self.0.pointer(&format!("{path}/attributes"));
        pairs(found.unwrap_or_else(|| panic!("{path}: {self:?}")))
    }

    /// The value of an attribute of the item itself.
    pub(crate) fn attribute(&self, key: &str) -> Option<Value> {
        let found = self.attributes("").into_iter().find(|(own, _)| own == key);
        found.map(|(_, value)| value)
    }

    /// The body of a log record.
    #[track_caller]
    pub(crate) fn body(&self) -> Value {
        value(self.0.get("body").unwrap_or_else(|| panic!("no log record: {self:?}")))
    }
}

fn pairs(json: &Json) -> Vec<(String, Value)> {
    let pairs = json.as_array().expect("a list of pairs").iter();
    pairs.map(|pair| (pair[0].as_str().expect("a key").to_owned(), value(&pair[1]))).collect()
}

fn value(json: &Json) -> Value {
    let (kind, inner) = json.as_object().and_then(|one| one.iter().next()).expect("one member");
    let text = inner.as_str().unwrap_or_default();
    match kind.as_str() {
        "empty" => Value::Empty,
        "string" => Value::String(text.to_owned()),
        "bool" => Value::Bool(inner.as_bool().expect("a truth value")),
        "int" => Value::Int(text.parse().expect("an integer")),
        "double" => Value::Double(u64::from_str_radix(text, 16).expect("the bits of a double")),
        "bytes" => Value::Bytes(octets(text)),
        "array" => Value::Array(inner.as_array().expect("a list").iter().map(value).collect()),
        "map" => Value::Map(pairs(inner)),
        other => panic!("no type of OTLP: {other}"),
    }
}

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16).expect("a digit")).collect();
    let octet = |pair: &[u32]| u8::try_from(pair[0] << 4 | pair[1]).expect("two digits");
    digits.chunks(2).map(octet).collect()
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Double(value.to_bits())
    }
}
