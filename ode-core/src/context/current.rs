//! [`current`] and [`root`]: the unit at hand, and the outermost one.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::context::handle::EventHandle;
use crate::context::hold::{Hold, hold};
use crate::context::slot::{self, Ambient};
use crate::context::write;
use crate::event::ids::TraceContext;
use crate::event::value::ToValue;
use crate::sync::Arc;

/// Whatever unit is current on this thread, now. It belongs to this thread: it is not `Send`, so
/// it cannot be kept across an `.await` in a spawned future.
pub struct Current {
    this_thread: PhantomData<*const ()>,
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").field("exists", &self.exists()).finish_non_exhaustive()
    }
}

/// The current unit.
///
/// ```
/// ode_core::WideEvent::builder("request").run(|| {
///     ode_core::current().set("user.id", 42).set("region", "eu");
/// });
/// ```
pub fn current() -> Current {
    Current { this_thread: PhantomData }
}

#[expect(clippy::unused_self, reason = "`Current` stands for what the thread's slot holds")]
impl Current {
    /// Whether a unit is current.
    pub fn exists(&self) -> bool {
        slot::is_current()
    }

    /// Records one field under a key made at run time; a reserved key moves to `field.<key>`.
    pub fn set(&self, key: &str, value: impl ToValue) -> &Self {
        write::set_at(key, value.to_value());
        self
    }

    /// Trace id and span id of the current unit.
    pub fn trace_context(&self) -> Option<TraceContext> {
        let context = slot::with(|ambient| match ambient {
            Ambient::Own(unit) => Some(unit.context),
            Ambient::Joined(shared) => shared.context(),
        });
        context.flatten()
    }

    /// A handle that other tasks and threads can write to.
    pub fn handle(&self) -> EventHandle {
        EventHandle::of(slot::with(|ambient| match ambient {
            Ambient::Own(unit) => unit.share(),
            Ambient::Joined(shared) => Arc::clone(shared),
        }))
    }

    /// Keeps the unit open, see [`hold`].
    pub fn hold(&self, deadline: Duration) -> Hold {
        hold(deadline)
    }
}

/// The outermost unit that the current one was opened in; the current one if it is that itself.
///
/// ```
/// ode_core::WideEvent::builder("request").run(|| {
///     ode_core::WideEvent::builder("query").run(|| {
///         ode_core::root().set("slow_query", true); // lands on "request"
///     });
/// });
/// ```
pub fn root() -> EventHandle {
    EventHandle::of(slot::with(|ambient| match ambient {
        Ambient::Own(unit) => unit.root.clone().unwrap_or_else(|| unit.share()),
        Ambient::Joined(shared) => shared.root().unwrap_or_else(|| Arc::clone(shared)),
    }))
}
