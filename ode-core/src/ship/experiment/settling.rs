//! What a test asks of an experiment.

use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::ship::experiment::state::State;
use crate::ship::experiment::ticket::Place;
use crate::sync::lock;

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
