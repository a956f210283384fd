//! Where a thread stands for OpenTelemetry, in both directions: units find the span they are opened
//! in, and spans find the unit.
//!
//! The context of OpenTelemetry is one for the process, whoever opens the spans: its SDK, or
//! `tracing-opentelemetry`, whose spans are in it while they are entered.

mod context;

use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use context::{attach, current, detach, hide, of_unit};
#[cfg(feature = "tracing")]
pub(crate) use context::{is_unrecorded, unrecorded};

static ON: AtomicBool = AtomicBool::new(true);

/// Whether ids are shared with OpenTelemetry.
#[inline]
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

pub(crate) fn turn(on: bool) {
    ON.store(on, Ordering::Relaxed);
}
