//! The second half of the rule in `once.rs`: a layer that would export the spans of units is noticed.
//!
//! `tracing-opentelemetry` attaches the context of a span when that is entered. So a span that is
//! opened in a marked context, which also keeps every SDK from recording it, and then entered, shows
//! whether the layer sees it: the mark is there again.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use ode_core::Diagnostic;
use ode_core::integration::tell_later;
use tracing::Span;

use super::span::{enter, leave};
use crate::opentelemetry;

/// What is known of who exports the spans of one callsite.
#[derive(Debug)]
pub(super) struct Trial(AtomicU8);

/// Not tried since subscribers or filters last changed.
const OPEN: u8 = 0;
/// Nobody exports them.
const FREE: u8 = 1;
/// Somebody does, so there must be no such span.
const EXPORTED: u8 = 2;

impl Trial {
    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(OPEN))
    }

    /// There are other subscribers now, or other filters.
    pub(super) fn reopen(&self) {
        self.set(OPEN);
    }

    fn set(&self, known: u8) {
        self.0.store(known, Ordering::Relaxed);
    }

    /// Opens the span of a unit, unless others would export it. `span` asks each time whether anybody
    /// wants it: per-layer filters take their answer as being about the very next span.
    #[inline]
    pub(super) fn open(&self, span: impl Fn() -> Option<Span>) -> Option<Span> {
        let mut known = self.0.load(Ordering::Relaxed);
        if known == OPEN && opentelemetry::is_on() {
            known = attempt(&opentelemetry::unrecorded(&span)?);
            self.set(known);
        }
        if known == EXPORTED {
            warn();
            return None;
        }
        span()
    }

    /// Enters a unit's span, and looks whether somebody exports it after all: a filter may let one
    /// span of a callsite through and not another. Then it is the last one.
    #[inline]
    pub(super) fn enter(&self, span: &Span) {
        if !opentelemetry::is_on() {
            return enter(span);
        }
        let before = opentelemetry::current();
        enter(span);
        if opentelemetry::current() != before {
            self.set(EXPORTED);
        }
    }
}

/// Enters a span that nobody records, with nothing of the host's inside.
#[cold]
fn attempt(span: &Span) -> u8 {
    enter(span);
    let attached = opentelemetry::is_unrecorded();
    leave(span);
    if attached { EXPORTED } else { FREE }
}

#[cold]
fn warn() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        tell_later(Diagnostic::configuration(
            "units open no tracing spans, because a layer of tracing-opentelemetry would export \
             them a second time; give that layer the filter ode::tracing::without_units()",
        ));
    }
}
