//! What the record path tells the test kit: units that no capture sees.

use crate::sync::{AtomicU64, AtomicUsize, Ordering};

/// Captures that are open anywhere in the process.
pub(crate) static CAPTURES: AtomicUsize = AtomicUsize::new(0);
/// Units that ended unseen while a capture was open.
pub(crate) static OUTSIDE: AtomicU64 = AtomicU64::new(0);

/// A unit found nobody listening.
#[inline]
pub(crate) fn count_outside() {
    if CAPTURES.load(Ordering::Relaxed) > 0 {
        OUTSIDE.fetch_add(1, Ordering::SeqCst);
    }
}
