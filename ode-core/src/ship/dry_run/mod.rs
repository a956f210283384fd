//! Dry runs: a plan that changes nothing, and an effect that only a live change can have.

mod budget;
mod commit;
#[expect(clippy::module_inception, reason = "the type the folder is about")]
mod dry_run;
mod effect;
mod fields;
mod live;
mod live_only;
mod planned;
mod precondition;
mod refusing;
mod staged;

pub use budget::Budget;
pub(crate) use budget::Budgets;
pub use commit::Commit;
pub use dry_run::DryRun;
pub use live::Live;
pub use live_only::{AnyChange, LiveOnly};
pub use planned::Planned;
pub use refusing::{Refused, Refusing};
pub use staged::{Staged, note_stage};
