//! What the integrations in `ode` are made of: `tracing`, OpenTelemetry, HTTP. Applications need
//! none of it. Not covered by any promise of stability.

use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::context::slot::{self, Ambient};
use crate::context::{timed, write};
use crate::event::ids::TraceContext;
use crate::event::value::Value;
use crate::pipeline::diagnostics::Diagnostic;
use crate::pipeline::engine::GLOBAL;
use crate::unit::companion::surroundings;
use crate::unit::open::innermost;

pub use crate::unit::companion::{Companion, Opened, Surroundings, surround};

/// Whether a unit is current; counts nothing where none is.
#[inline]
#[must_use]
pub fn is_recording() -> bool {
    slot::is_own() || (!slot::is_bare() && slot::is_current())
}

/// Whether this thread is one of ode's own, where nothing is recorded.
#[inline]
#[must_use]
pub fn is_own_thread() -> bool {
    slot::is_muted()
}

/// Makes this thread one of ode's own, for good. For threads that exporters start.
#[cold]
pub fn mute_thread() {
    slot::mute();
}

/// Has the process's observer of diagnostics told, from one of ode's own threads; nothing where ode
/// is not set up. Say a thing once: there is no limit here.
#[cold]
pub fn tell_later(diagnostic: Diagnostic) {
    if let Some(pipeline) = GLOBAL.get() {
        pipeline.tell_later(diagnostic);
    }
}

/// Counts a log message of the current unit. `None` where there is no unit, or where it has `max`
/// of them; else how long after the start of the unit the message came.
#[must_use]
pub fn next_message(max: u32) -> Option<Duration> {
    let nanos = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => unit.next_message(max),
        Ambient::Joined(shared) => shared.next_message(max),
    });
    nanos.flatten().map(Duration::from_nanos)
}

/// Records a field whose name an integration needs for itself: it goes to `field.<key>`, as a user's
/// field does that has one of ode's names.
pub fn set_moved(key: &str, value: Value<'_>) {
    write::set_moved(key, value);
}

/// Time that passes, on the clock of the unit where it began; without a unit, on the system's.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    clock: Clock,
    since: Moment,
}

impl Stopwatch {
    /// Time passes from here.
    #[must_use]
    pub fn start() -> Self {
        let pipeline = slot::with(|ambient| ambient.pipeline()).flatten();
        let clock = pipeline.map(|pipeline| pipeline.clock.clone()).unwrap_or_default();
        Self { since: clock.moment(), clock }
    }

    /// Adds to `timed.<name>.count` and `timed.<name>.total_ns` of the unit that is current now, if
    /// there is one.
    pub fn stop(&self, name: &str) {
        if is_recording() {
            timed::add_time(name, self.clock.moment().since(self.since));
        }
    }
}

/// What a unit opened here would have as its parent: the current unit, or what other
/// instrumentation opened inside it; without a unit, where other instrumentation stands.
#[must_use]
pub fn innermost_context() -> Option<TraceContext> {
    let here = surroundings().and_then(<dyn Surroundings>::here);
    let unit = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => Some((unit.context, unit.around)),
        Ambient::Joined(shared) => shared.context().map(|context| (context, shared.around())),
    });
    match unit.flatten() {
        Some((unit, around)) => innermost(here, around, Some(unit.span_id)).or(Some(unit)),
        None => here,
    }
}
