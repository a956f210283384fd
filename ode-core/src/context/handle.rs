//! [`EventHandle`]: an open unit, reached from other tasks and threads.

use std::fmt;

use crate::context::joined::{InEvent, Joined};
use crate::context::shared::Shared;
use crate::context::write::write_shared;
use crate::event::ids::TraceContext;
use crate::event::value::ToValue;
use crate::record::buffer::KeyRef;
use crate::sync::Arc;

/// A handle on a unit of work that other tasks and threads can write to.
///
/// It does not keep the unit open ([`hold`](crate::hold) does): writes after the unit's end are
/// counted as late. Made by `current().handle()` and `WideEvent::handle`.
///
/// ```
/// ode_core::WideEvent::builder("upload").run(|| {
///     let event = ode_core::current().handle();
///     let thread = std::thread::spawn(move || {
///         event.set("upload.bytes", 512);
///     });
///     thread.join()
/// }).expect("the thread does not panic");
/// ```
#[derive(Clone)]
pub struct EventHandle {
    shared: Option<Arc<Shared>>,
}

impl fmt::Debug for EventHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventHandle").finish_non_exhaustive()
    }
}

impl EventHandle {
    pub(crate) fn of(shared: Option<Arc<Shared>>) -> Self {
        Self { shared }
    }

    /// Records one field.
    pub fn set(&self, key: &str, value: impl ToValue) -> &Self {
        match &self.shared {
            Some(shared) => write_shared(shared, KeyRef::Text(key), value.to_value()),
            None => crate::context::write::missed(),
        }
        self
    }

    /// Runs `f` with the unit current on this thread.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        Joined::to(self.shared.clone()).run(f)
    }

    /// Runs a future with the unit current at every poll.
    pub fn run_async<F: Future>(&self, future: F) -> InEvent<F> {
        InEvent::new(Joined::to(self.shared.clone()), future)
    }

    /// Trace id and span id of the unit, for as long as it is open or held.
    pub fn trace_context(&self) -> Option<TraceContext> {
        self.shared.as_ref().and_then(|shared| shared.context())
    }
}
