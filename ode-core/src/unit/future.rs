//! [`InUnit`]: a future that runs in a unit of its own.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context::cells::Count;
use crate::context::slot::{self, Ambient};
use crate::event::outcome::CancelCause;
use crate::finish::finish;
use crate::unit::open::Unit;

pin_project! {
    /// A future in a unit of work: the unit is current at every poll and ends with the future.
    ///
    /// Dropped after its first poll and before it is done, the unit is cancelled; the future's own
    /// destructors still find it. Dropped before its first poll it leaves nothing.
    #[must_use = "futures do nothing unless polled"]
    pub struct InUnit<F> {
        unit: Option<Box<Unit>>,
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InUnit<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(mut unit) = this.unit.take() else { return };
            if unit.started.is_none() {
                withdraw(unit);
                return;
            }
            if !unit.unwound {
                unit.cancelled = Some(CancelCause::Dropped);
            }
            let mut last = Polling::enter(&mut *this.unit, unit);
            // A destructor that panics unwinds through here: nobody comes after to finish.
            last.finish_when_unwound = true;
            this.future.set(None);
            last.leave();
            if let Some(unit) = this.unit.take() {
                finish(unit);
            }
        }
    }
}

impl<F> fmt::Debug for InUnit<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InUnit")
            .field("name", &self.unit.as_ref().map(|unit| unit.name))
            .finish_non_exhaustive()
    }
}

impl<F: Future> InUnit<F> {
    pub(crate) fn new(unit: Option<Box<Unit>>, future: F) -> Self {
        Self { unit, future: Some(future) }
    }

    /// Gives a future that was never polled its unit.
    pub(crate) fn open(self: Pin<&mut Self>, unit: Option<Box<Unit>>) {
        *self.project().unit = unit;
    }
}

/// A unit that never ran was never opened, and neither was one whose adapter takes it back.
pub(crate) fn withdraw(unit: Box<Unit>) {
    if let Some(pipeline) = &unit.pipeline {
        pipeline.count(Count::Withdrawn);
    }
    if unit.is_shared.get() {
        unit.shared.withdraw();
    }
    unit.recycle();
}

impl<F: Future> Future for InUnit<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(mut unit) = this.unit.take() else {
            return match this.future.as_mut().as_pin_mut() {
                Some(future) => future.poll(cx),
                None => Poll::Pending,
            };
        };
        unit.start();
        let polling = Polling::enter(this.unit, unit);
        let polled = match this.future.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        };
        if polled.is_ready() {
            // The future's destructors may still write.
            this.future.set(None);
        }
        polling.leave();
        if polled.is_ready()
            && let Some(unit) = this.unit.take()
        {
            finish(unit);
        }
        polled
    }
}

/// A unit that is current for one poll; unwinding puts it back marked.
struct Polling<'p> {
    outer: Option<Ambient>,
    home: &'p mut Option<Box<Unit>>,
    left: bool,
    finish_when_unwound: bool,
}

impl<'p> Polling<'p> {
    #[inline]
    fn enter(home: &'p mut Option<Box<Unit>>, unit: Box<Unit>) -> Self {
        unit.beside.enter();
        Self {
            outer: slot::replace(Some(Ambient::Own(unit))),
            home,
            left: false,
            finish_when_unwound: false,
        }
    }

    #[inline]
    fn leave(mut self) {
        self.take_back(false);
    }

    #[inline]
    fn take_back(&mut self, unwound: bool) {
        if std::mem::replace(&mut self.left, true) {
            return;
        }
        if let Some(Ambient::Own(mut unit)) = slot::replace(self.outer.take()) {
            unit.beside.leave();
            if unwound {
                unit.unwound = true;
                let now = unit.pipeline.as_ref().map(|pipeline| pipeline.clock.moment());
                unit.ended = unit.ended.or(now);
            }
            if unwound && self.finish_when_unwound {
                finish(unit);
            } else {
                *self.home = Some(unit);
            }
        }
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.take_back(true);
    }
}
