//! The async sides of experiments, as tasks of tokio.

use std::sync::Arc;

use ::tokio::runtime::Handle;
use ode_core::experiment_runtime::{Runtime, Spawner, TrialTask, set_spawner};

/// Has the side of [`Trial::run_async`](crate::Trial::run_async) that does not answer run as a task of
/// the tokio runtime that asks. [`init`](crate::init) does this; a test without set-up calls it
/// itself. Once is enough, and more do no harm.
///
/// ```
/// use ode::{Experiment, Stage};
/// static PRICE: Experiment = Experiment::new("price").default_stage(Stage::Shadow);
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # #[cfg(feature = "testing")]
/// # runtime.block_on(async {
/// ode::tokio::run_experiments();
/// let events = ode::testing::capture();
/// let price = PRICE.on(&7).run_async(async |n| n * 2, async |n| n + n).await;
/// events.settle_async().await;
/// events.assert_no_mismatches();
/// # assert_eq!(price, 14);
/// # });
/// ```
pub fn run_experiments() {
    set_spawner(Tokio);
}

struct Tokio;

impl Spawner for Tokio {
    fn current(&self) -> Option<Arc<dyn Runtime>> {
        let handle = Handle::try_current().ok()?;
        Some(Arc::new(Here(handle)))
    }
}

/// The runtime that a trial was asked on.
struct Here(Handle);

impl Runtime for Here {
    fn spawn(&self, task: TrialTask) {
        // It runs whether or not anybody waits for it.
        drop(self.0.spawn(task));
    }
}
