//! ode's own two events: what started, and what became of everything when it stopped.

use std::time::Duration;

use crate::context::cells::{self, Cells};
use crate::event::keys::Key;
use crate::event::limits::Limits;
use crate::event::outcome::Outcome;
use crate::event::value::{ToValue, Value};
use crate::pipeline::engine::{Pipeline, PipelineRef};
use crate::pipeline::ledger::Stats;
use crate::record::buffer::{Buffer, KeyRef};
use crate::record::prepare::prepare;
use crate::sync::Ordering;
use crate::unit::open::new_head;

macro_rules! ode_keys {
    ($($konst:ident = $name:literal;)*) => {
        $(static $konst: Key = Key::ours($name, concat!(",\"", $name, "\":"));)*
    };
}

ode_keys! {
    VERSION = "ode.version";
    DESTINATIONS = "ode.destinations";
    QUEUE_EVENTS = "ode.queue.events";
    QUEUE_BYTES = "ode.queue.bytes";
    BATCH_DELAY = "ode.batch.delay_ns";
    LIMIT_FIELDS = "ode.limit.fields";
    LIMIT_VALUE = "ode.limit.value_bytes";
    LIMIT_EVENT = "ode.limit.event_bytes";
    HASH_KEY = "ode.hash_key";
    OPENED = "ode.units.opened";
    FINISHED = "ode.units.finished";
    OPEN = "ode.units.open";
    LATE = "ode.writes.late";
    ORPHAN = "ode.writes.orphan";
    OFFERED = "ode.events.offered";
    DELIVERED = "ode.events.delivered";
    DROPPED = "ode.events.dropped";
}

/// `ode.start`: versions and configuration, without secrets.
pub(crate) fn announce_start(pipeline: &Pipeline, counts: &Cells) {
    if !pipeline.announce {
        return;
    }
    emit(pipeline, counts, "ode.start", |put| {
        put(&VERSION, Value::Str(env!("CARGO_PKG_VERSION")));
        let names: Vec<_> =
            pipeline.destinations.iter().map(|to| to.settings.name.as_str()).collect();
        put(&DESTINATIONS, names.to_value());
        let settings = || pipeline.destinations.iter().map(|to| &to.settings);
        let capacity: Vec<_> = settings().map(|settings| settings.capacity).collect();
        put(&QUEUE_EVENTS, capacity.to_value());
        let bytes: Vec<_> = settings().map(|settings| settings.capacity_bytes).collect();
        put(&QUEUE_BYTES, bytes.to_value());
        let delays: Vec<_> = settings().map(|settings| settings.batch_delay).collect();
        put(&BATCH_DELAY, delays.to_value());
        put(&LIMIT_FIELDS, pipeline.limits.fields.to_value());
        put(&LIMIT_VALUE, pipeline.limits.value_bytes.to_value());
        put(&LIMIT_EVENT, pipeline.limits.event_bytes.to_value());
        put(&HASH_KEY, Value::Bool(pipeline.hasher.is_some()));
    });
}

/// Reports as `ode.shutdown`, then stops the pipeline within `timeout`.
/// `own` are counters that may be added to; `sum` reads all of them.
pub(crate) fn stop(pipeline: &Pipeline, own: &Cells, sum: impl Fn() -> Stats, timeout: Duration) {
    if pipeline.is_left_behind() {
        return;
    }
    let start = pipeline.clock.moment();
    pipeline.shipping.experiments.close();
    // Held units have done their own work: their events leave now, marked as incomplete.
    pipeline.keeper.expire(u64::MAX);
    if pipeline.announce {
        // Delivered first, so that the report is the last event and its counts are final.
        pipeline.flush(timeout / 2);
        let stats = sum();
        emit(pipeline, own, "ode.shutdown", |put| {
            put(&OPENED, Value::U64(stats.opened));
            put(&FINISHED, Value::U64(stats.finished));
            put(&OPEN, Value::U64(stats.open));
            put(&LATE, Value::U64(stats.late_writes));
            put(&ORPHAN, Value::U64(stats.orphan_writes));
            let sum = |of: fn(&crate::DestinationStats) -> u64| {
                stats.destinations.iter().map(of).sum::<u64>()
            };
            put(&OFFERED, Value::U64(sum(|to| to.offered)));
            put(&DELIVERED, Value::U64(sum(|to| to.delivered)));
            put(&DROPPED, Value::U64(stats.dropped()));
        });
    }
    let passed = Duration::from_nanos(pipeline.clock.moment().since(start));
    pipeline.stop(timeout.saturating_sub(passed));
}

/// An event of ode's own, on whatever pipeline.
pub(crate) fn announce(
    pipeline: &PipelineRef,
    name: &'static str,
    fields: impl FnOnce(&mut dyn FnMut(&'static Key, Value<'_>)),
) {
    match pipeline {
        PipelineRef::Global(pipeline) => {
            cells::with_own(|counts| emit(pipeline, counts, name, fields));
        }
        PipelineRef::Scoped(pipeline) => emit(pipeline, &pipeline.counts, name, fields),
    }
}

fn emit(
    pipeline: &Pipeline,
    counts: &Cells,
    name: &'static str,
    fields: impl FnOnce(&mut dyn FnMut(&'static Key, Value<'_>)),
) {
    let mut buffer = Buffer::default();
    // The limits are for what the host records.
    buffer.reset(&Limits::default());
    fields(&mut |key, value| {
        prepare(value, usize::MAX, |value| {
            buffer.push(KeyRef::Static(key), value, 0);
        });
    });
    counts.opened.fetch_add(1, Ordering::Relaxed);
    counts.finished.fetch_add(1, Ordering::Relaxed);
    let head = new_head(pipeline, name, Outcome::Ok);
    pipeline.offer(&head, &buffer);
}
