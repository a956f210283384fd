//! [`Unit`]: the memory of an open unit of work.

use std::cell::Cell;

use crate::anchor::Anchor;
use crate::context::cells::Count;
use crate::context::shared::{Shared, copy_inherited};
use crate::context::slot::{self, Ambient};
use crate::event::finished::Head;
use crate::event::ids::{SpanId, TraceContext, TraceId};
use crate::event::keys;
use crate::event::outcome::{CancelCause, Ending, Outcome, Word};
use crate::event::time::Wall;
use crate::fork;
use crate::pipeline::engine::{GLOBAL, Pipeline, PipelineRef};
use crate::record::buffer::{Buffer, INHERITED, KeyRef};
use crate::record::prepare::Prepared;
use crate::ship::decisions::Decisions;
use crate::ship::evaluation::Evaluation;
use crate::ship::flag::FlagKey;
use crate::ship::own::Own;
use crate::ship::subject::Subject;
use crate::sync::Arc;
use crate::system_time::Moment;
use crate::unit::companion::{Beside, Opened, Surroundings, surroundings};

/// An open unit: who it is, what was recorded, what was said about it. Owned by the task that
/// runs it, reused when it has ended.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, told once each")]
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    pub(crate) context: TraceContext,
    pub(crate) parent: Option<SpanId>,
    pub(crate) buffer: Buffer,
    /// Wall time and monotonic moment of the first run, scope or poll.
    pub(crate) started: Option<(Wall, Moment)>,
    /// The same of `start()`, for a unit that is closed without having run.
    pub(crate) opened: (Wall, Moment),
    /// How moments are wall times; kept for the next unit.
    anchor: Anchor,
    /// When its function ended, if that is not now.
    pub(crate) ended: Option<Moment>,
    pub(crate) held_until: Option<Moment>,
    pub(crate) incomplete: bool,
    pub(crate) word: Option<Word>,
    pub(crate) returned: Option<Word>,
    pub(crate) unwound: bool,
    pub(crate) cancelled: Option<CancelCause>,
    /// The thread was already unwinding when the unit was opened.
    pub(crate) born_unwinding: bool,
    has_inherited: bool,
    /// What was opened beside it: a `tracing` span.
    pub(crate) beside: Beside,
    /// Where other instrumentation stood when the unit was opened: what stands there still is
    /// around the unit, and anything else was opened inside it.
    pub(crate) around: Option<SpanId>,
    /// Why it is to be kept whatever the sampling says.
    pub(crate) keep: Option<&'static str>,
    /// Log messages kept so far.
    pub(crate) messages: u32,
    pub(crate) pipeline: Option<PipelineRef>,
    /// What it decides about flags and changes.
    pub(crate) decisions: Own,
    pub(crate) shared: Arc<Shared>,
    /// Somebody else has the shared part.
    pub(crate) is_shared: Cell<bool>,
    pub(crate) root: Option<Arc<Shared>>,
    /// While this memory waits for its next unit: more of the kind.
    pub(crate) next_spare: Option<Box<Self>>,
}

/// A buffer that grew past this is not kept.
pub(crate) const KEEP_BYTES: usize = 256 << 10;

/// A unit that is about to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening {
    pub(crate) name: &'static str,
    pub(crate) parent: Parent,
    /// The module that asked for a `tracing` span.
    pub(crate) span_target: Option<&'static str>,
}

/// Where a new unit belongs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Parent {
    /// Below the current unit, if there is one.
    #[default]
    Current,
    /// A trace of its own.
    Root,
    /// Below this one.
    Context(TraceContext),
}

impl Unit {
    /// Opens a unit; `None` when nothing listens.
    #[inline]
    pub(crate) fn open(opening: &Opening) -> Option<Box<Self>> {
        let Opening { name, parent, .. } = *opening;
        let (pipeline, below) = if slot::is_clear() {
            (GLOBAL.get().map(PipelineRef::Global), false)
        } else {
            pipeline_here(parent)
        };
        let Some(pipeline) = pipeline else {
            crate::testing_hook::count_outside();
            return None;
        };
        fork::note_unit();
        let mut unit = slot::take_spare().unwrap_or_else(Self::fresh);
        unit.begin(name, &pipeline);
        let mut around = None;
        if below {
            around = slot::with(|ambient| unit.descend(ambient)).flatten();
        }
        if let Parent::Context(context) = parent {
            unit.move_below(context);
        }
        if let Some(surroundings) = surroundings()
            && (opening.span_target.is_some() || surroundings.are_watching())
        {
            unit.align(surroundings, opening, around);
        }
        pipeline.count(Count::Opened);
        unit.pipeline = Some(pipeline);
        Some(unit)
    }

    /// Lines the unit up with other instrumentation: below what was opened inside the unit that is
    /// current, and with a companion of its own.
    #[cold]
    fn align(
        &mut self,
        surroundings: &'static dyn Surroundings,
        opening: &Opening,
        around: Option<SpanId>,
    ) {
        let here = surroundings.here();
        if let Some(context) = innermost(here, around, self.parent)
            && matches!(opening.parent, Parent::Current)
        {
            self.move_below(context);
        }
        self.around = here.map(|context| context.span_id);
        self.beside = Beside::new(surroundings.accompany(&Opened {
            name: self.name,
            context: self.context,
            parent: self.parent,
            span_target: opening.span_target,
        }));
    }

    /// Makes a context that is not the current unit's the parent. What came along with another
    /// trace does not belong to this one.
    fn move_below(&mut self, context: TraceContext) {
        if self.parent.is_some() && self.context.trace_id != context.trace_id {
            self.buffer.clear_field(&keys::TRACE_STATE);
        }
        self.adopt(context);
    }

    #[cold]
    fn fresh() -> Box<Self> {
        Box::new(Self {
            name: "",
            context: TraceContext::root(TraceId(1), SpanId(1)),
            parent: None,
            buffer: Buffer::default(),
            started: None,
            opened: Default::default(),
            anchor: Anchor::default(),
            ended: None,
            held_until: None,
            incomplete: false,
            word: None,
            returned: None,
            unwound: false,
            cancelled: None,
            born_unwinding: false,
            has_inherited: false,
            beside: Beside::default(),
            around: None,
            keep: None,
            messages: 0,
            pipeline: None,
            decisions: Own::default(),
            shared: Arc::default(),
            is_shared: Cell::new(false),
            root: None,
            next_spare: None,
        })
    }

    #[inline]
    fn begin(&mut self, name: &'static str, pipeline: &Pipeline) {
        self.name = name;
        self.context = pipeline.root_context();
        self.parent = None;
        self.buffer.reset(&pipeline.limits);
        self.started = None;
        self.ended = None;
        self.held_until = None;
        self.incomplete = false;
        self.word = None;
        self.returned = None;
        self.unwound = false;
        self.cancelled = None;
        self.born_unwinding = std::thread::panicking();
        self.has_inherited = false;
        self.around = None;
        self.keep = None;
        self.messages = 0;
        self.is_shared.set(false);
        self.root = None;
    }

    /// Takes from the unit that is current what children take; says where other instrumentation
    /// stood when that was opened.
    fn descend(&mut self, ambient: &mut Ambient) -> Option<SpanId> {
        match ambient {
            Ambient::Own(parent) => {
                // Another task may have set an inherited field meanwhile.
                parent.record();
                self.adopt(parent.context);
                // Both go by the same reading.
                self.anchor = parent.anchor;
                if parent.has_inherited {
                    copy_inherited(&parent.buffer, &mut self.buffer);
                    self.has_inherited = true;
                }
                self.root = Some(parent.root.clone().unwrap_or_else(|| parent.share()));
                self.decisions.begin_below(Some(Arc::clone(parent.decisions.share())));
                parent.around
            }
            Ambient::Joined(shared) => {
                if let Some(context) = shared.context() {
                    self.adopt(context);
                }
                shared.inherit_into(&mut self.buffer);
                self.has_inherited = !self.buffer.fields.is_empty();
                self.root = Some(shared.root().unwrap_or_else(|| Arc::clone(shared)));
                self.decisions.begin_below(shared.decisions());
                shared.around()
            }
        }
    }

    fn adopt(&mut self, parent: TraceContext) {
        self.context = TraceContext { span_id: self.context.span_id, ..parent };
        self.parent = Some(parent.span_id);
    }

    /// Notes the time of opening, for a unit that may be closed without running.
    pub(crate) fn note_opening(&mut self) {
        if let Some(pipeline) = &self.pipeline {
            self.opened = pipeline.clock.both(&mut self.anchor);
        }
    }

    /// The first run, scope or poll: the one wall anchor and the monotonic start.
    #[inline]
    pub(crate) fn start(&mut self) {
        if self.started.is_none()
            && let Some(pipeline) = &self.pipeline
        {
            self.started = Some(pipeline.clock.both(&mut self.anchor));
        }
    }

    /// The record, with what others contributed before this write.
    #[inline]
    pub(crate) fn record(&mut self) -> &mut Buffer {
        if self.is_shared.get() {
            self.merge();
        }
        &mut self.buffer
    }

    #[cold]
    #[inline(never)]
    fn merge(&mut self) {
        if self.shared.is_dirty() {
            let shared = Arc::clone(&self.shared);
            shared.merge_into(self);
        }
    }

    pub(crate) fn set_inherited(&mut self, key: KeyRef<'_>, value: Prepared<'_>) {
        self.record().push(key, value, INHERITED);
        self.has_inherited = true;
        if self.is_shared.get() {
            self.shared.note_inherited(key, value);
        }
    }

    /// A field came in that units opened below take over.
    pub(crate) fn inherits_to_children(&mut self) {
        self.has_inherited = true;
    }

    /// Counts a log message, if fewer than `max` were kept; says how many nanoseconds after the
    /// start it came.
    pub(crate) fn next_message(&mut self, max: u32) -> Option<u64> {
        if self.messages >= max {
            return None;
        }
        self.messages += 1;
        let now = self.pipeline.as_ref().map(|pipeline| pipeline.clock.moment());
        Some(now.zip(self.started).map_or(0, |(now, (_, started))| now.since(started)))
    }

    /// Says a word, after those that other tasks said before.
    pub(crate) fn say(&mut self, word: Word) {
        self.record();
        self.word = Some(Word::merge(self.word, word));
    }

    /// The part that other tasks can reach; made ready when first asked for.
    pub(crate) fn share(&self) -> Arc<Shared> {
        if !self.is_shared.get() {
            let shared = Arc::clone(&self.shared);
            shared.open(self);
            self.is_shared.set(true);
        }
        Arc::clone(&self.shared)
    }

    /// Decides about a flag, unless it was decided meanwhile, here or further up; `f` sees what holds,
    /// whether it is to be recorded here, and the record if no other thread has it.
    pub(crate) fn settle_flag<R>(
        &mut self,
        key: FlagKey,
        named: Option<&Subject>,
        asked: &mut Evaluation,
        f: impl FnOnce(&Evaluation, bool, Option<&mut Buffer>) -> R,
    ) -> R {
        let buffer = (!self.is_shared.get()).then_some(&mut self.buffer);
        self.decisions.with(|state| {
            state.settle(key, named, asked, |evaluation, is_new| f(evaluation, is_new, buffer))
        })
    }

    /// Decides as another unit does that this one is not opened in.
    pub(crate) fn decide_below(&mut self, decisions: Arc<Decisions>) {
        self.decisions.begin_below(Some(decisions));
    }

    /// What the outcome depends on.
    pub(crate) fn ending(&self) -> Ending {
        Ending {
            unwound: self.unwound,
            cancelled: self.cancelled,
            word: self.word,
            returned: self.returned,
        }
    }

    /// Gives the memory to the thread's next unit.
    #[inline]
    pub(crate) fn recycle(mut self: Box<Self>) {
        self.beside.close();
        self.pipeline = None;
        self.root = None;
        if self.is_shared.get() {
            match Arc::get_mut(&mut self.shared) {
                Some(shared) => shared.clear(),
                // Somebody kept a handle: it stays with the ended unit.
                None => self.shared = Arc::default(),
            }
            self.is_shared.set(false);
        }
        self.decisions.clear();
        if self.buffer.capacity_bytes() > KEEP_BYTES {
            self.buffer = Buffer::default();
        }
        slot::keep_spare(self);
    }
}

/// The pipeline of a unit where there is something on the thread, and whether it is opened below what
/// is current. A root opened inside a unit stays in that unit's pipeline, so that a test's capture
/// sees it.
#[inline(never)]
fn pipeline_here(parent: Parent) -> (Option<PipelineRef>, bool) {
    let current = slot::with(|ambient| ambient.pipeline()).flatten();
    let below = current.is_some() && !matches!(parent, Parent::Root);
    (current.or_else(slot::pipeline), below)
}

/// Whether other instrumentation stands inside the current unit, and so is the parent of what is
/// opened there: it stands neither where it stood when the unit was opened (`around`) nor at the
/// unit itself. The one place that says whose child a unit is.
pub(crate) fn innermost(
    here: Option<TraceContext>,
    around: Option<SpanId>,
    unit: Option<SpanId>,
) -> Option<TraceContext> {
    here.filter(|here| Some(here.span_id) != around && Some(here.span_id) != unit)
}

impl Ambient {
    pub(crate) fn pipeline(&self) -> Option<PipelineRef> {
        match self {
            Self::Own(unit) => unit.pipeline.clone(),
            Self::Joined(shared) => shared.pipeline(),
        }
    }
}

/// The head of an event that is no unit of work: ode's own.
pub(crate) fn new_head(pipeline: &Pipeline, name: &'static str, outcome: Outcome) -> Head {
    Head {
        name,
        random: pipeline.ids.random(),
        context: TraceContext::root(pipeline.ids.trace(), pipeline.ids.span()),
        parent: None,
        start: pipeline.clock.wall(),
        duration_ns: 0,
        outcome,
        detail: None,
        held_ns: None,
        incomplete: false,
        // What ode says of itself is always kept.
        keep: Some("lifecycle"),
        sample_rate: 0.0,
        dropped: 0,
        renamed: 0,
    }
}
