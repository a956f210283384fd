//! What any function can say about the unit it runs in, with no handle passed.

use std::error::Error;

use crate::context::{slot, write};
use crate::event::outcome::{Failure, Word};
use crate::record::fields::EventFields;

/// Records a typed group of fields on the current unit.
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
pub fn decline(reason: &'static str) {
    write::say(Word::Declined(reason));
}

/// Says that the unit failed with this error, also when the function recovers.
///
/// A problem that was handled is no error: `append! { warnings += %error }`.
pub fn record_error<E: Error + 'static>(error: &E) {
    if slot::is_current() {
        fail(Failure::of(error));
    } else {
        write::missed();
    }
}

/// Says that the unit failed or declined, by a [`Failure`]: the general form of both.
#[expect(clippy::needless_pass_by_value, reason = "a failure is said once")]
pub fn fail(failure: Failure) {
    if write::say(failure.word) {
        write::describe(&failure);
    }
}
