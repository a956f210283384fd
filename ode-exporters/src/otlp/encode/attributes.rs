//! The attributes of a span or log record: what identifies the event, then its fields in order.

use ode_core::{Event, ToArray, Value};

use crate::otlp::encode::budget::{Budget, Overhead};
use crate::otlp::encode::facts::{Facts, Place, each_link, link_of, may_be_special, moved};
use crate::otlp::encode::fields::Field;
use crate::otlp::encode::lists::{AsText, Cut, cut_scalar, is_large};
use crate::otlp::encode::names;
use crate::otlp::encode::sampled::integer_rate;
use crate::otlp::encode::shape::Shape;
use crate::otlp::encode::signal::Signal;
use crate::otlp::encode::writer::Lists;
use crate::write::room::Buffer;
use crate::write::scalars::put_field;

/// For whom the attributes are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'t> {
    pub(crate) signal: Signal,
    pub(crate) shape: &'t Shape,
    /// What a receiver counts of the resource.
    pub(crate) resource: Overhead,
}

/// Attributes that the head of the event makes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extra {
    pub(crate) duration_ns: Option<u64>,
    pub(crate) parent: Option<[u8; 16]>,
}

impl Extra {
    fn count(self) -> usize {
        usize::from(self.duration_ns.is_some()) + usize::from(self.parent.is_some())
    }
}

/// Puts the attributes, takes note of what else is found, and says how many were dropped. What has no
/// room goes to `rest`, as plain JSON, where the shape wants that.
pub(crate) fn put<'e, W: Lists>(
    writer: &mut W,
    event: &'e Event,
    target: &Target<'_>,
    extra: Extra,
    rest: &mut Buffer,
    facts: &mut Facts<'e>,
) -> Option<u32> {
    let field = target.signal.attributes();
    let budget = Budget::of(target.shape, event, 3 + extra.count(), target.resource);
    let max_length = target.shape.max_value_length;
    let limited = budget.is_some() || max_length.is_some();
    let mut found = Found { event, facts, budget, dropped: 0, large: false };
    writer.list(field, |writer| {
        put_head(writer, field, event, extra)?;
        let mut entries = event.entries();
        loop {
            if !limited {
                writer.quickly(field, &mut entries);
            }
            let Some((key, value)) = entries.next() else { break };
            let key = key.name();
            let plain = !limited && !may_be_special(key.as_bytes());
            match value {
                Value::Str(_) | Value::I64(_) | Value::F64(_) | Value::Bool(_) if plain => {
                    writer.attribute(field, key, value)?;
                }
                Value::U64(number) if plain && i64::try_from(number).is_ok() => {
                    writer.attribute(field, key, value)?;
                }
                other => found.put(writer, field, target, (key, other), rest)?,
            }
        }
        found.put_last(writer, field)
    })?;
    let dropped = found.dropped.saturating_add(found.facts.dropped);
    Some(u32::try_from(dropped).unwrap_or(u32::MAX))
}

/// What was found on the way through the fields.
struct Found<'f, 'e> {
    event: &'e Event,
    facts: &'f mut Facts<'e>,
    budget: Option<Budget>,
    dropped: u64,
    /// An integer was written as text.
    large: bool,
}

impl<'e> Found<'_, 'e> {
    /// Puts a field that is not just an attribute, or may not be.
    #[inline(never)]
    fn put<W: Lists>(
        &mut self,
        writer: &mut W,
        field: Field,
        target: &Target<'_>,
        (name, value): (&'e str, Value<'e>),
        rest: &mut Buffer,
    ) -> Option<()> {
        let bad_links;
        let (key, value) = match self.facts.note(target.signal, self.event, name, value) {
            Place::Attribute => (name, value),
            Place::Moved(name) => (name, value),
            Place::BadLinks => {
                bad_links = BadLinks(value);
                (name, Value::Array(&bad_links))
            }
            Place::Elsewhere => return Some(()),
        };
        if self.budget.as_mut().is_some_and(|budget| !budget.take(key, value)) {
            if target.shape.rest_to_body && target.signal == Signal::Logs {
                rest.append(64, |room| put_field(room, key, None, value));
            } else {
                self.dropped += 1;
            }
            return Some(());
        }
        self.large |= put_value(writer, field, key, value, target.shape.max_value_length)?;
        Some(())
    }

    /// Puts what the fields together make.
    fn put_last<W: Lists>(&mut self, writer: &mut W, field: Field) -> Option<()> {
        if let Some(rate) = self.facts.sample_rate
            && self.budget.as_mut().is_none_or(Budget::take_sample_rate)
        {
            let rate = integer_rate(rate, self.event.event_id());
            writer.attribute(field, names::SAMPLE_RATE, Value::I64(rate))?;
        }
        if self.large {
            let keys = Value::Array(&LargeKeys(self.event));
            writer.attribute(field, names::U64_AS_STRING, keys)?;
        }
        Some(())
    }
}

fn put_head<W: Lists>(writer: &mut W, field: Field, event: &Event, extra: Extra) -> Option<()> {
    writer.identity(field, event)?;
    if let Some(nanos) = extra.duration_ns {
        // 292 years; what takes longer has lost its meaning.
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        writer.attribute(field, names::DURATION_NS, Value::I64(nanos))?;
    }
    if let Some(parent) = extra.parent {
        let parent = std::str::from_utf8(&parent).unwrap_or_default();
        writer.attribute(field, names::PARENT_SPAN_ID, Value::Str(parent))?;
    }
    Some(())
}

/// Puts a field; says whether it is an integer that is written as text.
fn put_value<W: Lists>(
    writer: &mut W,
    field: Field,
    key: &str,
    value: Value<'_>,
    max_length: Option<usize>,
) -> Option<bool> {
    match value {
        Value::Absent => return Some(false),
        Value::U64(number) if number > i64::MAX as u64 => {
            let mut digits = itoa::Buffer::new();
            writer.attribute(field, key, Value::Str(digits.format(number)))?;
            return Some(true);
        }
        Value::Array(list) => return put_list(writer, field, key, list, max_length),
        other => match max_length {
            None => writer.attribute(field, key, other)?,
            Some(max) => writer.attribute(field, key, cut_scalar(other, max))?,
        },
    }
    Some(false)
}

#[inline(never)]
fn put_list<W: Lists>(
    writer: &mut W,
    field: Field,
    key: &str,
    list: &dyn ToArray,
    max_length: Option<usize>,
) -> Option<bool> {
    let large = is_large(Value::Array(list));
    let text = AsText(list);
    // One list has one type, also when only one number is too large.
    let list: &dyn ToArray = if large { &text } else { list };
    let cut = Cut(list, max_length.unwrap_or(usize::MAX));
    writer.attribute(field, key, Value::Array(if max_length.is_some() { &cut } else { list }))?;
    Some(large)
}

/// Of a list of links those that cannot be read.
struct BadLinks<'l>(Value<'l>);

impl ToArray for BadLinks<'_> {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        each_link(self.0, &mut |item| {
            if link_of(item).is_none() {
                f(item);
            }
        });
    }
}

/// The keys of integers that are written as text.
struct LargeKeys<'e>(&'e Event);

impl ToArray for LargeKeys<'_> {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        for (key, _) in self.0.entries().filter(|(_, value)| is_large(*value)) {
            let key = key.name();
            f(Value::Str(moved(self.0, key).unwrap_or(key)));
        }
    }
}
