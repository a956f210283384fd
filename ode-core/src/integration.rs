//! What the integrations in `ode` are made of: `tracing`, OpenTelemetry, HTTP. Applications need
//! none of it. Not covered by any promise of stability.

use std::fmt;

use crate::clock::Clock;
use crate::context::slot::{self, Ambient};
use crate::context::{timed, write};
use crate::event::ids::TraceContext;
use crate::event::interned::interned;
use crate::event::keys::Key;
use crate::event::value::{Number, Value};
use crate::pipeline::diagnostics::Diagnostic;
use crate::pipeline::engine::GLOBAL;
use crate::propagation::Extract;
use crate::propagation::incoming::read_context;
use crate::record::buffer::KeyRef;
use crate::record::format;
use crate::record::prepare::Prepared;
use crate::system_time::Moment;
use crate::unit::builder::WideEventBuilder;
use crate::unit::companion::surroundings;
use crate::unit::open::innermost;
use crate::unit::wide_event::WideEvent;

pub use crate::record::format::Bounded;
pub use crate::ship::kill::{KillSource, flip};
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

/// What came with a request as its `traceparent`, where nothing else of it will be looked at; as
/// [`extract`](crate::propagation::extract), believed or not.
#[must_use]
pub fn caller(from: &(impl Extract + ?Sized)) -> Option<TraceContext> {
    read_context(from)
}

/// Opens a unit that becomes current at once: when it was opened is not noted apart from when it
/// began.
pub fn open(unit: WideEventBuilder) -> WideEvent {
    WideEvent::of(unit.open())
}

/// A key for a name that comes again and again: what is recorded under it costs less. `None` for a
/// name of ode's, and where too many were asked for: then the field is recorded by its text.
///
/// It takes a lock, and the key stays for good: ask once.
#[must_use]
pub fn key(name: &str) -> Option<&'static Key> {
    interned(name)
}

/// A name that an integration records under again and again.
#[derive(Clone, Debug)]
pub struct Name {
    text: String,
    key: Option<&'static Key>,
}

impl Name {
    /// Makes the name ready; it takes a lock.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let text = name.into();
        Self { key: interned(&text), text }
    }

    fn key(&self) -> KeyRef<'_> {
        self.key.map_or(KeyRef::Text(&self.text), KeyRef::Static)
    }

    /// Records a field on the current unit.
    #[inline]
    pub fn set(&self, value: Value<'_>) {
        match self.key {
            Some(key) => write::set_static(key, value),
            None => write::set_at(&self.text, value),
        }
    }

    /// Adds to a counter of the current unit.
    pub fn incr(&self, by: Number) {
        write::incr(self.key(), by);
    }

    /// Appends a log message to a list of the current unit: `write` puts it together, told how many
    /// nanoseconds after the start of the unit it comes. `false` where the unit has `max` of them
    /// already, and where none is current.
    pub fn append_message(
        &self,
        max: u32,
        write: impl FnOnce(u64, &mut Bounded) -> fmt::Result,
    ) -> bool {
        let own =
            slot::with_own(|unit| Some((unit.next_message(max)?, unit.buffer.limits.value_bytes)));
        let message = own.unwrap_or_else(|| next_message_elsewhere(max));
        let Some((after, budget)) = message else { return false };
        format::with_text(
            budget,
            |out| write(after, out),
            |text, cut| match self.key {
                Some(key) if !cut => write::append_str(key, text),
                _ => write::append(self.key(), Prepared::Text(text, cut)),
            },
        );
        true
    }
}

/// As the unit's own, where this task contributes to a unit of another's.
#[cold]
fn next_message_elsewhere(max: u32) -> Option<(u64, usize)> {
    let message = slot::with(|ambient| match ambient {
        Ambient::Own(_) => None,
        Ambient::Joined(shared) => Some((shared.next_message(max)?, shared.value_bytes())),
    });
    message.flatten()
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
