//! The flags of an event as log records of their own: `feature_flag.evaluation`, as OpenTelemetry has
//! them. The fields stay on the event, too.

use ode_core::{Event, Value};

use crate::otlp::encode::fields::log_record;
use crate::otlp::encode::lists::cut_scalar;
use crate::otlp::encode::names;
use crate::otlp::encode::span::times;
use crate::otlp::encode::writer::Writer;
use crate::write::digits::uuid;

/// The flag that a field is the reason of. Every evaluation has a reason.
pub(crate) fn flag_of(key: &str) -> Option<&str> {
    key.strip_prefix("flag.")?.strip_suffix(".reason").filter(|flag| !flag.is_empty())
}

/// The flags that were evaluated, each with why it has its value.
pub(crate) fn evaluated(event: &Event) -> impl Iterator<Item = (&str, &str)> {
    event.entries().filter_map(|(key, value)| match value {
        Value::Str(reason) => Some((flag_of(key.name())?, reason)),
        _ => None,
    })
}

/// Puts the fields of a `LogRecord` about one flag: of the event's time and trace, with its id.
pub(crate) fn put<'m, 'r, W: Writer<'m, 'r>>(
    writer: &mut W,
    event: &Event,
    (flag, reason): (&str, &str),
    max_length: Option<usize>,
    scratch: &mut String,
) -> Option<()> {
    let context = event.trace_context();
    let (start, end) = times(event);
    writer.fixed64(log_record::TIME, start)?;
    writer.fixed64(log_record::OBSERVED_TIME, end)?;
    writer.text(log_record::EVENT_NAME, names::EVALUATION)?;
    writer.id(log_record::TRACE_ID, context.trace_id().to_bytes())?;
    writer.id(log_record::SPAN_ID, context.span_id().to_bytes())?;
    if context.flags() != 0 {
        writer.fixed32(log_record::FLAGS, context.flags().into())?;
    }
    let mut member = |name: &str| {
        scratch.clear();
        for part in ["flag.", flag, ".", name] {
            scratch.push_str(part);
        }
        event.get(scratch).filter(|value| matches!(value, Value::Str(_)))
    };
    let (variant, error) = (member("variant"), member("error"));
    let attributes = log_record::ATTRIBUTES;
    writer.list(attributes, |writer| {
        let mut put = |key, value| match max_length {
            Some(max) => writer.attribute(attributes, key, cut_scalar(value, max)),
            None => writer.attribute(attributes, key, value),
        };
        let id = uuid(event.event_id());
        put(names::EVENT_ID, Value::Str(std::str::from_utf8(&id).unwrap_or_default()))?;
        put(names::BUILD_ID, Value::Str(event.process().build_id()))?;
        put(names::FLAG_KEY, Value::Str(flag))?;
        put(names::FLAG_REASON, Value::Str(reason))?;
        if let Some(variant) = variant {
            put(names::FLAG_VARIANT, variant)?;
        }
        match error {
            Some(error) => put(names::ERROR_TYPE, error),
            None => Some(()),
        }
    })
}
