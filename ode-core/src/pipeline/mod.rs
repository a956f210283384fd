//! From a finished unit to its exporters, and the ledger over it.

pub(crate) mod backoff;
pub(crate) mod builder;
pub(crate) mod chunk;
pub(crate) mod control;
pub(crate) mod destination;
pub(crate) mod diagnostics;
pub(crate) mod engine;
pub(crate) mod guard;
pub(crate) mod intake;
#[cfg(test)]
mod intake_tests;
pub(crate) mod keeper;
pub(crate) mod ledger;
pub(crate) mod lifecycle;
pub(crate) mod next;
pub(crate) mod queue;
pub(crate) mod sampling;
pub(crate) mod watch;
pub(crate) mod worker;

pub use builder::{PipelineBuilder, SetupError};
pub use diagnostics::{Diagnostic, DiagnosticKind};
pub use guard::{Flushed, Guard, Shutdown, flush, stats};
pub use ledger::{DestinationStats, DropReason, Dropped, Stats};
pub use queue::{Overflow, Queue};
