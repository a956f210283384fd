//! What is declared of an experiment, and what may be declared.

use std::time::Duration;

use crate::rng::Odds;
use crate::ship::experiment::breaker::Breaker;
use crate::ship::experiment::comparison::Comparison;

/// What an experiment declares beside its name and stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) sample: Odds,
    pub(crate) noise: Odds,
    pub(crate) max_concurrent: usize,
    pub(crate) max_queue: usize,
    pub(crate) deadline: Duration,
    pub(crate) breaker: Breaker,
    pub(crate) strict: bool,
    pub(crate) observer: Option<fn(&Comparison)>,
}

/// More at once than this is no bulkhead.
pub(crate) const MAX_CONCURRENT: usize = 1_024;
/// More than this waiting is a leak.
pub(crate) const MAX_QUEUE: usize = 65_536;

impl Settings {
    pub(crate) const DEFAULT: Self = Self {
        sample: Odds::ALWAYS,
        noise: Odds::NEVER,
        max_concurrent: 8,
        max_queue: 64,
        deadline: Duration::from_secs(10),
        breaker: Breaker::new(),
        strict: false,
        observer: None,
    };

    /// How many may be under way or wait.
    pub(crate) const fn capacity(&self) -> usize {
        self.max_concurrent.saturating_add(self.max_queue)
    }
}

/// Fails to compile, in a `static`, unless it is a share.
pub(crate) const fn share(share: f64) -> f64 {
    assert!(share >= 0.0 && share <= 1.0, "a share is from 0 to 1");
    share
}
