//! [`WideEvent`]: an open unit of work, owned.

use std::cell::OnceCell;
use std::error::Error;
use std::fmt;

use crate::context::handle::EventHandle;
use crate::context::slot::{self, Ambient};
use crate::context::write::{self, BufferSink, describe_in};
use crate::event::ids::TraceContext;
use crate::event::outcome::{CancelCause, Failure, Word};
use crate::event::value::ToValue;
use crate::finish::finish;
use crate::record::buffer::KeyRef;
use crate::record::fields::{EventFields, Fields};
use crate::record::format;
use crate::record::prepare::prepare;
use crate::rng::Ids;
use crate::unit::builder::WideEventBuilder;
use crate::unit::future::{InUnit, withdraw};
use crate::unit::name::UnitName;
use crate::unit::open::Unit;

/// An open unit of work: one event when it ends.
///
/// It is current, so that `set!` from any depth reaches it, only inside [`run`](Self::run),
/// [`try_run`](Self::try_run), [`run_async`](Self::run_async) and [`scope`](Self::scope). Dropped
/// without being closed it leaves a `cancelled` event, or a `panicked` one while unwinding.
///
/// ```
/// use ode_core::WideEvent;
/// let bytes = WideEvent::builder("compact.chunk").run(|| {
///     ode_core::set! { chunk.rows = 4_096 };
///     1_024
/// });
/// assert_eq!(bytes, 1_024);
/// ```
#[must_use = "dropping a `WideEvent` at once records a cancelled unit; run the work in it with `.run(..)`, or close it with `.end()`"]
pub struct WideEvent {
    /// `None` when nothing listens.
    unit: Option<Box<Unit>>,
    /// The context handed out where nothing listens.
    idle: OnceCell<TraceContext>,
}

impl fmt::Debug for WideEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WideEvent")
            .field("name", &self.unit.as_ref().map(|unit| unit.name))
            .finish_non_exhaustive()
    }
}

impl WideEvent {
    /// Begins a unit of this name.
    #[inline]
    pub fn builder(name: impl Into<UnitName>) -> WideEventBuilder {
        WideEventBuilder::new(name.into())
    }

    #[inline]
    pub(crate) fn of(unit: Option<Box<Unit>>) -> Self {
        Self { unit, idle: OnceCell::new() }
    }

    /// Records one field.
    pub fn set(&mut self, key: &str, value: impl ToValue) -> &mut Self {
        if let Some(unit) = &mut self.unit {
            let value = value.to_value();
            if !unit.is_shared.get() && write::try_set_at(&mut unit.buffer, key, &value) {
                return self;
            }
            let budget = unit.buffer.limits.value_bytes;
            prepare(value, budget, |value| {
                unit.record().push(KeyRef::Text(key), value, 0);
            });
        }
        self
    }

    /// Records one field on this unit and on every unit opened below it from now on.
    pub fn set_inherited(&mut self, key: &str, value: impl ToValue) -> &mut Self {
        if let Some(unit) = &mut self.unit {
            let budget = unit.buffer.limits.value_bytes;
            prepare(value.to_value(), budget, |value| {
                unit.set_inherited(KeyRef::Text(key), value);
            });
        }
        self
    }

    /// Records a typed group of fields.
    pub fn fields(&mut self, fields: &(impl EventFields + ?Sized)) -> &mut Self {
        if let Some(unit) = &mut self.unit {
            let pipeline = unit.pipeline.clone();
            let hash = |text: &str| pipeline.as_ref().and_then(|pipeline| pipeline.hash(text));
            let mut sink = BufferSink { buffer: unit.record(), hash: &hash };
            format::caught(|| fields.record(&mut Fields::new(&mut sink)));
        }
        self
    }

    /// Makes the unit current while `f` runs; it stays open. For middleware.
    ///
    /// A panic that leaves `f` makes the unit `panicked`, whatever is said afterwards.
    pub fn scope<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let Some(mut unit) = self.unit.take() else {
            return f();
        };
        unit.start();
        unit.beside.enter();
        let scope = Scope { outer: slot::replace(Some(Ambient::Own(unit))), event: self };
        let result = f();
        scope.leave(false);
        result
    }

    /// Runs the work in the unit and closes it: `ok`, unless the work said otherwise.
    #[inline]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        let entered = Entered::enter(self.into_unit());
        let result = f();
        entered.finish();
        result
    }

    /// As [`WideEvent::run`]; a returned `Err` is the unit's error.
    ///
    /// # Errors
    /// Those of `f`, unchanged.
    pub fn try_run<T, E: Error + 'static>(self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        self.run(|| {
            let result = f();
            if let Err(error) = &result {
                write::observe_error(error, Failure::of);
            }
            result
        })
    }

    /// Runs a future in the unit: current at every poll, closed when the future is done or
    /// dropped. The unit starts at the first poll; without one it leaves no event.
    pub fn run_async<F: Future>(self, future: F) -> InUnit<F> {
        InUnit::new(self.into_unit(), future)
    }

    /// As [`WideEvent::run_async`]; a returned `Err` is the unit's error.
    pub fn try_run_async<T, E, F>(
        self,
        future: F,
    ) -> InUnit<impl Future<Output = Result<T, E>> + use<T, E, F>>
    where
        E: Error + 'static,
        F: Future<Output = Result<T, E>>,
    {
        self.run_async(async move {
            let result = future.await;
            if let Err(error) = &result {
                write::observe_error(error, Failure::of);
            }
            result
        })
    }

    /// Closes the unit: `ok`, unless something else was said.
    pub fn end(self) {
        if let Some(unit) = self.into_unit() {
            finish(unit);
        }
    }

    /// Closes the unit as declined, for this reason.
    pub fn decline(self, reason: &'static str) {
        if let Some(mut unit) = self.into_unit() {
            unit.say(Word::Declined(reason));
            finish(unit);
        }
    }

    /// Closes the unit with a failure: an error, or a decline.
    #[expect(clippy::needless_pass_by_value, reason = "a failure is said once")]
    pub fn fail(self, failure: Failure) {
        if let Some(mut unit) = self.into_unit() {
            unit.say(failure.word);
            describe_in(unit.record(), &failure, false);
            finish(unit);
        }
    }

    /// Closes the unit as cancelled, for this cause.
    pub fn cancel(self, cause: CancelCause) {
        if let Some(mut unit) = self.into_unit() {
            unit.cancelled = Some(cause);
            finish(unit);
        }
    }

    /// Takes the unit back: it leaves no event and does not count as opened. For adapters whose work
    /// says afterwards that it wants none; units that were opened below it keep it as their parent.
    #[doc(hidden)]
    pub fn withdraw(self) {
        if let Some(unit) = self.into_unit() {
            withdraw(unit);
        }
    }

    /// Notes a unit of another trace that this one belongs with: in the list `links`, as a W3C
    /// `traceparent`.
    pub fn link(&mut self, context: TraceContext) -> &mut Self {
        if let Some(unit) = &mut self.unit {
            write::link_in(unit.record(), context);
        }
        self
    }

    /// How the unit ends unless the work said so itself, with `decline`, `record_error` or `fail`:
    /// for adapters of a protocol, which read it from a status.
    ///
    /// It takes the place of what a returned `Err` of a joined function meant; `error.*` recorded
    /// by that stays. `None`: as a success.
    ///
    /// ```
    /// use ode_core::{Failure, WideEvent};
    /// let mut event = WideEvent::builder("GET /cart/{id}").start();
    /// let status = event.scope(|| 404);
    /// event.settle((status == 404).then(|| Failure::declined("http_404")));
    /// event.end();
    /// ```
    pub fn settle(&mut self, failure: Option<Failure>) -> &mut Self {
        if let Some(unit) = &mut self.unit {
            // What other tasks said comes first.
            unit.record();
            unit.returned = failure.as_ref().map(|failure| failure.word);
            if let Some(failure) = failure {
                write::describe_missing(&mut unit.buffer, &failure);
            }
        }
        self
    }

    /// A handle that other tasks and threads can write to.
    pub fn handle(&self) -> EventHandle {
        EventHandle::of(self.unit.as_ref().map(|unit| unit.share()))
    }

    /// Trace id and the unit's own span id. Where nothing listens: random ids, not sampled.
    pub fn trace_context(&self) -> TraceContext {
        let idle = || {
            let ids = Ids::default();
            TraceContext { flags: 0, ..TraceContext::root(ids.trace(), ids.span()) }
        };
        match &self.unit {
            Some(unit) => unit.context,
            None => *self.idle.get_or_init(idle),
        }
    }

    #[inline]
    pub(crate) fn into_unit(mut self) -> Option<Box<Unit>> {
        self.unit.take()
    }
}

impl Drop for WideEvent {
    fn drop(&mut self) {
        if let Some(mut unit) = self.unit.take() {
            if std::thread::panicking() && !unit.born_unwinding {
                unit.unwound = true;
            }
            unit.cancelled = Some(CancelCause::Dropped);
            finish(unit);
        }
    }
}

/// A unit that is current until this is finished or unwinding drops it.
pub(crate) struct Entered {
    outer: Option<Ambient>,
    active: bool,
}

impl Entered {
    #[inline]
    pub(crate) fn enter(unit: Option<Box<Unit>>) -> Self {
        let Some(mut unit) = unit else {
            return Self { outer: None, active: false };
        };
        unit.start();
        unit.beside.enter();
        Self { outer: slot::replace(Some(Ambient::Own(unit))), active: true }
    }

    /// The work returned: closes the unit.
    #[inline]
    pub(crate) fn finish(mut self) {
        self.close(false);
    }

    #[inline]
    fn close(&mut self, unwound: bool) {
        if !std::mem::take(&mut self.active) {
            return;
        }
        if let Some(Ambient::Own(mut unit)) = slot::replace(self.outer.take()) {
            unit.unwound |= unwound;
            unit.beside.leave();
            finish(unit);
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Only unwinding gets here with the unit still current.
        self.close(true);
    }
}

/// As [`Entered`], for a unit that stays open.
struct Scope<'e> {
    outer: Option<Ambient>,
    event: &'e mut WideEvent,
}

impl Scope<'_> {
    fn leave(mut self, unwound: bool) {
        self.take_back(unwound);
    }

    fn take_back(&mut self, unwound: bool) {
        if self.event.unit.is_some() {
            return;
        }
        if let Some(Ambient::Own(mut unit)) = slot::replace(self.outer.take()) {
            unit.unwound |= unwound;
            unit.beside.leave();
            self.event.unit = Some(unit);
        }
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.take_back(true);
    }
}
