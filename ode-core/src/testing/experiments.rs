//! Experiments in a test: waiting for the other side, and failing on a mismatch.

use std::task::Poll;
use std::time::Duration;

use crate::pipeline::engine::Pipeline;
use crate::testing::capture::Capture;
use crate::testing::captured::fail;

/// A side that takes longer than this in a test never ends.
const PATIENCE: Duration = Duration::from_secs(30);

impl Capture {
    /// Waits until no other side of an [`Experiment`](crate::Experiment) waits or runs in this
    /// capture: then their events are here, and the ledgers are final. Sides that missed their
    /// deadline are not waited for.
    ///
    /// It blocks the thread, so for async sides there is [`settle_async`](Self::settle_async).
    ///
    /// ```
    /// use ode_core::{Experiment, Stage, WideEvent};
    /// static SUM: Experiment = Experiment::new("sum").default_stage(Stage::Shadow);
    ///
    /// let events = ode_core::testing::capture();
    /// WideEvent::builder("page").run(|| SUM.on(&7).run(|n| n + 1, |n| n + 2));
    /// events.settle();
    /// assert_eq!(events.one("sum.candidate")["experiment.sum.match"], false);
    /// assert_eq!(SUM.stats().trials.mismatched, 1);
    /// ```
    ///
    /// # Panics
    /// When one is still there after 30 seconds.
    #[track_caller]
    pub fn settle(&self) {
        let mut quiet = false;
        // What one does may be another's trial.
        while !std::mem::replace(&mut quiet, true) {
            for state in self.pipeline.shipping.experiments.all() {
                quiet &= state.wait_quiet(Duration::ZERO);
                if !state.wait_quiet(PATIENCE) {
                    fail(&format!("after {PATIENCE:?} not settled: {}", state.stats()));
                }
            }
        }
    }

    /// As [`Capture::settle`], without blocking the runtime that async sides run on. It waits as long
    /// as it takes.
    pub fn settle_async(&self) -> impl Future<Output = ()> + Send + use<> {
        let states = self.pipeline.shipping.experiments.all();
        std::future::poll_fn(move |cx| {
            let pending = states.iter().filter(|state| state.poll_quiet(cx).is_pending()).count();
            if pending == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// Fails if an experiment found a mismatch in this capture that was not ignored. Settle first;
    /// what is still running is not waited for.
    ///
    /// # Panics
    /// When there was one; with where the answers differ.
    #[track_caller]
    pub fn assert_no_mismatches(&self) {
        let states = self.pipeline.shipping.experiments.all();
        let found: Vec<_> = states.iter().flat_map(|state| state.failures()).collect();
        if !found.is_empty() {
            fail(&format!("experiments found mismatches:\n{}", found.join("\n")));
        }
    }
}

/// What a test fails for when its capture is dropped: mismatches of strict experiments, and strict
/// experiments that are not done.
pub(crate) fn failures_at_drop(pipeline: &Pipeline) -> Vec<String> {
    let mut failures = Vec::new();
    for state in pipeline.shipping.experiments.all() {
        if state.settings.strict {
            // Async sides may need this very thread.
            let quiet = state.wait_quiet(if state.has_tasks() { Duration::ZERO } else { PATIENCE });
            if !quiet {
                failures.push(format!(
                    "strict experiment {} is not done: call `settle`, or await `settle_async`, first",
                    state.stats()
                ));
            }
            failures.extend(state.failures());
        }
        state.close();
    }
    failures
}
