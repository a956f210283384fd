//! An event as a log record.

use ode_core::Event;

use crate::otlp::encode::attributes::{self, Extra, Target};
use crate::otlp::encode::facts::Facts;
use crate::otlp::encode::fields::{any_value, log_record};
use crate::otlp::encode::line::{write_line, write_object};
use crate::otlp::encode::span::{duration_ns, times};
use crate::otlp::encode::table;
use crate::otlp::encode::writer::Writer;
use crate::write::digits::span_hex;
use crate::write::room::Buffer;

/// Memory for what is put together before it is put.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) text: String,
    /// Attributes that had no room, as plain JSON.
    pub(crate) rest: Buffer,
    pub(crate) body: Buffer,
    /// The event that was put last has flags.
    pub(crate) evaluated: bool,
}

/// Puts the fields of a `LogRecord`.
pub(crate) fn put<'m, 'r, W: Writer<'m, 'r>>(
    writer: &mut W,
    event: &Event,
    target: &Target<'_>,
    scratch: &mut Scratch,
) -> Option<()> {
    let context = event.trace_context();
    let row = table::row(event.outcome());
    let (start, end) = times(event);
    writer.fixed64(log_record::TIME, start)?;
    writer.fixed64(log_record::OBSERVED_TIME, end)?;
    writer.number(log_record::SEVERITY_NUMBER, row.severity)?;
    writer.text(log_record::SEVERITY_TEXT, row.severity_text)?;
    writer.text(log_record::EVENT_NAME, event.name())?;
    writer.id(log_record::TRACE_ID, context.trace_id().to_bytes())?;
    writer.id(log_record::SPAN_ID, context.span_id().to_bytes())?;
    if context.flags() != 0 {
        writer.fixed32(log_record::FLAGS, context.flags().into())?;
    }
    scratch.rest.clear(usize::MAX);
    let extra = Extra {
        duration_ns: Some(duration_ns(event)),
        parent: event.parent_span_id().map(span_hex),
    };
    let (mut facts, rest) = (Facts::default(), &mut scratch.rest);
    let dropped = attributes::put(writer, event, target, extra, rest, &mut facts)?;
    scratch.evaluated = facts.evaluated;
    if dropped > 0 {
        writer.number(log_record::DROPPED_ATTRIBUTES, dropped)?;
    }
    let body = if scratch.rest.length() > 0 {
        write_object(event, &scratch.rest, &mut scratch.body);
        std::str::from_utf8(scratch.body.bytes()).unwrap_or_default()
    } else {
        write_line(event, &facts, &mut scratch.text);
        &scratch.text
    };
    writer.message(log_record::BODY, |writer| writer.text(any_value::STRING, body))
}
