//! What a unit shares with other tasks: a side record behind a lock, made when first asked for and
//! merged into the owner's record.

use crate::context::cells::Count;
use crate::context::write::Target;
use crate::event::ids::{SpanId, TraceContext};
use crate::event::keys;
use crate::event::outcome::Word;
use crate::finish;
use crate::pipeline::engine::PipelineRef;
use crate::pipeline::keeper::Due;
use crate::record::buffer::{Buffer, DELTA, Field, INHERITED, KeyRef, Kind, TRUNCATED, unrange};
use crate::record::counter;
use crate::record::prepare::Prepared;
use crate::ship::decisions::Decisions;
use crate::sync::{Arc, AtomicBool, Mutex, Ordering, lock_here};
use crate::system_time::Moment;
use crate::unit::companion::Beside;
use crate::unit::open::{KEEP_BYTES, Unit};

/// The part of a unit that other tasks and threads can reach.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Something was written that the owner has not merged yet.
    dirty: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    context: Option<TraceContext>,
    pipeline: Option<PipelineRef>,
    root: Option<Arc<Shared>>,
    decisions: Option<Arc<Decisions>>,
    beside: Beside,
    around: Option<SpanId>,
    started: Option<Moment>,
    messages: u32,
    keep: Option<&'static str>,
    side: Buffer,
    inherited: Buffer,
    word: Option<Word>,
    holds: Vec<HoldSlot>,
    next_hold: u64,
    /// The unit, its function over, while somebody holds it open.
    held: Option<Box<Unit>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// The function is over; holds keep the record open.
    Held,
    Ended,
}

#[derive(Debug)]
struct HoldSlot {
    number: u64,
    deadline: u64,
}

/// What the owner finds when its function ends.
pub(crate) enum Sealed {
    /// Finish now.
    Finish(Box<Unit>),
    /// Somebody holds it open and will finish it.
    Held,
}

impl Due for Shared {
    fn due(self: Arc<Self>, now: u64) {
        self.expire_holds(now);
    }
}

impl Shared {
    /// Fills in what children and contributors need. Called once per unit, by the owner.
    pub(crate) fn open(&self, unit: &Unit) {
        let mut state = lock_here(&self.state);
        state.phase = Phase::Open;
        state.context = Some(unit.context);
        state.pipeline.clone_from(&unit.pipeline);
        state.root.clone_from(&unit.root);
        state.decisions = Some(Arc::clone(unit.decisions.share()));
        state.beside.clone_from(&unit.beside);
        state.around = unit.around;
        state.started = unit.started.map(|(_, started)| started);
        state.messages = 0;
        state.keep = None;
        let limits = unit.buffer.limits;
        state.side.reset(&limits);
        state.inherited.reset(&limits);
        copy_inherited(&unit.buffer, &mut state.inherited);
        state.word = None;
        state.holds.clear();
        self.dirty.store(false, Ordering::Relaxed);
    }

    /// Makes the memory ready for another unit; only when nobody else has it.
    pub(crate) fn clear(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.side.capacity_bytes() + state.inherited.capacity_bytes() > KEEP_BYTES {
            (state.side, state.inherited) = (Buffer::default(), Buffer::default());
        }
        (state.context, state.pipeline, state.root, state.held) = (None, None, None, None);
        state.decisions = None;
        state.beside.close();
        state.phase = Phase::Ended;
    }

    /// Writes to the side record; counts as late after the end. `None` when it was late.
    pub(crate) fn write<R>(&self, f: impl FnOnce(Target<'_>) -> R) -> Option<R> {
        let mut state = lock_here(&self.state);
        if state.phase == Phase::Ended {
            Self::count_late(&state);
            return None;
        }
        let written = f(Target { buffer: &mut state.side, counter_base: DELTA });
        self.dirty.store(true, Ordering::Release);
        Some(written)
    }

    pub(crate) fn set_inherited(&self, key: KeyRef<'_>, value: Prepared<'_>) {
        let mut state = lock_here(&self.state);
        if state.phase == Phase::Ended {
            return Self::count_late(&state);
        }
        state.side.push(key, value, INHERITED);
        state.inherited.push(key, value, INHERITED);
        self.dirty.store(true, Ordering::Release);
    }

    /// The owner has set an inherited field: children opened elsewhere must see it too.
    pub(crate) fn note_inherited(&self, key: KeyRef<'_>, value: Prepared<'_>) {
        lock_here(&self.state).inherited.push(key, value, INHERITED);
    }

    /// Says a word; `false` when the record is closed. The outcome is decided when the function
    /// ends: for a unit that is only held the word is late.
    pub(crate) fn say(&self, word: Word) -> bool {
        let mut state = lock_here(&self.state);
        if state.phase == Phase::Open {
            state.word = Some(Word::merge(state.word, word));
            self.dirty.store(true, Ordering::Release);
        } else {
            Self::count_late(&state);
        }
        state.phase != Phase::Ended
    }

    /// Has the event kept whatever the sampling says; `false` when the record is closed.
    pub(crate) fn keep(&self, reason: &'static str) {
        let mut state = lock_here(&self.state);
        if state.phase == Phase::Ended {
            return Self::count_late(&state);
        }
        state.keep.get_or_insert(reason);
        self.dirty.store(true, Ordering::Release);
    }

    /// The unit is withdrawn: what is written from now on is late.
    pub(crate) fn withdraw(&self) {
        lock_here(&self.state).phase = Phase::Ended;
        self.close_beside();
    }

    /// The unit's function is over: who joins from now on finds no companion.
    pub(crate) fn close_beside(&self) {
        let mut beside = std::mem::take(&mut lock_here(&self.state).beside);
        // Closing it is foreign code: not under the lock.
        beside.close();
    }

    /// How much of a value is kept.
    pub(crate) fn value_bytes(&self) -> usize {
        lock_here(&self.state).side.limits.value_bytes
    }

    fn count_late(state: &State) {
        match &state.pipeline {
            Some(pipeline) => pipeline.count(Count::Late),
            None => crate::context::cells::count(Count::Late),
        }
    }

    pub(crate) fn context(&self) -> Option<TraceContext> {
        lock_here(&self.state).context
    }

    /// Where other instrumentation stood when the unit was opened.
    pub(crate) fn around(&self) -> Option<SpanId> {
        lock_here(&self.state).around
    }

    /// What goes with the unit, for a task that joins it; nothing once the unit has ended.
    pub(crate) fn beside(&self) -> Beside {
        let state = lock_here(&self.state);
        if state.phase == Phase::Ended { Beside::default() } else { state.beside.clone() }
    }

    /// Counts a log message, if fewer than `max` were kept here; says how long after the start of
    /// the unit it came.
    pub(crate) fn next_message(&self, max: u32) -> Option<u64> {
        let mut state = lock_here(&self.state);
        if state.messages >= max {
            return None;
        }
        state.messages += 1;
        let now = state.pipeline.as_ref().map(|pipeline| pipeline.clock.moment());
        Some(now.zip(state.started).map_or(0, |(now, started)| now.since(started)))
    }

    pub(crate) fn pipeline(&self) -> Option<PipelineRef> {
        lock_here(&self.state).pipeline.clone()
    }

    /// What the unit decides about flags and changes.
    pub(crate) fn decisions(&self) -> Option<Arc<Decisions>> {
        lock_here(&self.state).decisions.clone()
    }

    /// The outermost unit, if this is not it.
    pub(crate) fn root(&self) -> Option<Arc<Self>> {
        lock_here(&self.state).root.clone()
    }

    /// Looks at the fields that units opened below inherit.
    pub(crate) fn with_inherited<R>(&self, look: impl FnOnce(&Buffer) -> R) -> R {
        look(&lock_here(&self.state).inherited)
    }

    /// Copies the fields that units opened below inherit.
    pub(crate) fn inherit_into(&self, child: &mut Buffer) {
        copy_inherited(&lock_here(&self.state).inherited, child);
    }

    /// Whether there is anything to merge.
    #[inline]
    pub(crate) fn is_dirty(&self) -> bool {
        self.dirty.load(Ordering::Acquire)
    }

    /// Merges what others wrote so far into the owner's record.
    pub(crate) fn merge_into(&self, unit: &mut Unit) {
        let mut state = lock_here(&self.state);
        self.merge_locked(&mut state, unit);
    }

    fn merge_locked(&self, state: &mut State, unit: &mut Unit) {
        self.dirty.store(false, Ordering::Relaxed);
        if merge(&state.side, &mut unit.buffer) {
            unit.inherits_to_children();
        }
        unit.buffer.losses.add(&state.side.losses);
        let limits = unit.buffer.limits;
        state.side.reset(&limits);
        if let Some(word) = state.word.take() {
            unit.word = Some(Word::merge(unit.word, word));
        }
        unit.keep = unit.keep.or(state.keep.take());
    }

    /// Registers a hold; `None` when the unit has already ended.
    pub(crate) fn hold(&self, deadline: u64) -> Option<u64> {
        let mut state = lock_here(&self.state);
        if state.phase == Phase::Ended {
            return None;
        }
        state.next_hold += 1;
        let number = state.next_hold;
        state.holds.push(HoldSlot { number, deadline });
        Some(number)
    }

    /// The owner's function is over: merges, and ends the unit unless it is held.
    pub(crate) fn seal(&self, mut unit: Box<Unit>, now: u64) -> Sealed {
        let mut state = lock_here(&self.state);
        self.merge_locked(&mut state, &mut unit);
        if state.holds.iter().any(|hold| hold.deadline > now) {
            state.phase = Phase::Held;
            state.held = Some(unit);
            return Sealed::Held;
        }
        unit.incomplete = !state.holds.is_empty();
        state.phase = Phase::Ended;
        Sealed::Finish(unit)
    }

    /// A hold was let go of. Others whose deadline has passed keep nothing open.
    pub(crate) fn release(&self, number: u64) {
        let mut state = lock_here(&self.state);
        state.holds.retain(|hold| hold.number != number);
        let now = match &state.pipeline {
            Some(pipeline) if !state.holds.is_empty() => pipeline.clock.now(),
            _ => u64::MAX,
        };
        if state.holds.iter().all(|hold| hold.deadline <= now) {
            let mut unit = self.end_held(&mut state);
            if let Some(unit) = &mut unit {
                unit.incomplete = !state.holds.is_empty();
            }
            drop(state);
            finish::finish_held(unit);
        }
    }

    /// Deadlines have passed: whoever still holds has had its time.
    fn expire_holds(&self, now: u64) {
        let mut state = lock_here(&self.state);
        if state.phase != Phase::Held || state.holds.iter().any(|hold| hold.deadline > now) {
            return;
        }
        let mut unit = self.end_held(&mut state);
        if let Some(unit) = &mut unit {
            unit.incomplete = true;
        }
        drop(state);
        finish::finish_held(unit);
    }

    fn end_held(&self, state: &mut State) -> Option<Box<Unit>> {
        if state.phase != Phase::Held {
            return None;
        }
        let mut unit = state.held.take()?;
        self.merge_locked(state, &mut unit);
        unit.held_until = unit.pipeline.as_ref().map(|pipeline| pipeline.clock.moment());
        state.phase = Phase::Ended;
        Some(unit)
    }
}

/// Copies the inherited fields of a record.
pub(crate) fn copy_inherited(from: &Buffer, to: &mut Buffer) {
    for (at, field) in from.fields.iter().enumerate() {
        if field.flags & INHERITED != 0 {
            copy_field(from, at, field, to, field.flags & (INHERITED | TRUNCATED));
            if key_of(from, at, field).name().starts_with(keys::MOVED_PREFIX) {
                to.losses.renamed += 1;
            }
        }
    }
}

/// Says whether there were fields among it that children inherit.
fn merge(side: &Buffer, into: &mut Buffer) -> bool {
    let mut inherited = false;
    for (at, field) in side.fields.iter().enumerate() {
        if field.kind == Kind::KeyText {
            continue;
        }
        match counter::decode(field.kind, field.data) {
            Some(amount) if field.flags & DELTA != 0 => {
                into.with_trusted_keys(|into| into.incr(key_of(side, at, field), amount, 0));
            }
            _ => copy_field(side, at, field, into, field.flags),
        }
        inherited |= field.flags & INHERITED != 0;
    }
    inherited
}

fn key_of<'b>(buffer: &'b Buffer, at: usize, field: &Field) -> KeyRef<'b> {
    match field.key {
        Some(key) => KeyRef::Static(key),
        None => KeyRef::Text(buffer.name_at(at)),
    }
}

fn copy_field(from: &Buffer, at: usize, field: &Field, to: &mut Buffer, flags: u8) {
    let text = || from.text.get(unrange(field.data)).unwrap_or_default();
    let blob = || from.blob.get(unrange(field.data)).unwrap_or_default();
    let value = match field.kind {
        Kind::Str => Prepared::Text(text(), false),
        Kind::Bytes => Prepared::Bytes(blob()),
        Kind::Array => Prepared::List(blob(), false),
        Kind::Bool => Prepared::Bool(field.data != 0),
        Kind::I64 => Prepared::I64(field.data.cast_signed()),
        Kind::U64 => Prepared::U64(field.data),
        Kind::F64 => Prepared::F64(f64::from_bits(field.data)),
        Kind::KeyText => return,
    };
    // A key that was moved away from a reserved name keeps the name it has.
    to.with_trusted_keys(|to| to.push(key_of(from, at, field), value, flags));
}
