//! The body of a success: how many events were rejected all the same.

use serde_json::Value;

use super::printable::{printable, printable_bytes};
use super::wire::{Wire, read};

/// What a receiver says that took a request.
#[expect(clippy::exhaustive_structs, reason = "for the transports of this crate")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// How many of the events it rejected; never more than were sent.
    pub rejected: usize,
    /// Why, or a warning where none was rejected; short and printable, and empty where nothing was
    /// said. It may repeat what the request held: not for logs.
    pub message: String,
    /// The number made no sense: negative, or more than were sent.
    pub nonsense: bool,
}

impl Answer {
    /// Reads the answer to a request of `sent` events. Whatever it does not understand is a
    /// success, as the specification wants: protobuf or JSON whatever was asked in, snake case,
    /// nothing at all, a page of HTML.
    pub fn read(body: &[u8], content_type: Option<&str>, sent: usize) -> Self {
        let content_type = content_type.unwrap_or_default().trim_start();
        let is = |prefix: &str| {
            content_type.get(..prefix.len()).is_some_and(|own| own.eq_ignore_ascii_case(prefix))
        };
        let partial = if is("text/") {
            None
        } else if is("application/json") || body.first() == Some(&b'{') {
            // No message of OTLP begins with `{`, which would be a group.
            from_json(body)
        } else {
            from_protobuf(body)
        };
        let Some((rejected, message)) = partial else {
            return Self::default();
        };
        let count = usize::try_from(rejected).unwrap_or(0);
        Self { rejected: count.min(sent), message, nonsense: rejected < 0 || count > sent }
    }
}

fn from_protobuf(body: &[u8]) -> Option<(i64, String)> {
    let (mut rejected, mut message) = (0, None);
    read(body, |number, wire| match (number, wire) {
        (1, Wire::Len(partial)) => read(partial, |number, wire| {
            match (number, wire) {
                (1, Wire::Varint(count)) => rejected = count.cast_signed(),
                (2, Wire::Len(text)) => message = Some(text),
                _ => {}
            }
            Some(())
        }),
        _ => Some(()),
    })?;
    Some((rejected, message.map(printable_bytes).unwrap_or_default()))
}

fn from_json(body: &[u8]) -> Option<(i64, String)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let partial = first(&body, &["partialSuccess", "partial_success"])?;
    let counts = ["rejectedSpans", "rejectedLogRecords", "rejected_spans", "rejected_log_records"];
    let rejected = first(partial, &counts).map_or(0, integer);
    let message = first(partial, &["errorMessage", "error_message"]).and_then(Value::as_str);
    Some((rejected, message.map(printable).unwrap_or_default()))
}

/// The first of the members that is there, and not null.
pub(super) fn first<'v>(object: &'v Value, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| object.get(name).filter(|value| !value.is_null()))
}

/// An integer as JSON has them here: a number, or decimal text. More than fits is the most.
pub(super) fn integer(value: &Value) -> i64 {
    let number = match value {
        Value::String(text) => text.trim().parse::<i128>().ok(),
        Value::Number(number) => {
            let integer = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            #[expect(clippy::cast_possible_truncation, reason = "cut, and then clamped")]
            integer.or_else(|| number.as_f64().map(|float| float as i128))
        }
        _ => None,
    };
    let number = number.unwrap_or(0).clamp(i64::MIN.into(), i64::MAX.into());
    i64::try_from(number).unwrap_or(0)
}
