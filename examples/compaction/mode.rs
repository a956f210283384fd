//! How a run goes about it: what the command line says, as the flags that ode asks for.

use ode::{Change, MemoryFlags, Stage};

use crate::changes::{Compress, NewCodec, PERCENT};

/// What may happen in a run, from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mode {
    /// Everything is planned, nothing is stored.
    DryRun,
    /// The same, with the old codec, while the new one runs beside it.
    Shadow,
    /// Stored for this percentage of the apps, from 0 to 100.
    Percent(f64),
    /// Stored for all of them.
    Live,
}

impl Mode {
    /// A service has these in a file that is watched, or at a provider of flags; the command line of
    /// a batch job is as good a place.
    pub(crate) fn flags(self) -> MemoryFlags {
        let (compress, codec, percent) = match self {
            Self::DryRun => (Stage::DryRun, Stage::Complete, 0.0),
            Self::Shadow => (Stage::DryRun, Stage::Shadow, 0.0),
            Self::Percent(percent) => (Stage::Live, Stage::Complete, percent),
            Self::Live => (Stage::Live, Stage::Complete, 100.0),
        };
        MemoryFlags::new()
            .with(Compress::NAME, compress)
            .with(NewCodec::NAME, codec)
            .with(PERCENT, percent)
    }
}
