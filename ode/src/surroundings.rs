//! What stands around units in this process: `tracing` and OpenTelemetry, as far as their features
//! are on.

#[cfg(feature = "tracing")]
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use ode_core::TraceContext;
use ode_core::integration::{Companion, Opened, Surroundings, surround};

#[cfg(feature = "opentelemetry")]
use crate::opentelemetry;
#[cfg(feature = "tracing")]
use crate::tracing::spans::UnitSpan;

/// Every unit opens a span, also those that did not ask.
#[cfg(feature = "tracing")]
static ALL_SPANS: AtomicBool = AtomicBool::new(false);

/// Tells the core of what is around it. Once is enough, and more do no harm.
#[inline]
pub(crate) fn install() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| surround(Process));
}

/// Takes over what was chosen at set-up: whether every unit opens a span, and whether ids are shared
/// with OpenTelemetry. Without the features there is nothing to choose.
#[cfg_attr(
    not(feature = "tracing"),
    expect(unused_variables, reason = "spans are opened with the feature only")
)]
pub(crate) fn set_up(spans: bool, shared: bool) {
    #[cfg(feature = "tracing")]
    ALL_SPANS.store(spans, Ordering::Relaxed);
    #[cfg(feature = "opentelemetry")]
    opentelemetry::turn(shared);
    if cfg!(feature = "tracing") || (cfg!(feature = "opentelemetry") && shared) {
        install();
    }
}

struct Process;

impl Surroundings for Process {
    fn current(&self) -> Option<TraceContext> {
        #[cfg(feature = "opentelemetry")]
        if opentelemetry::is_on() {
            return opentelemetry::current();
        }
        None
    }

    fn are_watching(&self) -> bool {
        #[cfg(feature = "opentelemetry")]
        if opentelemetry::is_on() {
            return true;
        }
        #[cfg(feature = "tracing")]
        if ALL_SPANS.load(Ordering::Relaxed) {
            return true;
        }
        false
    }

    #[cfg_attr(
        not(any(feature = "opentelemetry", feature = "tracing")),
        expect(unused_variables, reason = "there is nothing to open")
    )]
    fn companion(&self, unit: &Opened) -> Option<Arc<dyn Companion>> {
        let beside = Beside {
            #[cfg(feature = "tracing")]
            span: UnitSpan::open(unit, ALL_SPANS.load(Ordering::Relaxed)),
            #[cfg(feature = "opentelemetry")]
            context: opentelemetry::is_on().then(|| opentelemetry::of_unit(unit)),
        };
        beside.is_something().then(|| Arc::new(beside) as Arc<dyn Companion>)
    }

    #[cfg(feature = "opentelemetry")]
    fn apart(&self) -> Option<Arc<dyn Companion>> {
        static APART: OnceLock<Arc<Apart>> = OnceLock::new();
        if !opentelemetry::is_on() {
            return None;
        }
        Some(Arc::<Apart>::clone(APART.get_or_init(|| Arc::new(Apart))))
    }
}

/// What goes with one unit.
#[derive(Debug)]
struct Beside {
    #[cfg(feature = "tracing")]
    span: Option<UnitSpan>,
    #[cfg(feature = "opentelemetry")]
    context: Option<::opentelemetry::trace::SpanContext>,
}

impl Beside {
    #[cfg_attr(
        not(any(feature = "opentelemetry", feature = "tracing")),
        expect(clippy::unused_self, reason = "there is nothing in it")
    )]
    fn is_something(&self) -> bool {
        #[cfg(feature = "tracing")]
        if self.span.is_some() {
            return true;
        }
        #[cfg(feature = "opentelemetry")]
        if self.context.is_some() {
            return true;
        }
        false
    }
}

impl Companion for Beside {
    fn enter(&self) {
        // The context is the inner one: a layer may attach another when the span is entered.
        #[cfg(feature = "tracing")]
        if let Some(span) = &self.span {
            span.enter();
        }
        #[cfg(feature = "opentelemetry")]
        if let Some(context) = &self.context {
            opentelemetry::attach(key(self), context);
        }
    }

    fn leave(&self) {
        #[cfg(feature = "opentelemetry")]
        if self.context.is_some() {
            opentelemetry::detach(key(self));
        }
        #[cfg(feature = "tracing")]
        if let Some(span) = &self.span {
            span.leave();
        }
    }
}

/// Around work of no unit stands nothing.
#[cfg(feature = "opentelemetry")]
#[derive(Debug)]
struct Apart;

#[cfg(feature = "opentelemetry")]
impl Companion for Apart {
    fn enter(&self) {
        opentelemetry::hide(key(self));
    }

    fn leave(&self) {
        opentelemetry::detach(key(self));
    }
}

/// Tells what is entered apart.
#[cfg(feature = "opentelemetry")]
fn key<T>(of: &T) -> usize {
    std::ptr::from_ref(of).addr()
}

/// What `#[instrument_event(span)]` expands to: the target of the unit's span.
#[cfg(feature = "tracing")]
#[doc(hidden)]
#[macro_export]
macro_rules! __unit_span {
    () => {
        $crate::tracing::__unit_span(::core::module_path!())
    };
}

/// What `#[instrument_event(span)]` expands to where it cannot be had.
#[cfg(not(feature = "tracing"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __unit_span {
    () => {
        ::core::compile_error!(
            "span needs the feature `tracing` of `ode`: \
             ode = { package = \"ode-rs\", features = [\"tracing\"] }"
        )
    };
}
