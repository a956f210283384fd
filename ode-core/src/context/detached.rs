//! Running with no current unit, for work that happens here but belongs elsewhere.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context::slot::{self, Ambient};
use crate::unit::companion::Beside;

/// Runs `f` with no current unit; what was current is back afterwards.
///
/// For foreign work that a unit's thread picks up: another task of a current-thread runtime, a
/// stolen rayon job. For a future: [`FutureExt::detached`](crate::FutureExt::detached).
///
/// ```
/// ode_core::WideEvent::builder("request").run(|| {
///     ode_core::detached(|| assert!(!ode_core::current().exists()));
/// });
/// ```
pub fn detached<R>(f: impl FnOnce() -> R) -> R {
    let _entered = NoUnit::enter();
    f()
}

struct NoUnit {
    outer: Option<Ambient>,
    apart: Beside,
}

impl NoUnit {
    fn enter() -> Self {
        let outer = slot::replace(None);
        let apart = if outer.is_some() { Beside::apart() } else { Beside::default() };
        apart.enter();
        Self { outer, apart }
    }
}

impl Drop for NoUnit {
    fn drop(&mut self) {
        self.apart.leave();
        if let Some(outer) = self.outer.take() {
            drop(slot::replace(Some(outer)));
        }
    }
}

pin_project! {
    /// A future that runs with no current unit; made by `.detached()`.
    #[must_use = "futures do nothing unless polled"]
    pub struct Detached<F> {
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Detached<F> {
        fn drop(this: Pin<&mut Self>) {
            // Its destructors too, wherever it is dropped.
            detached(|| this.project().future.set(None));
        }
    }
}

impl<F> fmt::Debug for Detached<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached").finish_non_exhaustive()
    }
}

impl<F> Detached<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future> Future for Detached<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut future = self.project().future;
        detached(|| {
            let polled = match future.as_mut().as_pin_mut() {
                Some(future) => future.poll(cx),
                None => Poll::Pending,
            };
            if polled.is_ready() {
                future.set(None);
            }
            polled
        })
    }
}
