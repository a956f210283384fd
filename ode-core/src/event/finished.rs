//! [`Event`]: what a unit of work leaves behind. Immutable.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::event::array::ArrayData;
use crate::event::entries::Entries;
use crate::event::ids::{EventId, SpanId, TraceContext, TraceId};
use crate::event::keys::{self, Key};
use crate::event::outcome::Outcome;
use crate::event::time::Wall;
use crate::event::value::{OwnedValue, ToValue, Value};
use crate::process::Process;
use crate::record::buffer::{Field, Kind, range, unrange};

/// The fixed part of an event: copied as one piece through the pipeline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) name: &'static str,
    /// What makes the event's id unique; the id is put together on the worker.
    pub(crate) random: u128,
    pub(crate) context: TraceContext,
    pub(crate) parent: Option<SpanId>,
    pub(crate) start: Wall,
    pub(crate) duration_ns: u64,
    pub(crate) outcome: Outcome,
    /// The reason of a decline, the cause of a cancellation.
    pub(crate) detail: Option<&'static str>,
    pub(crate) held_ns: Option<u64>,
    pub(crate) incomplete: bool,
    /// Why it is kept whatever the sampling says.
    pub(crate) keep: Option<&'static str>,
    /// How many events it tells of, where a destination samples; 0 where none does.
    pub(crate) sample_rate: f64,
    pub(crate) dropped: u32,
    pub(crate) renamed: u32,
}

/// One finished unit of work: identity, outcome, times and ordered fields, each key once.
///
/// Exporters and tests read it; nobody writes it.
#[derive(Clone)]
pub struct Event {
    pub(crate) head: Head,
    pub(crate) id: EventId,
    /// The name of an event that was read back.
    pub(crate) own_name: Option<String>,
    pub(crate) process: Arc<Process>,
    /// Fields as they were recorded, each key once; arrays by their number. A run-time key takes an
    /// entry of its own before its value's.
    pub(crate) entries: Vec<Field>,
    pub(crate) text: String,
    pub(crate) blob: Vec<u8>,
    pub(crate) arrays: Vec<ArrayData>,
}

/// The key of a field that is added; a run-time key is a range of the event's text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EntryKey {
    Static(&'static Key),
    Text(u64),
}

impl From<&'static Key> for EntryKey {
    fn from(key: &'static Key) -> Self {
        Self::Static(key)
    }
}

impl Event {
    pub(crate) fn empty(process: Arc<Process>) -> Self {
        let head = Head {
            name: "",
            random: 0,
            context: TraceContext::new(TraceId(1), SpanId(1)),
            parent: None,
            start: Wall::default(),
            duration_ns: 0,
            outcome: Outcome::Ok,
            detail: None,
            held_ns: None,
            incomplete: false,
            keep: None,
            sample_rate: 0.0,
            dropped: 0,
            renamed: 0,
        };
        Self {
            head,
            id: EventId(0),
            own_name: None,
            process,
            entries: Vec::new(),
            text: String::new(),
            blob: Vec::new(),
            arrays: Vec::new(),
        }
    }

    /// The name of the unit.
    #[inline]
    pub fn name(&self) -> &str {
        self.own_name.as_deref().unwrap_or(self.head.name)
    }

    /// How the unit ended.
    #[inline]
    pub fn outcome(&self) -> Outcome {
        self.head.outcome
    }

    /// The id of this event.
    pub fn event_id(&self) -> EventId {
        self.id
    }

    /// Wall time at the start of the unit. A wall clock that is set counts after a millisecond at most.
    pub fn timestamp(&self) -> SystemTime {
        self.head.start.system_time()
    }

    /// Wall time at the start as seconds since 1970, negative before, and nanoseconds within.
    pub fn unix_time(&self) -> (i64, u32) {
        (self.head.start.seconds, self.head.start.nanos)
    }

    /// How long the unit took, by the monotonic clock.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.head.duration_ns)
    }

    /// Trace id, the unit's own span id, flags.
    pub fn trace_context(&self) -> &TraceContext {
        &self.head.context
    }

    /// The unit this one was opened in, or the remote parent.
    pub fn parent_span_id(&self) -> Option<SpanId> {
        self.head.parent
    }

    /// What produced the event: build, service, host, process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The fields in the order in which their keys first appeared, each key once.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.entries().map(|(key, value)| (key.name(), value))
    }

    /// As [`Event::fields`], for encoders.
    #[doc(hidden)]
    #[inline]
    pub fn entries(&self) -> Entries<'_> {
        Entries::of(self, &self.entries)
    }

    /// How many fields there are.
    pub fn field_count(&self) -> usize {
        self.entries.iter().filter(|entry| entry.kind != Kind::KeyText).count()
    }

    /// A field by its key, or one of `name`, `outcome`, `duration_ns` and the process fields.
    pub fn get(&self, key: &str) -> Option<Value<'_>> {
        let field = self.entries().find(|(known, _)| known.name() == key).map(|(_, value)| value);
        field.or_else(|| match key {
            "name" => Some(Value::Str(self.name())),
            "outcome" => Some(Value::Str(self.head.outcome.as_str())),
            "duration_ns" => Some(Value::U64(self.head.duration_ns)),
            _ => self.process.fields().find(|(known, _)| *known == key).map(|(_, value)| value),
        })
    }

    /// The bytes the fields take.
    pub fn size_hint(&self) -> usize {
        self.entries.len() * size_of::<Field>() + self.text.len() + self.blob.len()
    }

    #[inline]
    pub(crate) fn value(&self, entry: &Field) -> Value<'_> {
        match entry.kind {
            Kind::Bool => Value::Bool(entry.data != 0),
            Kind::I64 => Value::I64(entry.data.cast_signed()),
            Kind::U64 => Value::U64(entry.data),
            Kind::F64 => Value::F64(f64::from_bits(entry.data)),
            Kind::Str => Value::Str(self.text.get(unrange(entry.data)).unwrap_or_default()),
            Kind::Bytes => Value::Bytes(self.blob.get(unrange(entry.data)).unwrap_or_default()),
            Kind::Array => {
                match usize::try_from(entry.data).ok().and_then(|at| self.arrays.get(at)) {
                    Some(list) => Value::Array(list),
                    None => Value::Absent,
                }
            }
            Kind::KeyText => Value::Absent,
        }
    }

    /// Adds a field of ode's own, or of an event read back; no check of the key.
    pub(crate) fn push(&mut self, key: impl Into<EntryKey>, value: Value<'_>) {
        let (kind, data) = match value {
            Value::Absent => return,
            Value::Bool(v) => (Kind::Bool, u64::from(v)),
            Value::I64(v) => (Kind::I64, v.cast_unsigned()),
            Value::U64(v) => (Kind::U64, v),
            Value::F64(v) => (Kind::F64, v.to_bits()),
            Value::Duration(v) => (Kind::U64, crate::event::value::saturating_nanos(v)),
            Value::Str(v) => (Kind::Str, self.push_text(v)),
            Value::Display(v) => (Kind::Str, self.push_text(&v.to_string())),
            Value::Debug(v) => (Kind::Str, self.push_text(&format!("{v:?}"))),
            Value::Bytes(v) => {
                let at = range(self.blob.len(), v.len());
                self.blob.extend_from_slice(v);
                (Kind::Bytes, at)
            }
            Value::Array(v) => {
                let mut items = Vec::new();
                v.for_each(&mut |item| items.extend(item.to_owned_value()));
                let elements: Vec<_> = items
                    .iter()
                    .filter_map(|item| crate::event::array::Element::of(item.to_value()))
                    .collect();
                (Kind::Array, self.push_array(ArrayData::of(&elements)))
            }
        };
        self.push_entry(key.into(), kind, data);
    }

    /// Adds a field whose value is here already.
    pub(crate) fn push_entry(&mut self, key: EntryKey, kind: Kind, data: u64) {
        let blank = Field { key: None, data, hash: 0, kind, flags: 0 };
        match key {
            EntryKey::Static(key) => {
                self.entries.push(Field { key: Some(key), hash: key.hash(), ..blank });
            }
            EntryKey::Text(text) => {
                self.entries.push(Field { data: text, kind: Kind::KeyText, ..blank });
                self.entries.push(blank);
            }
        }
    }

    /// How many fields have a key that was moved out of ode's way.
    #[cold]
    fn moved_fields(&self) -> u64 {
        let moved = |(key, _): &(&str, Value<'_>)| key.starts_with(keys::MOVED_PREFIX);
        self.fields().filter(moved).count() as u64
    }

    pub(crate) fn push_text(&mut self, text: &str) -> u64 {
        let at = range(self.text.len(), text.len());
        self.text.push_str(text);
        at
    }

    pub(crate) fn push_array(&mut self, list: ArrayData) -> u64 {
        self.arrays.push(list);
        self.arrays.len() as u64 - 1
    }
}

impl fmt::Debug for Event {
    /// The whole event, for test failures: fixed part first, then the fields in order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        map.entry(&"timestamp", &format_args!("{}", self.head.start));
        map.entry(&"name", &self.name());
        map.entry(&"outcome", &format_args!("{}", self.head.outcome));
        map.entry(&"duration_ns", &self.head.duration_ns);
        map.entry(&"trace_id", &self.head.context.trace_id());
        map.entry(&"span_id", &self.head.context.span_id());
        if let Some(parent) = self.head.parent {
            map.entry(&"parent_span_id", &parent);
        }
        map.entry(&"build_id", &self.process.build_id());
        for (key, value) in self.fields() {
            map.entry(&format_args!("{key}"), &value);
        }
        map.finish()
    }
}

/// Puts an [`Event`] together outside a unit of work: for readers of stored events.
///
/// ```
/// use ode_core::{EventBuilder, Outcome, Value};
/// let event = EventBuilder::new("cart.checkout")
///     .outcome(Outcome::Declined)
///     .field("cart.items", Value::U64(0))
///     .build();
/// assert_eq!(event.get("cart.items"), Some(Value::U64(0)));
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `.build()`"]
pub struct EventBuilder {
    event: Event,
    /// Where each key is.
    known: HashMap<String, usize>,
}

impl EventBuilder {
    /// An event of this name: outcome ok, at 1970, of no duration.
    pub fn new(name: impl Into<String>) -> Self {
        let mut event = Event::empty(Arc::default());
        event.own_name = Some(name.into());
        Self { event, known: HashMap::new() }
    }

    /// Sets how the unit ended.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.event.head.outcome = outcome;
        self
    }

    /// Sets the time of the start from RFC 3339 text in UTC; `None` if it is not that.
    pub fn timestamp(mut self, rfc3339: &str) -> Option<Self> {
        self.event.head.start = Wall::parse(rfc3339)?;
        Some(self)
    }

    /// Sets the time of the start.
    pub fn unix_time(mut self, seconds: i64, nanos: u32) -> Self {
        self.event.head.start = Wall { seconds, nanos };
        self
    }

    /// Sets how long the unit took.
    pub fn duration_ns(mut self, nanos: u64) -> Self {
        self.event.head.duration_ns = nanos;
        self
    }

    /// Sets the event's own id.
    pub fn event_id(mut self, id: EventId) -> Self {
        self.event.id = id;
        self
    }

    /// Sets trace id and span id.
    pub fn trace_context(mut self, context: TraceContext) -> Self {
        self.event.head.context = context;
        self
    }

    /// Sets the parent.
    pub fn parent_span_id(mut self, parent: SpanId) -> Self {
        self.event.head.parent = Some(parent);
        self
    }

    /// Sets what produced the event.
    pub fn process(mut self, process: Arc<Process>) -> Self {
        self.event.process = process;
        self
    }

    /// Adds a field; of two with one key the later one counts. A name of the event's fixed part or
    /// of its process goes to `field.<key>`.
    pub fn field(mut self, key: &str, value: Value<'_>) -> Self {
        if value.is_absent() {
            return self;
        }
        let moved;
        let key = if keys::is_fixed(key) {
            moved = format!("{}{key}", keys::MOVED_PREFIX);
            &moved
        } else {
            key
        };
        let text = self.event.push_text(key);
        self.event.push(EntryKey::Text(text), value);
        let last = self.event.entries.len() - 1;
        let first = *self.known.entry(key.to_owned()).or_insert(last);
        if first != last
            && let Some(entry) = self.event.entries.pop()
            && let Some(slot) = self.event.entries.get_mut(first)
        {
            *slot = entry;
            // Its key stands there already.
            self.event.entries.pop();
        }
        self
    }

    /// The event.
    pub fn build(self) -> Event {
        self.event
    }
}

/// What the event says of itself, after its fields; `false` if that is nothing.
#[inline]
pub(crate) fn push_notes(event: &mut Event, truncated: &[String]) -> bool {
    let head = &event.head;
    let silent = head.detail.is_none()
        && head.held_ns.is_none()
        && !head.incomplete
        && head.sample_rate <= 0.0
        && head.dropped == 0
        && head.renamed == 0
        && truncated.is_empty();
    if !silent {
        push_some_notes(event, truncated);
    }
    !silent
}

#[inline(never)]
fn push_some_notes(event: &mut Event, truncated: &[String]) {
    let head = event.head;
    match (head.outcome, head.detail) {
        (Outcome::Declined, Some(reason)) => event.push(&keys::DECLINED_REASON, Value::Str(reason)),
        (Outcome::Cancelled, Some(cause)) => event.push(&keys::CANCELLED_CAUSE, Value::Str(cause)),
        _ => {}
    }
    if let Some(held) = head.held_ns {
        event.push(&keys::HELD_NS, Value::U64(held));
    }
    if head.incomplete {
        event.push(&keys::INCOMPLETE, Value::Bool(true));
    }
    if head.sample_rate > 0.0 {
        event.push(&keys::SAMPLE_RATE, Value::F64(head.sample_rate));
    }
    if let Some(reason) = head.keep.filter(|_| head.sample_rate > 0.0) {
        event.push(&keys::SAMPLE_REASON, Value::Str(reason));
    }
    if !truncated.is_empty() {
        let names = truncated.to_vec();
        event.push(&keys::TRUNCATED_FIELDS, Value::Array(&names));
    }
    if head.dropped > 0 {
        event.push(&keys::DROPPED_FIELDS, Value::U64(head.dropped.into()));
    }
    let renamed = if head.renamed > 0 { event.moved_fields() } else { 0 };
    if renamed > 0 {
        event.push(&keys::RENAMED_FIELDS, Value::U64(renamed));
    }
}

impl PartialEq<OwnedValue> for Value<'_> {
    fn eq(&self, other: &OwnedValue) -> bool {
        self.to_owned_value().is_some_and(|value| value == *other)
    }
}
