//! Records of the `log` crate, which come through `tracing-log` under a few shared callsites: where
//! they are from is in their fields.

use std::fmt::Debug;

use ::tracing::field::{Field, Visit};
use ::tracing::{Event, Metadata};

/// Begins the names of the fields that say where a record is from.
pub(super) const ORIGIN: &str = "log.";
const TARGET: &str = "log.target";

/// Whether an event stands for a record of the `log` crate.
#[inline]
pub(super) fn is_one(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "log" && metadata.fields().iter().any(|field| field.name() == TARGET)
}

/// Runs `then` with the target of the record.
pub(super) fn with_target(event: &Event<'_>, then: impl FnOnce(&str)) {
    event.record(&mut Target(Some(then)));
}

struct Target<F>(Option<F>);

impl<F: FnOnce(&str)> Visit for Target<F> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == TARGET
            && let Some(then) = self.0.take()
        {
            then(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
