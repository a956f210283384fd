//! The end of a unit: open becomes finished, exactly once. The rest of an event's life, in order.

use crate::context::cells::Count;
use crate::context::shared::Sealed;
use crate::event::finished::Head;
use crate::event::outcome::decide;
use crate::record::compact::{compact, is_over_limit};
use crate::sync::Arc;
use crate::unit::open::Unit;

/// Ends a unit whose function is over: seal, judge, and on to the destinations.
#[inline]
pub(crate) fn finish(mut unit: Box<Unit>) {
    let Some(now) = unit.pipeline.as_ref().map(|pipeline| pipeline.clock.moment()) else {
        return;
    };
    unit.ended.get_or_insert(now);
    if unit.is_shared.get() {
        unit.shared.close_beside();
    }
    unit.beside.close();
    if unit.is_shared.get() {
        // Contributions of other tasks are merged; a hold keeps the unit open.
        let shared = Arc::clone(&unit.shared);
        match shared.seal(unit, now.nanos()) {
            Sealed::Finish(sealed) => {
                drop(shared);
                unit = sealed;
            }
            Sealed::Held => return,
        }
    }
    emit(unit);
}

/// Ends a unit that was held open and now is not.
pub(crate) fn finish_held(unit: Option<Box<Unit>>) {
    if let Some(unit) = unit {
        emit(unit);
    }
}

/// Judge → limit → hand to every destination → count → reuse the memory.
#[inline]
fn emit(mut unit: Box<Unit>) {
    let Some(pipeline) = unit.pipeline.take() else {
        return;
    };
    if is_over_limit(&unit.buffer) {
        compact(&mut unit.buffer);
    }
    let head = judge(&unit, pipeline.ids.random());
    pipeline.offer(&head, &unit.buffer);
    pipeline.count(Count::Finished);
    unit.recycle();
}

/// The fixed part of the event: identity, times, and the outcome by the one function.
#[inline]
fn judge(unit: &Unit, random: u128) -> Head {
    let (outcome, detail) = decide(&unit.ending());
    let (wall, start) = unit.started.unwrap_or(unit.opened);
    let end = unit.ended.unwrap_or(start);
    Head {
        name: unit.name,
        random,
        context: unit.context,
        parent: unit.parent,
        start: wall,
        duration_ns: end.since(start),
        outcome,
        detail,
        held_ns: unit.held_until.map(|until| until.since(start)),
        incomplete: unit.incomplete,
        keep: unit.keep,
        sample_rate: 0.0,
        dropped: unit.buffer.losses.dropped,
        renamed: unit.buffer.losses.renamed,
    }
}
