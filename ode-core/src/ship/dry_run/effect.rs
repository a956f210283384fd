//! [`Underway`]: an effect from its beginning to its end, however it ends.

use crate::EventFields;
use crate::context::write;
use crate::event::outcome::type_name;
use crate::event::value::Value;
use crate::ship::change::Change;
use crate::ship::dry_run::DryRun;
use crate::ship::kill::Acting;

/// An effect that has begun. Dropped before it is over it says so: it may be half done.
#[must_use]
pub(super) struct Underway<'d, C: Change> {
    dry_run: &'d DryRun<C>,
    /// Dropped last: the kill switch is told when the effect has ended and is recorded.
    _acting: Acting,
    is_over: bool,
}

impl<'d, C: Change> Underway<'d, C> {
    pub(super) fn new(dry_run: &'d DryRun<C>, acting: Acting) -> Self {
        Self { dry_run, _acting: acting, is_over: false }
    }

    /// Records what it did: the fields of what it returned, or the type of its error.
    pub(super) fn over<T: EventFields, E>(mut self, result: &Result<T, E>) {
        self.is_over = true;
        match result {
            Ok(done) => self.dry_run.record_did(done),
            Err(_) => self.failed(type_name::<E>()),
        }
    }

    fn failed(&self, error: &'static str) {
        write::set_static(self.dry_run.error_key(), Value::Str(error));
    }
}

impl<C: Change> Drop for Underway<'_, C> {
    fn drop(&mut self) {
        if !self.is_over {
            self.failed(if std::thread::panicking() { "panicked" } else { "cancelled" });
        }
    }
}
