//! The fields of an event that have a place of their own in OTLP, or another meaning.

use ode_core::{Event, TraceContext, Value};

use crate::otlp::encode::evaluation::flag_of;
use crate::otlp::encode::lists::is_large;
use crate::otlp::encode::names;
use crate::otlp::encode::signal::Signal;
use crate::otlp::encode::table::{self, kind_of};

/// What was found among the fields while they were put as attributes.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'e> {
    pub(crate) kind: u32,
    pub(crate) trace_state: Option<&'e str>,
    /// A list of `traceparent`s, some of which are valid.
    pub(crate) links: Option<Value<'e>>,
    pub(crate) error_type: Option<&'e str>,
    pub(crate) error_message: Option<&'e str>,
    /// Of a decline or a cancellation.
    pub(crate) reason: Option<&'e str>,
    /// At least 1.
    pub(crate) sample_rate: Option<f64>,
    /// Fields that the event itself had no room for.
    pub(crate) dropped: u64,
    /// Flags were evaluated.
    pub(crate) evaluated: bool,
}

impl Default for Facts<'_> {
    fn default() -> Self {
        Self {
            kind: table::KIND_INTERNAL,
            trace_state: None,
            links: None,
            error_type: None,
            error_message: None,
            reason: None,
            sample_rate: None,
            dropped: 0,
            evaluated: false,
        }
    }
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An attribute.
    Attribute,
    /// An attribute of another name.
    Moved(&'static str),
    /// An attribute with those `traceparent`s that cannot be read.
    BadLinks,
    /// No attribute.
    Elsewhere,
}

impl<'e> Facts<'e> {
    /// Takes note of a field.
    pub(crate) fn note(
        &mut self,
        signal: Signal,
        event: &'e Event,
        key: &str,
        value: Value<'e>,
    ) -> Place {
        if let Some(name) = moved(event, key) {
            return Place::Moved(name);
        }
        match (key, value) {
            // A log record has no other place for it.
            ("ode.kind", Value::Str(word)) if signal == Signal::Spans => {
                if let Some(kind) = kind_of(word) {
                    self.kind = kind;
                    return Place::Elsewhere;
                }
            }
            ("trace_state", Value::Str(state)) if signal == Signal::Spans => {
                self.trace_state = Some(state);
                return Place::Elsewhere;
            }
            ("links", links) if signal == Signal::Spans => {
                let (valid, invalid) = count_links(links);
                if valid > 0 {
                    self.links = Some(links);
                    return if invalid > 0 { Place::BadLinks } else { Place::Elsewhere };
                }
            }
            ("trace_state", Value::Str(state)) => self.trace_state = Some(state),
            ("error.type", Value::Str(text)) => self.error_type = Some(text),
            ("error.message", Value::Str(text)) => self.error_message = Some(text),
            ("declined.reason" | "cancelled.cause", Value::Str(text)) => self.reason = Some(text),
            ("sample_rate", Value::F64(rate)) if rate.is_finite() && rate >= 1.0 => {
                self.sample_rate = Some(rate);
            }
            ("ode.dropped_fields", Value::U64(dropped)) => self.dropped = dropped,
            (flag, _) => self.evaluated |= flag_of(flag).is_some(),
        }
        Place::Attribute
    }

    /// What a failed unit says of itself.
    pub(crate) fn message(&self, event: &Event) -> &'e str {
        let said = self.error_message.filter(|text| !text.is_empty());
        said.or(self.error_type).unwrap_or(event.outcome().as_str())
    }
}

/// What [`Facts::note`] looks for.
const SPECIAL: [&str; 12] = [
    "",
    "ode.kind",
    "trace_state",
    "links",
    "error.type",
    "error.message",
    "declined.reason",
    "cancelled.cause",
    "sample_rate",
    "ode.dropped_fields",
    names::SAMPLE_RATE,
    names::U64_AS_STRING,
];

/// Whether a field may be more than an attribute.
pub(crate) fn is_special(key: &str) -> bool {
    SPECIAL.contains(&key) || flag_of(key).is_some()
}

/// Whether a field is perhaps special. Almost all are not, which their length and first letter tell.
#[inline]
pub(crate) fn may_be_special(key: &[u8]) -> bool {
    let first = key.first().copied().unwrap_or(0);
    match key.len() {
        0 => true,
        5 => first == b'l',
        8 => first == b'o',
        17 | 18 => first == b'o' || first == b'f',
        10 => first == b'e' || first == b'S',
        11 => first == b't' || first == b's',
        13 => first == b'e' || first == b'f',
        15 => first == b'd' || first == b'c' || first == b'f',
        // The reason of a flag.
        _ => first == b'f',
    }
}

/// The name that a field is given where its own is empty, or is one that the encoder itself writes
/// on this event.
pub(crate) fn moved(event: &Event, key: &str) -> Option<&'static str> {
    match key {
        "" => Some("field."),
        names::SAMPLE_RATE if event.get("sample_rate").is_some() => Some("field.SampleRate"),
        names::U64_AS_STRING if has_large(event) => Some("field.ode.u64_as_string"),
        _ => None,
    }
}

/// Whether any integer of the event is written as text.
fn has_large(event: &Event) -> bool {
    event.entries().any(|(_, value)| is_large(value))
}

/// How many links can be read, and how many cannot.
fn count_links(links: Value<'_>) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    each_link(links, &mut |item| match link_of(item) {
        Some(_) => valid += 1,
        None => invalid += 1,
    });
    (valid, invalid)
}

/// The elements of a list, or the one value that is no list.
pub(crate) fn each_link(links: Value<'_>, f: &mut dyn FnMut(Value<'_>)) {
    match links {
        Value::Array(list) => list.for_each(f),
        one => f(one),
    }
}

/// The context that a link names.
pub(crate) fn link_of(item: Value<'_>) -> Option<TraceContext> {
    match item {
        Value::Str(traceparent) => TraceContext::from_traceparent(traceparent).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_first_letter_pass_over_nothing_special() {
        for key in SPECIAL {
            assert!(may_be_special(key.as_bytes()), "{key}");
        }
        assert!(!may_be_special(b"cart.items") && !is_special("order.id"));
        for length in 1..64 {
            let reason = format!("flag.{}.reason", "x".repeat(length));
            assert!(may_be_special(reason.as_bytes()) && is_special(&reason), "{reason}");
        }
    }
}
