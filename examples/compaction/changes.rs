//! The two changes that are on their way into production, and what decides how far each has come.

use std::time::Duration;

use ode::{DryRun, Experiment, Rollout};

ode::change!(
    /// Chunks are stored compressed. To whom that is live, a percentage of all apps says.
    pub(crate) Compress = "compress", rollout = BY_APP
);

ode::change!(
    /// A chunk may be deflated, where only LZ4 was tried before.
    pub(crate) NewCodec = "codec"
);

/// The flag that widens it is asked for the app that a chunk belongs to.
static BY_APP: Rollout = Rollout::new("compress.percentage").percent_flag(PERCENT);

/// How many percent of the apps compress; see [`Mode::flags`](crate::mode::Mode::flags).
pub(crate) const PERCENT: &str = "compress.percent";

/// What would be stored is planned in every stage, and stored in those that act.
pub(crate) static COMPRESS: DryRun<Compress> = DryRun::new();

/// The old codec against the new. A batch job is in no hurry, so every comparison may wait its turn;
/// a service would set a share and a short queue.
pub(crate) static CODEC: Experiment = Experiment::of::<NewCodec>()
    .max_concurrent(2)
    .max_queue(65_536)
    .deadline(Duration::from_secs(60));
