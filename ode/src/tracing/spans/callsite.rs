//! What `tracing` knows of a unit's span: name, target, fields, and whether anybody wants it.
//!
//! The macros of `tracing` make this at compile time; the name of a unit is known when it is opened.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use tracing_core::callsite::Identifier;
use tracing_core::field::FieldSet;
use tracing_core::metadata::{Kind, LevelFilter};
use tracing_core::subscriber::Interest;
use tracing_core::{Callsite, Level, Metadata, dispatcher};

#[cfg(feature = "opentelemetry")]
use super::trial::Trial;

/// The fields of a unit's span. The last one is never recorded: it says whose span it is.
const FIELDS: &[&str] = &["trace_id", "span_id", MARK];

/// The field that marks the spans of units.
pub(super) const MARK: &str = "ode.unit";

/// The target of units that name none.
pub(crate) const DEFAULT_TARGET: &str = "ode";

/// One name and target; lives as long as the process.
pub(super) struct UnitCallsite {
    metadata: OnceLock<Metadata<'static>>,
    registered: AtomicBool,
    interest: AtomicU8,
    #[cfg(feature = "opentelemetry")]
    pub(super) trial: Trial,
}

const UNKNOWN: u8 = 0;
const NEVER: u8 = 1;
const SOMETIMES: u8 = 2;
const ALWAYS: u8 = 3;

/// What stands for every name beyond the bound of the table.
pub(super) static OTHER: UnitCallsite = UnitCallsite::new();
static OTHER_METADATA: Metadata<'static> = describe("__other__", DEFAULT_TARGET, &OTHER);

const fn describe(
    name: &'static str,
    target: &'static str,
    callsite: &'static UnitCallsite,
) -> Metadata<'static> {
    let fields = FieldSet::new(FIELDS, Identifier(callsite));
    Metadata::new(name, target, Level::INFO, None, None, Some(target), fields, Kind::SPAN)
}

impl UnitCallsite {
    const fn new() -> Self {
        Self {
            metadata: OnceLock::new(),
            registered: AtomicBool::new(false),
            interest: AtomicU8::new(UNKNOWN),
            #[cfg(feature = "opentelemetry")]
            trial: Trial::new(),
        }
    }

    /// Makes one for good. The caller sees to it that there are not many.
    pub(super) fn leak(name: &'static str, target: &'static str) -> &'static Self {
        let callsite: &'static Self = Box::leak(Box::new(Self::new()));
        callsite.metadata.get_or_init(|| describe(name, target, callsite));
        callsite
    }

    /// Makes it known to `tracing`, which from now on says whether anybody wants its spans. What
    /// subscribers do then is foreign code: call it with no lock held.
    pub(super) fn register(&'static self) {
        if !self.registered.swap(true, Ordering::AcqRel) {
            tracing_core::callsite::register(self);
        }
    }

    pub(super) fn describes(&self) -> &Metadata<'static> {
        self.metadata.get().unwrap_or(&OTHER_METADATA)
    }

    /// Whether nobody wants its spans. Nearly free.
    #[inline]
    pub(super) fn is_never_enabled(&self) -> bool {
        let allowed = LevelFilter::current().min(tracing::level_filters::STATIC_MAX_LEVEL);
        Level::INFO > allowed || self.interest.load(Ordering::Relaxed) == NEVER
    }

    /// Whether somebody wants the span that is opened next on this thread.
    #[inline]
    pub(super) fn is_enabled(&self) -> bool {
        // Else it is now and then, or it is being registered by another thread.
        self.interest.load(Ordering::Relaxed) == ALWAYS
            || dispatcher::get_default(|dispatch| dispatch.enabled(self.describes()))
    }
}

impl Callsite for UnitCallsite {
    fn set_interest(&self, interest: Interest) {
        let interest = match () {
            () if interest.is_always() => ALWAYS,
            () if interest.is_sometimes() => SOMETIMES,
            () => NEVER,
        };
        self.interest.store(interest, Ordering::Relaxed);
        #[cfg(feature = "opentelemetry")]
        self.trial.reopen();
    }

    fn metadata(&self) -> &Metadata<'_> {
        self.describes()
    }
}

impl fmt::Debug for UnitCallsite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnitCallsite").field(&self.describes().name()).finish()
    }
}
