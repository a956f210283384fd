//! Waiting for the other sides, and what a test asks of an experiment.

use std::sync::PoisonError;
#[cfg(any(test, feature = "testing"))]
use std::task::{Context, Poll};
use std::time::Duration;

use crate::ship::experiment::experiment::Experiment;
use crate::ship::experiment::state::State;
#[cfg(any(test, feature = "testing"))]
use crate::ship::experiment::ticket::Place;
use crate::sync::lock;

#[cfg(any(test, feature = "testing"))]
impl State {
    /// The mismatches that a test is told of.
    pub(crate) fn failures(&self) -> Vec<String> {
        lock(&self.book).failures.clone()
    }

    /// Whether a side is on its way that the host's runtime runs.
    pub(crate) fn has_tasks(&self) -> bool {
        let book = lock(&self.book);
        let waiting = book.waiting.iter().map(|job| &job.ticket);
        book.running.iter().chain(waiting).any(|ticket| ticket.place == Place::Runtime)
    }

    /// As [`State::wait_quiet`], for a task.
    pub(crate) fn poll_quiet(&self, cx: &Context<'_>) -> Poll<()> {
        let mut book = lock(&self.book);
        if book.is_quiet() {
            return Poll::Ready(());
        }
        book.wakers.push(cx.waker().clone());
        Poll::Pending
    }
}

impl State {
    /// Waits until nothing waits or runs; `false` when the time was up first. What was abandoned is
    /// not waited for.
    pub(crate) fn wait_quiet(&self, timeout: Duration) -> bool {
        let book = lock(&self.book);
        let (book, _timeout) = self
            .quiet
            .wait_timeout_while(book, timeout, |book| !book.is_quiet())
            .unwrap_or_else(PoisonError::into_inner);
        book.is_quiet()
    }
}

impl Experiment {
    /// Waits until no other side of the experiment waits or runs; `false` when the time was up first.
    /// For a batch job that is about to end, so that the last of its trials are compared, too. What
    /// missed its deadline is not waited for.
    ///
    /// It blocks the thread: async sides need others to run on.
    ///
    /// ```
    /// # use ode_core::Experiment;
    /// # use std::time::Duration;
    /// # static CODEC: Experiment = Experiment::new("codec");
    /// if !CODEC.settle(Duration::from_secs(10)) {
    ///     eprintln!("not all is compared: {}", CODEC.stats());
    /// }
    /// ```
    pub fn settle(&self, timeout: Duration) -> bool {
        self.known().is_none_or(|state| state.wait_quiet(timeout))
    }
}
