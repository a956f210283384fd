//! What goes with a unit: a span of other instrumentation, opened, entered and closed beside it.
//!
//! `ode` puts `tracing` and OpenTelemetry behind these two traits, so that the core knows neither.

use std::fmt;
use std::sync::OnceLock;

use crate::event::ids::{SpanId, TraceContext};
use crate::record::format;
use crate::sync::Arc;

/// Other instrumentation of the process: where a thread stands in its traces, and what it wants to
/// open beside a unit.
pub trait Surroundings: Send + Sync + 'static {
    /// Where this thread stands in a trace that others began; `None` where it stands in none.
    fn current(&self) -> Option<TraceContext>;

    /// Whether every unit concerns them: if not, only those that ask for a span are told of. It is
    /// asked for each unit, so it has to be cheap, and it must not panic.
    fn are_watching(&self) -> bool {
        true
    }

    /// What is to go with a unit that is being opened.
    fn companion(&self, unit: &Opened) -> Option<Arc<dyn Companion>>;

    /// What is to be entered where work of no unit runs on a thread that a unit is current on:
    /// `detached`. What stands around the unit is not around that work.
    fn apart(&self) -> Option<Arc<dyn Companion>> {
        None
    }
}

/// Told when a unit becomes current on a thread and when it stops being, in pairs; dropped when the
/// unit has ended and no task that joined it is left.
pub trait Companion: fmt::Debug + Send + Sync {
    /// The unit becomes current on this thread.
    fn enter(&self);
    /// The unit is no longer current on this thread.
    fn leave(&self);
}

/// A unit that is being opened.
#[non_exhaustive]
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// The name of the unit.
    pub name: &'static str,
    /// Trace id, the unit's own span id, flags.
    pub context: TraceContext,
    /// The unit or span it was opened in.
    pub parent: Option<SpanId>,
    /// The module that asked for a span by name, or `None` where nobody asked.
    pub span_target: Option<&'static str>,
}

static SURROUNDINGS: OnceLock<Box<dyn Surroundings>> = OnceLock::new();

/// Sets the surroundings of the process; the first stay.
pub fn surround(with: impl Surroundings) {
    SURROUNDINGS.get_or_init(|| Box::new(with));
}

#[inline]
pub(crate) fn surroundings() -> Option<&'static dyn Surroundings> {
    SURROUNDINGS.get().map(|surroundings| &**surroundings)
}

impl dyn Surroundings {
    /// As [`Surroundings::current`], which is foreign code.
    #[cold]
    pub(crate) fn here(&self) -> Option<TraceContext> {
        format::caught(|| self.current()).flatten()
    }

    /// As [`Surroundings::companion`], which is foreign code.
    #[cold]
    pub(crate) fn accompany(&self, unit: &Opened) -> Option<Arc<dyn Companion>> {
        format::caught(|| self.companion(unit)).flatten()
    }

    /// As [`Surroundings::apart`], which is foreign code.
    #[cold]
    fn away(&self) -> Option<Arc<dyn Companion>> {
        format::caught(|| self.apart()).flatten()
    }
}

/// A unit's companion, if it has one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside(Option<Arc<dyn Companion>>);

impl Beside {
    pub(crate) fn new(companion: Option<Arc<dyn Companion>>) -> Self {
        Self(companion)
    }

    /// What work of no unit runs in.
    pub(crate) fn apart() -> Self {
        Self(surroundings().and_then(<dyn Surroundings>::away))
    }

    #[inline]
    pub(crate) fn enter(&self) {
        if let Some(companion) = &self.0 {
            tell(|| companion.enter());
        }
    }

    #[inline]
    pub(crate) fn leave(&self) {
        if let Some(companion) = &self.0 {
            tell(|| companion.leave());
        }
    }

    /// Lets go of it: what was opened beside the unit closes with the last who has it.
    #[inline]
    pub(crate) fn close(&mut self) {
        if let Some(companion) = self.0.take() {
            tell(move || drop(companion));
        }
    }
}

/// What goes wrong there stays there.
#[cold]
fn tell(companion: impl FnOnce()) {
    format::caught(companion);
}
