//! The real parts, and what they hold.

pub(crate) mod chunk;
#[path = "../../../../ode-core/src/pipeline/control.rs"]
pub(crate) mod control;
#[path = "../../../../ode-core/src/pipeline/intake.rs"]
pub(crate) mod intake;
#[path = "../../../../ode-core/src/pipeline/ledger.rs"]
pub(crate) mod ledger;
pub(crate) mod queue;
