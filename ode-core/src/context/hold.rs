//! [`hold`]: keeping a unit open for background work, for a bounded time.

use std::fmt;
use std::time::Duration;

use crate::context::joined::{InEvent, Joined};
use crate::context::shared::Shared;
use crate::context::slot::{self, Ambient};
use crate::context::write::{missed, write_shared};
use crate::event::value::{ToValue, saturating_nanos};
use crate::record::buffer::KeyRef;
use crate::sync::Arc;

/// Keeps a unit open until it is dropped, or until its deadline.
///
/// The unit's outcome and `duration_ns` are those of its function; `held_ns` is the time to the
/// last release. At the deadline the event leaves all the same, marked `incomplete`.
#[must_use = "dropping a `Hold` at once lets the unit close; move it into the background work with `.run_async(..)`"]
pub struct Hold {
    held: Option<Held>,
}

struct Held {
    shared: Arc<Shared>,
    number: u64,
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").finish_non_exhaustive()
    }
}

/// Keeps the current unit open for background work, at most until `deadline` from now.
///
/// ```
/// # use std::time::Duration;
/// ode_core::WideEvent::builder("job.run").run(|| {
///     let hold = ode_core::hold(Duration::from_secs(30));
///     std::thread::spawn(move || hold.run(|| ode_core::set! { upload.done = true }));
/// });
/// ```
pub fn hold(deadline: Duration) -> Hold {
    let shared = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => unit.share(),
        Ambient::Joined(shared) => Arc::clone(shared),
    });
    let Some(shared) = shared else {
        missed();
        return Hold { held: None };
    };
    Hold { held: Held::new(shared, deadline) }
}

impl Held {
    fn new(shared: Arc<Shared>, deadline: Duration) -> Option<Self> {
        let pipeline = shared.pipeline()?;
        let deadline = pipeline.clock.now().saturating_add(saturating_nanos(deadline));
        let number = shared.hold(deadline)?;
        pipeline.keeper.watch(deadline, Arc::downgrade(&shared));
        Some(Self { shared, number })
    }
}

impl Hold {
    /// Records one field on the held unit.
    pub fn set(&self, key: &str, value: impl ToValue) -> &Self {
        match &self.held {
            Some(held) => write_shared(&held.shared, KeyRef::Text(key), value.to_value()),
            None => missed(),
        }
        self
    }

    /// Runs `f` with the unit current, then lets go.
    pub fn run<R>(self, f: impl FnOnce() -> R) -> R {
        self.joined().run(f)
    }

    /// Runs a future with the unit current; lets go when it is done or dropped.
    pub fn run_async<F: Future>(self, future: F) -> InEvent<F> {
        InEvent::keeping(self.joined(), self, future)
    }

    fn joined(&self) -> Joined {
        Joined::to(self.held.as_ref().map(|held| Arc::clone(&held.shared)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.release(self.number);
    }
}
