//! An event as a span.

use ode_core::{Event, Value};

use crate::otlp::encode::attributes::{self, Extra, Target};
use crate::otlp::encode::facts::{Facts, each_link, link_of};
use crate::otlp::encode::fields::{link, span, span_event, status};
use crate::otlp::encode::lists::cut_scalar;
use crate::otlp::encode::names;
use crate::otlp::encode::sampled::{State, trace_state};
use crate::otlp::encode::shape::Shape;
use crate::otlp::encode::table::{self, STATUS_ERROR};
use crate::otlp::encode::writer::Writer;
use crate::write::room::Buffer;

/// Start and end in nanoseconds since 1970, as far as they fit a signed integer. An event from
/// before 1970 keeps its duration.
pub(crate) fn times(event: &Event) -> (u64, u64) {
    const LAST: u64 = i64::MAX as u64;
    let (seconds, nanos) = event.unix_time();
    let seconds = u64::try_from(seconds).ok();
    let start = seconds.map(|s| s.saturating_mul(1_000_000_000).saturating_add(nanos.into()));
    let start = start.unwrap_or(0).min(LAST);
    (start, start.saturating_add(duration_ns(event)).min(LAST))
}

/// How long the unit took.
pub(crate) fn duration_ns(event: &Event) -> u64 {
    u64::try_from(event.duration().as_nanos()).unwrap_or(u64::MAX)
}

/// Puts the fields of a `Span`.
pub(crate) fn put<'m, 'r, W: Writer<'m, 'r>>(
    writer: &mut W,
    event: &Event,
    target: &Target<'_>,
    text: &mut String,
) -> Option<()> {
    let context = event.trace_context();
    let (start, end) = times(event);
    writer.id(span::TRACE_ID, context.trace_id().to_bytes())?;
    writer.id(span::SPAN_ID, context.span_id().to_bytes())?;
    if let Some(parent) = event.parent_span_id() {
        writer.id(span::PARENT_SPAN_ID, parent.to_bytes())?;
    }
    writer.text(span::NAME, event.name())?;
    writer.fixed64(span::START, start)?;
    writer.fixed64(span::END, end)?;
    // The two times say it, unless they do not fit.
    let duration = duration_ns(event);
    let extra = Extra { duration_ns: (end - start != duration).then_some(duration), parent: None };
    // Only a log record has a body for what has no room.
    let mut rest = Buffer::default();
    let mut facts = Facts::default();
    let dropped = attributes::put(writer, event, target, extra, &mut rest, &mut facts)?;
    writer.number(span::KIND, facts.kind)?;
    if dropped > 0 {
        writer.number(span::DROPPED_ATTRIBUTES, dropped)?;
    }
    match trace_state(event, &facts, text) {
        State::None => {}
        State::AsItCame(state) => writer.text(span::TRACE_STATE, state)?,
        State::InBuffer => writer.text(span::TRACE_STATE, text)?,
    }
    put_links(writer, &facts, target.shape)?;
    if table::row(event.outcome()).failed {
        put_failure(writer, event, &facts, end, target.shape)?;
    }
    if context.flags() != 0 {
        writer.fixed32(span::FLAGS, context.flags().into())?;
    }
    Some(())
}

fn put_links<'m, 'r, W: Writer<'m, 'r>>(
    writer: &mut W,
    facts: &Facts<'_>,
    shape: &Shape,
) -> Option<()> {
    let Some(links) = facts.links else {
        return Some(());
    };
    let mut left = shape.max_links.unwrap_or(usize::MAX);
    let mut dropped: u32 = 0;
    writer.list(span::LINKS, |writer| {
        let mut fits = Some(());
        each_link(links, &mut |item| {
            if let (Some(()), Some(context)) = (fits, link_of(item)) {
                let Some(others) = left.checked_sub(1) else {
                    dropped = dropped.saturating_add(1);
                    return;
                };
                left = others;
                fits = writer.item(span::LINKS, |writer| {
                    writer.id(link::TRACE_ID, context.trace_id().to_bytes())?;
                    writer.id(link::SPAN_ID, context.span_id().to_bytes())?;
                    if context.flags() != 0 {
                        writer.fixed32(link::FLAGS, context.flags().into())?;
                    }
                    Some(())
                });
            }
        });
        fits
    })?;
    if dropped > 0 { writer.number(span::DROPPED_LINKS, dropped) } else { Some(()) }
}

/// The status, and the exception if there is something to say about it.
fn put_failure<'m, 'r, W: Writer<'m, 'r>>(
    writer: &mut W,
    event: &Event,
    facts: &Facts<'_>,
    end: u64,
    shape: &Shape,
) -> Option<()> {
    writer.message(span::STATUS, |writer| {
        writer.text(status::MESSAGE, facts.message(event))?;
        writer.number(status::CODE, STATUS_ERROR)
    })?;
    let described = [
        (names::EXCEPTION_TYPE, facts.error_type),
        (names::EXCEPTION_MESSAGE, facts.error_message),
    ];
    let described = described.into_iter().filter_map(|(name, text)| Some((name, text?)));
    let all = described.clone().count();
    if all == 0 {
        return Some(());
    }
    if shape.max_span_events == Some(0) {
        return writer.number(span::DROPPED_EVENTS, 1);
    }
    let sent = shape.max_span_event_attributes.unwrap_or(usize::MAX).min(all);
    writer.list(span::EVENTS, |writer| {
        writer.item(span::EVENTS, |writer| {
            writer.fixed64(span_event::TIME, end)?;
            writer.text(span_event::NAME, names::EXCEPTION)?;
            writer.list(span_event::ATTRIBUTES, |writer| {
                described.take(sent).try_for_each(|(name, text)| {
                    let longest = shape.max_value_length.unwrap_or(usize::MAX);
                    let text = cut_scalar(Value::Str(text), longest);
                    writer.attribute(span_event::ATTRIBUTES, name, text)
                })
            })?;
            match u32::try_from(all - sent) {
                Ok(dropped @ 1..) => writer.number(span_event::DROPPED_ATTRIBUTES, dropped),
                _ => Some(()),
            }
        })
    })
}
