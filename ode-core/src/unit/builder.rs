//! [`WideEventBuilder`]: what is decided before a unit is opened.

use std::error::Error;

use crate::context::write;
use crate::event::ids::TraceContext;
use crate::event::keys;
use crate::event::outcome::Failure;
use crate::propagation::{Incoming, here};
use crate::record::buffer::KeyRef;
use crate::record::prepare::Prepared;
use crate::unit::future::InUnit;
use crate::unit::kind::SpanKind;
use crate::unit::name::UnitName;
use crate::unit::open::{Opening, Parent, Unit};
use crate::unit::wide_event::WideEvent;

/// Opens a [`WideEvent`]; made by [`WideEvent::builder`].
#[must_use = "a builder does nothing until `.start()`"]
#[derive(Clone, Debug)]
pub struct WideEventBuilder {
    name: UnitName,
    parent: Parent,
    span_target: Option<&'static str>,
    kind: Option<SpanKind>,
    /// Rare, so not a part of every builder that is moved.
    incoming: Option<Box<Incoming>>,
}

impl WideEventBuilder {
    pub(crate) fn new(name: UnitName) -> Self {
        Self { name, parent: Parent::Current, span_target: None, kind: None, incoming: None }
    }

    /// Sets the parent: a context, or `None` for the unit that is current, which is the default.
    pub fn parent(mut self, parent: impl Into<Option<TraceContext>>) -> Self {
        self.parent = parent.into().map_or(Parent::Current, Parent::Context);
        self
    }

    /// Starts a trace of its own; inherits no fields.
    pub fn root(mut self) -> Self {
        self.parent = Parent::Root;
        self
    }

    /// Takes over what came with a request: a trusted context becomes the parent, another one a
    /// link; the trace state goes along with a parent; baggage whose keys are allowed becomes
    /// fields `baggage.<key>`, also of every unit below.
    ///
    /// ```
    /// use ode_core::{WideEvent, propagation};
    /// # let headers: Vec<(String, String)> = Vec::new();
    /// let incoming = propagation::extract(&headers).trust_remote_context(true);
    /// WideEvent::builder("order.consume").incoming(&incoming).run(|| ());
    /// ```
    pub fn incoming(mut self, incoming: &Incoming) -> Self {
        self.incoming = (!incoming.is_empty()).then(|| Box::new(incoming.clone()));
        self
    }

    /// Says which side of a call the unit is on. Default: none, it is internal.
    ///
    /// ```
    /// use ode_core::{SpanKind, WideEvent};
    /// WideEvent::builder("order.consume").kind(SpanKind::Consumer).run(|| ());
    /// ```
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Also opens a `tracing` span of the unit's name under this target, so that logs printed inside
    /// the unit carry its ids. Without `ode::tracing` in the program it does nothing.
    pub fn span(mut self, target: &'static str) -> Self {
        self.span_target = Some(target);
        self
    }

    /// Opens the unit. It is current only inside `run`, `try_run`, `run_async` and `scope`.
    pub fn start(self) -> WideEvent {
        let mut unit = self.open();
        if let Some(unit) = &mut unit {
            unit.note_opening();
        }
        WideEvent::of(unit)
    }

    #[inline]
    pub(crate) fn open(self) -> Option<Box<Unit>> {
        let name = self.name.as_str();
        let parent = here::parent_of(self.incoming.as_deref()).map_or(self.parent, Parent::Context);
        let mut unit = Unit::open(&Opening { name, parent, span_target: self.span_target });
        if let (Some(unit), Some(kind)) = (&mut unit, self.kind) {
            let kind = Prepared::Text(kind.as_str(), false);
            unit.record().push(KeyRef::Static(&keys::KIND), kind, 0);
        }
        if let (Some(unit), Some(incoming)) = (&mut unit, &self.incoming) {
            here::receive(unit, incoming);
        }
        unit
    }

    /// Opens the unit, runs the work in it and closes it: `start().run(f)`.
    #[inline]
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        WideEvent::of(self.open()).run(f)
    }

    /// As [`WideEventBuilder::run`]; a returned `Err` is the unit's error.
    ///
    /// # Errors
    /// Those of `f`, unchanged.
    pub fn try_run<T, E: Error + 'static>(self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        WideEvent::of(self.open()).try_run(f)
    }

    /// As [`WideEventBuilder::try_run`] for any error type: `classify` says what it means.
    ///
    /// ```
    /// use ode_core::{Failure, WideEvent};
    /// let result = WideEvent::builder("charge")
    ///     .try_run_with(|text: &String| Failure::error("charge").message(text), || {
    ///         Err::<(), _>(String::from("no funds"))
    ///     });
    /// assert!(result.is_err());
    /// ```
    ///
    /// # Errors
    /// Those of `f`, unchanged.
    pub fn try_run_with<T, E>(
        self,
        classify: impl FnOnce(&E) -> Failure,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        WideEvent::of(self.open()).run(|| {
            let result = f();
            if let Err(error) = &result {
                write::observe_error(error, classify);
            }
            result
        })
    }

    /// Opens the unit now, below what is current now; it starts when the future is first polled.
    pub fn run_async<F: Future>(self, future: F) -> InUnit<F> {
        WideEvent::of(self.open()).run_async(future)
    }
}
