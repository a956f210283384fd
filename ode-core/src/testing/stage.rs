//! Stages of changes, set by a test.

use crate::context::slot;
use crate::ship::{Change, Stage};
use crate::testing::captured::fail;

/// Sets the stage of a change for what runs in this thread's capture or test pipeline: there it
/// beats every source of flags. A unit that has decided already stays with its decision.
///
/// ```
/// use ode_core::{Gate, Stage, WideEvent};
/// ode_core::change!(Compress = "compress");
/// let events = ode_core::testing::capture();
/// ode_core::testing::stage::<Compress>(Stage::Live);
/// let gate = WideEvent::builder("column").run(|| ode_core::would::<Compress>());
/// assert_eq!(gate, Gate::Act);
/// assert_eq!(events.one("column")["change.compress.stage"], "live");
/// ```
///
/// # Panics
/// Outside a capture: the stage of a whole process is not a test's to set.
#[track_caller]
pub fn stage<C: Change>(stage: Stage) {
    match slot::scoped() {
        Some(pipeline) => pipeline.shipping.set_tested(C::declaration().flag_key(), stage),
        None => fail(
            "a test sets a stage inside its capture: `let events = ode::testing::capture();` first",
        ),
    }
}
