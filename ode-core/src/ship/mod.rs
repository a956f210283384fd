//! Shipping safely: stages, flags, rollouts, kills, dry runs, experiments, all on the event.

pub mod calibration;
pub(crate) mod change;
pub(crate) mod decide;
pub(crate) mod decisions;
pub(crate) mod dry_run;
pub(crate) mod evaluation;
pub(crate) mod experiment;
pub(crate) mod flag;
mod force;
mod gate;
pub(crate) mod keys;
pub(crate) mod kill;
mod memory;
pub(crate) mod own;
mod rollout;
pub(crate) mod shipping;
mod stage;
pub(crate) mod subject;
#[doc(hidden)]
pub mod support;

pub use change::{Change, stage};
pub use dry_run::{AnyChange, Budget, Commit, DryRun, Live, LiveOnly, Planned, Refused, Refusing};
pub use evaluation::{Evaluation, FlagError, FlagSource, FlagValue, Reason};
#[cfg(feature = "diff")]
pub use experiment::Diff;
pub use experiment::runtime as experiment_runtime;
pub use experiment::{
    AsyncSide, Breaker, ComparedTrial, Comparison, Difference, DifferenceKind, Experiment,
    ExperimentStats, NotRun, NotRunCause, Trial, TrialStats, experiments,
};
pub use flag::{Flag, FlagType};
pub use force::force_dry_run;
pub use gate::{Gate, would};
pub use kill::{is_killed, kill, revive};
pub use memory::MemoryFlags;
pub use rollout::{Ring, Rollout};
pub use stage::{ParseStageError, Stage};
pub use subject::{Attribute, Subject, subject};
