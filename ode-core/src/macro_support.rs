//! What generated code calls; nothing else should. Not covered by any promise of stability.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context::cells::Count;
use crate::context::slot;
use crate::context::write;
use crate::event::ids::TraceContext;
use crate::event::outcome::Failure;
use crate::event::value::Value;
use crate::record::buffer::{APPEND, KeyRef};
use crate::unit;
use crate::unit::future::InUnit;
use crate::unit::open::{Parent, Unit};
use crate::unit::wide_event::{Entered as EnteredUnit, WideEvent};

pub use crate::context::timed::{Timer, time};
pub use crate::event::keys::Key;
pub use crate::event::value::Number;
pub use crate::ship::change::Declaration;
pub use crate::ship::dry_run::{Staged, note_stage};
pub use ode_macros::{__append, __incr, __set, __set_inherited, __timed};

/// Whether a unit is current here; if not, a write is about to be missed, and is counted.
#[inline]
#[must_use]
pub fn recording() -> bool {
    slot::is_own() || recording_elsewhere()
}

/// This task owns no unit: it may contribute to one, and if not, the miss is counted.
#[inline]
fn recording_elsewhere() -> bool {
    if slot::is_bare()
        && let Some(cells) = slot::cells()
    {
        cells.bump(Count::Orphan);
        return false;
    }
    joined_or_missed()
}

#[cold]
#[inline(never)]
fn joined_or_missed() -> bool {
    let recording = slot::is_current();
    if !recording {
        write::missed();
    }
    recording
}

/// Records a field.
#[inline]
pub fn set(key: &'static Key, value: Value<'_>) {
    write::set_static(key, value);
}

/// Records a field under a run-time key.
pub fn set_at(key: &str, value: Value<'_>) {
    write::set_at(key, value);
}

/// Records a field that units opened below inherit.
pub fn set_inherited(key: &'static Key, value: Value<'_>) {
    write::set_inherited(KeyRef::Static(key), value);
}

/// As [`set_inherited`], under a run-time key.
pub fn set_inherited_at(key: &str, value: Value<'_>) {
    write::set_inherited(KeyRef::Text(key), value);
}

/// Appends to a list.
pub fn append(key: &'static Key, value: Value<'_>) {
    write::set(KeyRef::Static(key), value, APPEND);
}

/// As [`append`], under a run-time key.
pub fn append_at(key: &str, value: Value<'_>) {
    write::set(KeyRef::Text(key), value, APPEND);
}

/// Adds to a counter.
pub fn incr(key: &'static Key, by: Number) {
    write::incr(KeyRef::Static(key), by);
}

/// As [`incr`], under a run-time key.
pub fn incr_at(key: &str, by: Number) {
    write::incr(KeyRef::Text(key), by);
}

/// Begins what `#[instrument_event]` opens.
#[inline]
#[must_use]
pub fn open(name: &'static str) -> Opening {
    Opening { name, parent: Parent::Current, join: false, span_target: None }
}

/// What `#[instrument_event]` is about to open.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    name: &'static str,
    parent: Parent,
    join: bool,
    span_target: Option<&'static str>,
}

impl Opening {
    /// A trace of its own.
    #[must_use]
    pub fn root(mut self) -> Self {
        self.parent = Parent::Root;
        self
    }

    /// Below this context; `None`: below the current unit.
    #[must_use]
    pub fn parent(mut self, parent: impl Into<Option<TraceContext>>) -> Self {
        self.parent = parent.into().map_or(Parent::Current, Parent::Context);
        self
    }

    /// Adds to the current unit, if there is one.
    #[must_use]
    pub fn join(mut self) -> Self {
        self.join = true;
        self
    }

    /// Opens a `tracing` span beside the unit, under this target.
    #[must_use]
    pub fn span(mut self, target: &'static str) -> Self {
        self.span_target = Some(target);
        self
    }

    #[inline]
    fn unit(self) -> Option<Box<Unit>> {
        if self.join && slot::is_current() {
            return None;
        }
        let Self { name, parent, span_target, .. } = self;
        Unit::open(&unit::open::Opening { name, parent, span_target })
    }

    /// Opens the unit and makes it current on this thread.
    #[inline]
    #[must_use]
    pub fn enter(self) -> Entered {
        Entered { entered: EnteredUnit::enter(self.unit()), this_thread: PhantomData }
    }

    /// Opens the unit at the first poll, below what is current then.
    pub fn run_async<F: Future>(self, future: F) -> Instrumented<F> {
        Instrumented { opening: Some(self), running: InUnit::new(None, future) }
    }

    /// Opens the unit now and makes the future in it.
    pub fn start_async<F: Future>(self, make: impl FnOnce() -> F) -> Instrumented<F> {
        let mut event = WideEvent::of(self.unit());
        let future = event.scope(make);
        Instrumented { opening: None, running: event.run_async(future) }
    }
}

/// A unit that is current; dropped without [`Entered::finish`] the function unwound.
pub struct Entered {
    entered: EnteredUnit,
    this_thread: PhantomData<*const ()>,
}

impl Entered {
    /// The function returned.
    #[inline]
    pub fn finish(self) {
        self.entered.finish();
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of an instrumented function.
    #[must_use = "futures do nothing unless polled"]
    pub struct Instrumented<F> {
        // Until the first poll.
        opening: Option<Opening>,
        // One place for the body, before and after: a second would double the size of every
        // caller's future, and again at every level of calls.
        #[pin]
        running: InUnit<F>,
    }
}

impl<F> fmt::Debug for Instrumented<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instrumented").finish_non_exhaustive()
    }
}

impl<F: Future> Future for Instrumented<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut running = this.running;
        if let Some(opening) = this.opening.take() {
            running.as_mut().open(opening.unit());
        }
        running.poll(cx)
    }
}

/// Calls the body of an instrumented function: the closure is taken by value, so it may return
/// borrows of what it captured.
#[inline]
pub fn call<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Notes what a returned `Err` means.
#[inline]
pub fn observe(failure: Option<Failure>) {
    if let Some(failure) = failure {
        write::returned(&failure);
    }
}

/// As [`observe`], by the user's own reading of the error.
#[inline]
pub fn observe_with<T, E>(result: &Result<T, E>, classify: impl FnOnce(&E) -> Failure) {
    if let Err(error) = result {
        write::observe_error(error, classify);
    }
}

/// A function's result, looked at by the most specific of the traits in [`probe`].
#[expect(clippy::exhaustive_structs, reason = "made by generated code")]
#[derive(Debug)]
pub struct Probe<'a, T>(pub &'a T);

/// What a returned value says, most specific reading first: each level takes one reference less.
/// The method has a name that no trait of the author's has: one for every type would be as good a match.
pub mod probe {
    use super::{Display, Error, Failure, Probe, describe};

    /// An error with type, message and chain.
    pub trait Level0 {
        /// What the `Err` means.
        fn ode_failure(&self) -> Option<Failure>;
    }

    impl<T, E: Error + 'static> Level0 for &&&&Probe<'_, Result<T, E>> {
        fn ode_failure(&self) -> Option<Failure> {
            describe(self.0, Failure::of)
        }
    }

    /// `anyhow`-like and boxed errors.
    pub trait Level1 {
        /// What the `Err` means.
        fn ode_failure(&self) -> Option<Failure>;
    }

    impl<T, E: AsRef<dyn Error + Send + Sync>> Level1 for &&&Probe<'_, Result<T, E>> {
        fn ode_failure(&self) -> Option<Failure> {
            describe(self.0, |error| Failure::of_type::<E>().because(strip(error.as_ref())))
        }
    }

    fn strip<'e>(error: &'e (dyn Error + Send + Sync + 'static)) -> &'e (dyn Error + 'static) {
        error
    }

    /// Errors that have nothing but a message.
    pub trait Level2 {
        /// What the `Err` means.
        fn ode_failure(&self) -> Option<Failure>;
    }

    impl<T, E: Display> Level2 for &&Probe<'_, Result<T, E>> {
        fn ode_failure(&self) -> Option<Failure> {
            describe(self.0, |error| Failure::of_type::<E>().message(error))
        }
    }

    /// Errors that say nothing but their type.
    pub trait Level3 {
        /// What the `Err` means.
        fn ode_failure(&self) -> Option<Failure>;
    }

    impl<T, E> Level3 for &Probe<'_, Result<T, E>> {
        fn ode_failure(&self) -> Option<Failure> {
            describe(self.0, |_error| Failure::of_type::<E>())
        }
    }

    /// No `Result`: nothing failed.
    pub trait Level4 {
        /// Nothing.
        fn ode_failure(&self) -> Option<Failure>;
    }

    impl<T> Level4 for Probe<'_, T> {
        fn ode_failure(&self) -> Option<Failure> {
            None
        }
    }
}

use std::fmt::Display;

fn describe<T, E>(result: &Result<T, E>, failure: impl FnOnce(&E) -> Failure) -> Option<Failure> {
    match result {
        Err(error) if slot::is_current() => Some(failure(error)),
        _ => None,
    }
}

/// The value of a successful result, for `ok_fields`.
pub mod ok_probe {
    use super::Probe;

    /// The value of an `Ok`.
    pub trait OkOfResult {
        /// What `ok_fields` sees.
        type Value;
        /// The value, if there is one.
        fn ode_ok_value(&self) -> Option<&Self::Value>;
    }

    impl<T, E> OkOfResult for &Probe<'_, Result<T, E>> {
        type Value = T;
        fn ode_ok_value(&self) -> Option<&T> {
            self.0.as_ref().ok()
        }
    }

    /// Any other value.
    pub trait OkOfAny {
        /// What `ok_fields` sees.
        type Value;
        /// The value itself.
        fn ode_ok_value(&self) -> Option<&Self::Value>;
    }

    impl<T> OkOfAny for Probe<'_, T> {
        type Value = T;
        fn ode_ok_value(&self) -> Option<&T> {
            Some(self.0)
        }
    }
}
