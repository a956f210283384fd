//! The `tracing` span of one unit.

use ode_core::integration::Opened;
use tracing::Span;
use tracing::field::{Value, display};

use super::callsite::{DEFAULT_TARGET, UnitCallsite};
use super::table::callsite;

/// Open as long as the unit; closed when dropped.
#[derive(Debug)]
pub(crate) struct UnitSpan {
    span: Span,
    #[cfg(feature = "opentelemetry")]
    callsite: &'static UnitCallsite,
}

impl UnitSpan {
    /// Opens the span of a unit that asked for one, or of any unit where all have one. `None` where
    /// nobody wants it.
    #[inline]
    pub(crate) fn open(unit: &Opened, all: bool) -> Option<Self> {
        let target = match unit.span_target {
            Some(target) => target,
            None if all => DEFAULT_TARGET,
            None => return None,
        };
        let callsite = callsite(unit.name, target);
        if callsite.is_never_enabled() {
            return None;
        }
        let span = || callsite.is_enabled().then(|| new(callsite, unit));
        #[cfg(feature = "opentelemetry")]
        let span = callsite.trial.open(span)?;
        #[cfg(not(feature = "opentelemetry"))]
        let span = span()?;
        Some(Self {
            span,
            #[cfg(feature = "opentelemetry")]
            callsite,
        })
    }

    pub(crate) fn enter(&self) {
        #[cfg(feature = "opentelemetry")]
        self.callsite.trial.enter(&self.span);
        #[cfg(not(feature = "opentelemetry"))]
        enter(&self.span);
    }

    pub(crate) fn leave(&self) {
        leave(&self.span);
    }
}

fn new(callsite: &'static UnitCallsite, unit: &Opened) -> Span {
    let metadata = callsite.describes();
    let mut fields = metadata.fields().iter();
    let (Some(trace), Some(span)) = (fields.next(), fields.next()) else {
        return Span::none();
    };
    let (trace_id, span_id) = (display(unit.context.trace_id()), display(unit.context.span_id()));
    let values = [(&trace, Some(&trace_id as &dyn Value)), (&span, Some(&span_id as &dyn Value))];
    Span::new(metadata, &metadata.fields().value_set(&values))
}

/// As `Span::enter`, which wants its guard kept: here entering and leaving are two calls, in pairs
/// and on one thread.
pub(super) fn enter(span: &Span) {
    span.with_subscriber(|(id, dispatch)| dispatch.enter(id));
}

/// As dropping the guard of `Span::enter`.
pub(super) fn leave(span: &Span) {
    span.with_subscriber(|(id, dispatch)| dispatch.exit(id));
}
