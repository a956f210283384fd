//! Experiments: old code against new on the same input, without anybody waiting for it.

mod asking;
mod background;
mod book;
mod breaker;
mod comparison;
#[cfg(feature = "diff")]
mod diff;
mod difference;
#[expect(clippy::module_inception, reason = "the type gives the folder its name")]
mod experiment;
mod inline;
mod judge;
mod ledger;
mod memo;
mod pool;
mod record;
mod registry;
#[doc(hidden)]
pub mod runtime;
mod settings;
mod settling;
mod side;
mod state;
mod ticket;
mod trial;

pub use breaker::Breaker;
pub use comparison::Comparison;
#[cfg(feature = "diff")]
pub use diff::Diff;
pub use difference::{Difference, DifferenceKind};
pub use experiment::Experiment;
pub use ledger::{ExperimentStats, NotRun, NotRunCause, TrialStats};
pub(crate) use memo::forget;
pub(crate) use registry::Experiments;
pub use registry::experiments;
pub use side::AsyncSide;
pub use trial::{ComparedTrial, Trial};
