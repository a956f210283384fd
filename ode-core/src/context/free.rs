//! What any function can say about the unit it runs in, with no handle passed.

use crate::event::ids::TraceContext;
use std::error::Error;

use crate::context::slot::Ambient;
use crate::context::{slot, write};
use crate::event::outcome::{Failure, Word};
use crate::record::fields::EventFields;

/// Records a typed group of fields on the current unit.
///
/// ```
/// use ode_core::{EventFields, Fields, WideEvent};
/// struct Chunk { rows: u64 }
/// impl EventFields for Chunk {
///     fn record(&self, fields: &mut Fields<'_>) {
///         fields.set("chunk.rows", self.rows);
///     }
/// }
/// WideEvent::builder("compact").run(|| ode_core::fields(&Chunk { rows: 4_096 }));
/// ```
pub fn fields(fields: &(impl EventFields + ?Sized)) {
    if slot::is_current() {
        write::record_fields(fields);
    } else {
        write::missed();
    }
}

/// Says that the unit decided not to act, and why. Not an error; unless an error is said too.
///
/// Returns `()`, so that `return ode::decline("too_small")` works in functions that return nothing.
/// The reason is `declined.reason` on the event: one of a few words, to be grouped by.
///
/// ```
/// fn compact(bytes: u64) {
///     if bytes < 512 {
///         return ode_core::decline("too_small");
///     }
///     // ...
/// }
/// ode_core::WideEvent::builder("compact").run(|| compact(100));
/// ```
pub fn decline(reason: &'static str) {
    write::say(Word::Declined(reason));
}

/// Says that the unit failed with this error, also when the function recovers.
///
/// It is recorded as `error.type`, `error.message` and `error.chain`. A problem that was handled is
/// no error: `append! { warnings += %error }`.
///
/// ```
/// fn balance() -> u64 {
///     match std::fs::read_to_string("/no/such/file") {
///         Ok(text) => text.len() as u64,
///         Err(error) => {
///             ode_core::record_error(&error);
///             100 // the last one known
///         }
///     }
/// }
/// ode_core::WideEvent::builder("balance").run(balance);
/// ```
pub fn record_error<E: Error + 'static>(error: &E) {
    if slot::is_current() {
        fail(Failure::of(error));
    } else {
        write::missed();
    }
}

/// Says that the unit failed or declined, by a [`Failure`]: the general form of both.
///
/// ```
/// use ode_core::{Failure, WideEvent};
/// WideEvent::builder("run").run(|| {
///     ode_core::fail(Failure::error("chunks_failed").message("3 of 270"));
/// });
/// ```
#[expect(clippy::needless_pass_by_value, reason = "a failure is said once")]
pub fn fail(failure: Failure) {
    if write::say(failure.word) {
        write::describe(&failure);
    }
}

/// Notes a unit of another trace that the current one belongs with: the producer of a message, the
/// members of a batch. It is kept in the list `links`, as a W3C `traceparent`.
///
/// ```
/// # fn main() -> Result<(), ode_core::ParseTraceparentError> {
/// use ode_core::{TraceContext, WideEvent};
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let producer = TraceContext::from_traceparent(header)?;
/// WideEvent::builder("order.consume").run(|| ode_core::link(producer));
/// # Ok(())
/// # }
/// ```
pub fn link(context: TraceContext) {
    write::link(context);
}

/// Has the event of the current unit kept whatever the sampling says, and says why: on it
/// `sample.reason`, and a `sample_rate` of 1, because it stands for no other. Of two reasons the
/// first stays. Where nothing is sampled it does nothing.
///
/// It is this one unit's: its parent and its children are decided by their trace.
///
/// ```
/// ode_core::WideEvent::builder("checkout").run(|| {
///     let total_cents = 1_250_000;
///     if total_cents > 1_000_000 {
///         ode_core::keep("large_order");
///     }
/// });
/// ```
pub fn keep(reason: &'static str) {
    let found = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => {
            unit.keep.get_or_insert(reason);
        }
        Ambient::Joined(shared) => shared.keep(reason),
    });
    if found.is_none() {
        write::missed();
    }
}
