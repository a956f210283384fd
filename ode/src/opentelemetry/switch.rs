//! Whether ids are shared with OpenTelemetry: yes, unless set-up says otherwise.

use std::sync::atomic::{AtomicBool, Ordering};

static ON: AtomicBool = AtomicBool::new(true);

/// Whether ids are shared with OpenTelemetry.
#[inline]
pub(crate) fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

pub(crate) fn turn(on: bool) {
    ON.store(on, Ordering::Relaxed);
}
