//! Writing to what is current: format first, then one short access.

use crate::context::cells::{self, Count};
use crate::context::slot::{self, Ambient};
use crate::event::ids::TraceContext;
use crate::event::keys::{self, Key};
use crate::event::limits;
use crate::event::outcome::{Failure, Word};
use crate::event::value::{MASK, Number, Value};
use crate::record::buffer::{APPEND, Buffer, CLEARED, DELTA, Field, KeyRef, Kind, TRUNCATED};
use crate::record::fields::{FieldSink, Fields};
use crate::record::format;
use crate::record::prepare::{Prepared, prepare};
use crate::{EventFields, context::shared::Shared};

/// Where a write ends up: the record, and what a new counter there is marked with.
pub(crate) struct Target<'t> {
    pub(crate) buffer: &'t mut Buffer,
    pub(crate) counter_base: u8,
}

/// Runs library code on the current record; counts when there is none, or it has ended.
#[inline]
pub(crate) fn with_target<R>(f: impl FnOnce(Target<'_>) -> R) -> Option<R> {
    if slot::is_own() {
        slot::with_own(|unit| f(Target { buffer: unit.record(), counter_base: 0 }))
    } else {
        with_joined(f)
    }
}

#[cold]
fn with_joined<R>(f: impl FnOnce(Target<'_>) -> R) -> Option<R> {
    let found = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => Some(f(Target { buffer: unit.record(), counter_base: 0 })),
        Ambient::Joined(shared) => shared.write(f),
    });
    found.unwrap_or_else(|| {
        missed();
        None
    })
}

/// Counts a write that found no unit.
#[cold]
pub(crate) fn missed() {
    match slot::scoped() {
        Some(pipeline) => pipeline.counts.add(Count::Orphan, 1),
        None => cells::count(Count::Orphan),
    }
}

/// How much of a value may be formatted.
pub(crate) fn format_budget() -> usize {
    let of = |ambient: &mut Ambient| match ambient {
        Ambient::Own(unit) => unit.buffer.limits.value_bytes,
        Ambient::Joined(shared) => shared.value_bytes(),
    };
    slot::with(of).unwrap_or(0)
}

/// Records a value on the current unit.
#[inline]
pub(crate) fn set(key: KeyRef<'_>, value: Value<'_>, flags: u8) {
    let budget = match value {
        Value::Display(_) | Value::Debug(_) | Value::Array(_) => format_budget(),
        _ => usize::MAX,
    };
    prepare(value, budget, |value| with_target(|target| target.buffer.push(key, value, flags)));
}

/// Records a value under a key made at run time: scalars and text by the shortest way.
#[inline(never)]
pub(crate) fn set_at(key: &str, value: Value<'_>) {
    let pushed =
        slot::with_own(|unit| !unit.is_shared.get() && try_set_at(&mut unit.buffer, key, &value));
    if pushed != Some(true) {
        set_at_slowly(key, value);
    }
}

#[cold]
#[inline(never)]
fn set_at_slowly(key: &str, value: Value<'_>) {
    set(KeyRef::Text(key), value, 0);
}

/// Scalars and text, where the memory at hand takes them; `false` for the others, which take the
/// long way.
#[inline]
pub(crate) fn try_set_at(buffer: &mut Buffer, key: &str, value: &Value<'_>) -> bool {
    let (kind, data) = match *value {
        Value::Bool(v) => (Kind::Bool, u64::from(v)),
        Value::I64(v) => (Kind::I64, v.cast_unsigned()),
        Value::U64(v) => (Kind::U64, v),
        Value::F64(v) => (Kind::F64, v.to_bits()),
        Value::Str(v) => return buffer.try_push_str_at(key, v),
        _ => return false,
    };
    buffer.try_push_scalar_at(key, kind, data)
}

/// Appends text to a list of the current unit, by the shortest way.
pub(crate) fn append_str(key: &'static Key, value: &str) {
    let pushed = slot::with_own(|unit| {
        !unit.is_shared.get() && unit.buffer.try_push_str(key, value, APPEND)
    });
    if pushed != Some(true) {
        append(KeyRef::Static(key), Prepared::Text(value, false));
    }
}

/// Appends to a list of the current unit.
#[cold]
pub(crate) fn append(key: KeyRef<'_>, value: Prepared<'_>) {
    with_target(|target| target.buffer.push(key, value, APPEND));
}

/// Records a value out of the way of a name that is taken.
pub(crate) fn set_moved(key: &str, value: Value<'_>) {
    let key = format!("{}{key}", keys::MOVED_PREFIX);
    prepare(value, format_budget(), |value| {
        with_target(|target| {
            target.buffer.with_trusted_keys(|buffer| buffer.push(KeyRef::Text(&key), value, 0));
            target.buffer.losses.renamed += 1;
        })
    });
}

/// Records a value under a static key: scalars and text by the shortest way.
#[inline]
pub(crate) fn set_static(key: &'static Key, value: Value<'_>) {
    match value {
        Value::Bool(v) => set_scalar(key, Kind::Bool, u64::from(v)),
        Value::I64(v) => set_scalar(key, Kind::I64, v.cast_unsigned()),
        Value::U64(v) => set_scalar(key, Kind::U64, v),
        Value::F64(v) => set_scalar(key, Kind::F64, v.to_bits()),
        Value::Str(v) => set_str(key, v),
        other => set_other(key, other),
    }
}

// Not inlined: a call per field keeps the code of a `set!` small. Whatever is not the common case
// is a tail call, so that the common one saves no registers for it.
#[inline(never)]
fn set_scalar(key: &'static Key, kind: Kind, data: u64) {
    let pushed = slot::with_own(|unit| {
        !unit.is_shared.get() && unit.buffer.try_push_scalar(key, kind, data)
    });
    if pushed != Some(true) {
        set_scalar_slowly(key, kind, data);
    }
}

#[cold]
#[inline(never)]
fn set_scalar_slowly(key: &'static Key, kind: Kind, data: u64) {
    with_target(|target| target.buffer.push_data(KeyRef::Static(key), kind, data, 0));
}

#[inline(never)]
fn set_str(key: &'static Key, value: &str) {
    let pushed =
        slot::with_own(|unit| !unit.is_shared.get() && unit.buffer.try_push_str(key, value, 0));
    if pushed != Some(true) {
        set_str_slowly(key, value);
    }
}

#[cold]
#[inline(never)]
fn set_str_slowly(key: &'static Key, value: &str) {
    with_target(|target| target.buffer.push_text(KeyRef::Static(key), value, false, 0));
}

#[inline(never)]
fn set_other(key: &'static Key, value: Value<'_>) {
    set(KeyRef::Static(key), value, 0);
}

/// Records a value on the current unit and on every unit opened below it from now on.
pub(crate) fn set_inherited(key: KeyRef<'_>, value: Value<'_>) {
    let budget = format_budget();
    prepare(value, budget, |value| {
        let found = slot::with(|ambient| match ambient {
            Ambient::Own(unit) => unit.set_inherited(key, value),
            Ambient::Joined(shared) => shared.set_inherited(key, value),
        });
        if found.is_none() {
            missed();
        }
    });
}

/// Adds to a counter of the current unit.
pub(crate) fn incr(key: KeyRef<'_>, by: Number) {
    with_target(|target| target.buffer.incr(key, by, target.counter_base));
}

/// Says the explicit word on the current unit; `false` where there is no open record to add to.
pub(crate) fn say(word: Word) -> bool {
    let found = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => {
            unit.say(word);
            true
        }
        Ambient::Joined(shared) => shared.say(word),
    });
    found.unwrap_or_else(|| {
        missed();
        false
    })
}

/// Notes what a returned `Err` means on the current unit.
pub(crate) fn returned(failure: &Failure) {
    let found = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => {
            unit.returned = Some(Word::merge(unit.returned, failure.word));
            true
        }
        Ambient::Joined(shared) => shared.say(failure.word),
    });
    match found {
        Some(true) => describe(failure),
        Some(false) => {}
        None => missed(),
    }
}

/// Notes a returned `Err`, as `classify` reads it.
#[cold]
pub(crate) fn observe_error<E>(error: &E, classify: impl FnOnce(&E) -> Failure) {
    if slot::is_current() {
        // `classify` is user code: where it panics the error is still one, of its type.
        returned(&format::caught(|| classify(error)).unwrap_or_else(Failure::of_type::<E>));
    }
}

/// Records `error.*` of a failure.
pub(crate) fn describe(failure: &Failure) {
    with_target(|target| {
        // What another task records is merged into a record that is not seen from here.
        let elsewhere = target.counter_base == DELTA;
        describe_in(target.buffer, failure, elsewhere);
    });
}

/// As [`describe_in`], unless another failure is described already.
pub(crate) fn describe_missing(buffer: &mut Buffer, failure: &Failure) {
    let described = |field: &Field| {
        field.key.is_some_and(|key| key.is(&keys::ERROR_TYPE)) && field.flags & CLEARED == 0
    };
    if !buffer.fields.iter().any(described) {
        describe_in(buffer, failure, false);
    }
}

/// Notes a unit of another trace that the current one belongs with.
pub(crate) fn link(context: TraceContext) {
    with_target(|target| link_in(target.buffer, context));
}

pub(crate) fn link_in(buffer: &mut Buffer, context: TraceContext) {
    context.with_traceparent(|traceparent| {
        buffer.push_text(KeyRef::Static(&keys::LINKS), traceparent, false, APPEND);
    });
}

/// Replaces what an earlier failure left as a whole: its causes do not belong to this one.
pub(crate) fn describe_in(buffer: &mut Buffer, failure: &Failure, elsewhere: bool) {
    let parts = [
        (&keys::ERROR_TYPE, failure.kind.is_some()),
        (&keys::ERROR_MESSAGE, failure.message.is_some()),
        (&keys::ERROR_CHAIN, !failure.chain.is_empty()),
    ];
    if parts.iter().any(|(_, there)| *there) {
        for (key, _) in parts.iter().filter(|(_, there)| !there) {
            let known = |field: &Field| field.key.is_some_and(|known| std::ptr::eq(known, *key));
            if elsewhere || buffer.fields.iter().any(known) {
                buffer.clear_field(key);
            }
        }
    }
    let limit = buffer.limits.error_message_bytes;
    if let Some(kind) = failure.kind {
        buffer.push_text(KeyRef::Static(&keys::ERROR_TYPE), kind, false, 0);
    }
    if let Some(message) = &failure.message {
        let kept = limits::cut(message, limit);
        let flags = if kept.len() < message.len() { TRUNCATED } else { 0 };
        buffer.push_text(KeyRef::Static(&keys::ERROR_MESSAGE), kept, false, flags);
    }
    if !failure.chain.is_empty() {
        let chain: Vec<&str> =
            failure.chain.iter().map(|cause| limits::cut(cause, limit)).collect();
        let was_cut = chain.iter().zip(&failure.chain).any(|(kept, all)| kept.len() < all.len());
        let flags = if was_cut { TRUNCATED } else { 0 };
        prepare(Value::Array(&chain), buffer.limits.value_bytes, |value| {
            buffer.push(KeyRef::Static(&keys::ERROR_CHAIN), value, flags);
        });
    }
}

/// Records a typed group on the current unit.
pub(crate) fn record_fields(group: &(impl EventFields + ?Sized)) {
    // `record` is user code: what it recorded before it panicked stays.
    format::caught(|| group.record(&mut Fields::new(&mut CurrentSink)));
}

/// The current unit as a place for typed groups.
struct CurrentSink;

impl FieldSink for CurrentSink {
    fn set(&mut self, key: KeyRef<'_>, value: Value<'_>) {
        set(key, value, 0);
    }

    fn set_hashed(&mut self, key: KeyRef<'_>, text: &str) {
        let pipeline = slot::with(|ambient| match ambient {
            Ambient::Own(unit) => unit.pipeline.clone(),
            Ambient::Joined(shared) => shared.pipeline(),
        });
        let pipeline = pipeline.flatten();
        let hash = pipeline.as_ref().and_then(|pipeline| pipeline.hash(text));
        set(key, Value::Str(hash.as_deref().unwrap_or(MASK)), 0);
    }
}

/// An open unit, or its side record, as a place for typed groups.
pub(crate) struct BufferSink<'b> {
    pub(crate) buffer: &'b mut Buffer,
    pub(crate) hash: &'b dyn Fn(&str) -> Option<String>,
}

impl FieldSink for BufferSink<'_> {
    fn set(&mut self, key: KeyRef<'_>, value: Value<'_>) {
        let budget = self.buffer.limits.value_bytes;
        prepare(value, budget, |value| self.buffer.push(key, value, 0));
    }

    fn set_hashed(&mut self, key: KeyRef<'_>, text: &str) {
        let hash = (self.hash)(text);
        self.set(key, Value::Str(hash.as_deref().unwrap_or(MASK)));
    }
}

/// What a shared record is written through.
pub(crate) fn write_shared(shared: &Shared, key: KeyRef<'_>, value: Value<'_>) {
    prepare(value, shared.value_bytes(), |value| {
        shared.write(|target| target.buffer.push(key, value, 0));
    });
}
