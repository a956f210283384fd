//! [`would`]: a gate for code that is not written as a plan.

use crate::ship::change::{Change, Declaration};
use crate::ship::shipping::Here;

/// What a change may do here.
#[must_use = "a gate that is not looked at lets everything through"]
#[expect(clippy::exhaustive_enums, reason = "a closed set: a `match` over it is meant to break")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Go on.
    Act,
    /// Do nothing: the event says that it would have been done.
    Withhold,
}

/// Asks whether a change may act here, and records that it would: `would.<change>.act`, and
/// `did.<change>.act` where it may.
///
/// For code that is not written as a plan; it is a convention that nothing is done without asking.
/// [`DryRun`](crate::DryRun) proves it.
///
/// ```
/// use ode_core::Gate;
/// ode_core::change!(Truncate = "truncate");
/// fn tidy(rows: &mut Vec<u8>) {
///     match ode_core::would::<Truncate>() {
///         Gate::Act => rows.clear(),
///         Gate::Withhold => {}
///     }
/// }
/// let mut rows = vec![1, 2];
/// ode_core::WideEvent::builder("tidy").run(|| tidy(&mut rows));
/// assert_eq!(rows.len(), 2); // nothing is set up: withheld
/// ```
#[inline]
pub fn would<C: Change>() -> Gate {
    let change = C::declaration();
    let acts = change.gated().unwrap_or_else(|| ask(change));
    if acts { Gate::Act } else { Gate::Withhold }
}

/// The first question of a unit.
fn ask(change: &Declaration) -> bool {
    let here = Here::find();
    let stage = change.decide_in(&here).stage;
    change.note_gate(&here, stage);
    stage.acts()
}
