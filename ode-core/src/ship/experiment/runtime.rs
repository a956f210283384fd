//! The host's async runtime, as far as experiments need it.

use std::pin::Pin;
use std::sync::OnceLock;

use crate::record::format;
use crate::sync::Arc;

/// A side of an experiment, ready to be run.
pub type TrialTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Knows which runtime the calling task runs on.
pub trait Spawner: Send + Sync + 'static {
    /// The runtime here; `None` where there is none.
    fn current(&self) -> Option<Arc<dyn Runtime>>;
}

/// A runtime that tasks can be given to.
pub trait Runtime: Send + Sync + 'static {
    /// Runs the task on its own, also later and from any thread. It may drop it.
    fn spawn(&self, task: TrialTask);
}

static SPAWNER: OnceLock<Box<dyn Spawner>> = OnceLock::new();

/// Sets how async sides of experiments are run; the first stays.
pub fn set_spawner(spawner: impl Spawner) {
    SPAWNER.get_or_init(|| Box::new(spawner));
}

/// The runtime that the calling task runs on, if ode knows it.
pub(crate) fn current() -> Option<Arc<dyn Runtime>> {
    let spawner = SPAWNER.get()?;
    format::caught(|| spawner.current()).flatten()
}
