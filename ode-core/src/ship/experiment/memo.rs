//! The last decision about an experiment on this thread, so that a unit with many trials looks it up
//! without a lock.

use std::cell::Cell;

use crate::context::slot;
use crate::event::ids::SpanId;
use crate::pipeline::engine::PipelineRef;
use crate::ship::experiment::experiment::Experiment;
use crate::ship::stage::Stage;
use crate::unit::open::Unit;

#[derive(Clone, Copy)]
struct Memo {
    experiment: *const Experiment,
    unit: SpanId,
    /// Kills and forced dry runs raise it: then all is looked at again.
    generation: u64,
    stage: Stage,
}

thread_local! {
    static LAST: Cell<Option<Memo>> = const { Cell::new(None) };
}

/// The unit and what its decisions are as old as: in the process's own pipeline only, where no two
/// units have the same id.
#[inline]
fn age(unit: &Unit) -> Option<(SpanId, u64)> {
    match unit.pipeline.as_ref()? {
        PipelineRef::Global(pipeline) => {
            Some((unit.context.span_id, pipeline.shipping.kills.generation()))
        }
        PipelineRef::Scoped(_) => None,
    }
}

/// The stage of an experiment in the unit that this task owns, if it is remembered.
#[inline]
pub(crate) fn stage(experiment: &'static Experiment) -> Option<Stage> {
    let memo = LAST.get().filter(|memo| std::ptr::eq(memo.experiment, experiment))?;
    let is_same = |unit: &mut Unit| age(unit) == Some((memo.unit, memo.generation));
    slot::with_own(|unit| is_same(unit)).filter(|is_same| *is_same).map(|_| memo.stage)
}

/// Remembers what the unit decided, if it recorded a trial.
pub(crate) fn remember(experiment: &'static Experiment) {
    let memo = slot::with_own(|unit| {
        // Read first: a kill that comes in between makes the decision an old one.
        let (id, generation) = age(unit)?;
        let decision = unit.decisions.with(|state| state.own_trial(experiment.name()))?;
        let is_of_now = decision.generation == generation;
        is_of_now.then_some(Memo { experiment, unit: id, generation, stage: decision.stage })
    });
    LAST.set(memo.flatten());
}

/// A decision was taken back that no kill and no forced dry run is behind.
pub(crate) fn forget() {
    LAST.set(None);
}
