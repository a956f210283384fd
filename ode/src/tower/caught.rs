//! Closures of users: what they throw stays with them.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a closure of a user; `None` when it panicked.
pub(crate) fn caught<R>(user: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(user)) {
        Ok(result) => Some(result),
        Err(payload) => {
            // A payload is the user's too: dropping it may panic, and what that throws is given up.
            if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                let _never_dropped = ManuallyDrop::new(again);
            }
            None
        }
    }
}
