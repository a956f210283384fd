//! Other tasks and threads join a unit, when asked: `.in_event()` and `in_event(..)`.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context::shared::Shared;
use crate::context::slot::{self, Ambient};
use crate::pipeline::engine::Pipeline;
use crate::sync::Arc;
use crate::unit::companion::Beside;

/// What is carried from one task to another: the unit, and a test's capture.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joined {
    shared: Option<Arc<Shared>>,
    beside: Beside,
    scoped: Option<Arc<Pipeline>>,
}

impl Joined {
    /// What is current here.
    pub(crate) fn here() -> Self {
        let shared = slot::with(|ambient| match ambient {
            Ambient::Own(unit) => unit.share(),
            Ambient::Joined(shared) => Arc::clone(shared),
        });
        Self::to(shared)
    }

    pub(crate) fn to(shared: Option<Arc<Shared>>) -> Self {
        let beside = shared.as_ref().map(|shared| shared.beside()).unwrap_or_default();
        Self { shared, beside, scoped: slot::scoped() }
    }

    /// A test's capture and nothing else.
    pub(crate) fn to_scope(scoped: Arc<Pipeline>) -> Self {
        Self { shared: None, beside: Beside::default(), scoped: Some(scoped) }
    }

    pub(crate) fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        let _entered = self.enter();
        f()
    }

    fn enter(&self) -> EnteredJoined<'_> {
        self.beside.enter();
        EnteredJoined {
            beside: &self.beside,
            ambient: self
                .shared
                .clone()
                .map(|shared| Was(slot::replace(Some(Ambient::Joined(shared))))),
            scoped: self.scoped.clone().map(|scoped| Was(slot::replace_scoped(Some(scoped)))),
        }
    }
}

/// What was there before, which may have been nothing.
struct Was<T>(Option<T>);

/// Restores what was current before, also when unwinding.
struct EnteredJoined<'j> {
    beside: &'j Beside,
    ambient: Option<Was<Ambient>>,
    scoped: Option<Was<Arc<Pipeline>>>,
}

impl Drop for EnteredJoined<'_> {
    fn drop(&mut self) {
        if let Some(Was(outer)) = self.ambient.take() {
            drop(slot::replace(outer));
        }
        if let Some(Was(outer)) = self.scoped.take() {
            drop(slot::replace_scoped(outer));
        }
        self.beside.leave();
    }
}

pin_project! {
    /// A future that contributes to a unit of another task.
    #[must_use = "futures do nothing unless polled"]
    pub struct InEvent<F> {
        joined: Joined,
        // Let go of when the future is done, so that a hold ends with its work.
        keep: Option<Box<dyn Send>>,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InEvent<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let entered = this.joined.enter();
            this.future.set(None);
            drop(entered);
        }
    }
}

impl<F> fmt::Debug for InEvent<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InEvent").finish_non_exhaustive()
    }
}

impl<F> InEvent<F> {
    pub(crate) fn new(joined: Joined, future: F) -> Self {
        Self { joined, keep: None, future: Some(future) }
    }

    pub(crate) fn keeping(joined: Joined, keep: impl Send + 'static, future: F) -> Self {
        Self { joined, keep: Some(Box::new(keep)), future: Some(future) }
    }
}

impl<F: Future> Future for InEvent<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let entered = this.joined.enter();
        let polled = match this.future.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        };
        if polled.is_ready() {
            this.future.set(None);
        }
        drop(entered);
        if polled.is_ready() {
            drop(this.keep.take());
        }
        polled
    }
}

/// Joins futures to the current unit; in the prelude.
pub trait FutureExt: Future {
    /// The future contributes to the unit that is current where this is called, wherever it is
    /// polled: `tokio::spawn(work().in_event())`. It does not keep the unit open.
    fn in_event(self) -> InEvent<Self>
    where
        Self: Sized,
    {
        InEvent::new(Joined::here(), self)
    }

    /// The future runs with no current unit.
    fn detached(self) -> crate::Detached<Self>
    where
        Self: Sized,
    {
        crate::Detached::new(self)
    }
}

impl<F: Future> FutureExt for F {}

/// The closure contributes to the unit that is current here, wherever it runs:
/// `std::thread::spawn(in_event(move || ..))`, rayon.
///
/// ```
/// use ode_core::{in_event, WideEvent};
/// WideEvent::builder("sum").run(|| {
///     let thread = std::thread::spawn(in_event(|| ode_core::set! { part.two = 2 }));
///     thread.join()
/// }).expect("the thread does not panic");
/// ```
pub fn in_event<R>(f: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let joined = Joined::here();
    move || joined.run(f)
}
