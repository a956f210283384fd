//! Time spent in parts of a unit, added up on the unit itself: `timed!` and [`timed`].

use std::fmt;

use crate::clock::Clock;
use crate::context::slot;
use crate::context::write;
use crate::event::value::Number;
use crate::record::buffer::KeyRef;
use crate::record::format;
use crate::system_time::Moment;

/// The two keys of a `timed!` whose name is known when the program is compiled.
#[doc(hidden)]
#[derive(Debug)]
pub struct Timer {
    name: &'static str,
}

impl Timer {
    /// A timer of this name.
    ///
    /// # Panics
    /// For an empty name: in a constant, so it fails to compile.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a timer needs a name");
        Self { name }
    }
}

/// Adds to `timed.<name>.count` and `timed.<name>.total_ns` of the unit that is current when it
/// is dropped.
#[must_use = "dropping a `Timed` at once measures nothing; keep it to the end of the block: `let _timed = ..`"]
pub struct Timed {
    name: &'static str,
    /// `None` when no unit was current.
    since: Option<(Clock, Moment)>,
}

impl fmt::Debug for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Times the rest of the block on the enclosing unit. May be held across an `.await`.
///
/// ```
/// ode_core::WideEvent::builder("request").run(|| {
///     let _timed = ode_core::timed("render");
/// });
/// ```
pub fn timed(name: &'static str) -> Timed {
    let pipeline = slot::with(|ambient| ambient.pipeline());
    let since = pipeline.flatten().map(|pipeline| {
        let clock = pipeline.clock.clone();
        let now = clock.moment();
        (clock, now)
    });
    if since.is_none() {
        write::missed();
    }
    Timed { name, since }
}

/// As [`timed`], by the macro.
#[doc(hidden)]
pub fn time(timer: &'static Timer) -> Timed {
    timed(timer.name)
}

impl Drop for Timed {
    fn drop(&mut self) {
        let Some((clock, since)) = self.since.take() else {
            return;
        };
        let total = clock.moment().since(since);
        if !slot::is_current() {
            return write::missed();
        }
        add_time(self.name, total);
    }
}

/// Adds one span of time to the current unit.
pub(crate) fn add_time(name: &str, nanos: u64) {
    add(&format_args!("timed.{name}.count"), Number::ONE);
    add(&format_args!("timed.{name}.total_ns"), Number::U64(nanos));
}

const MAX_KEY_BYTES: usize = 1 << 10;

fn add(key: &dyn fmt::Display, by: Number) {
    format::with_display(key, MAX_KEY_BYTES, |key, _cut| {
        write::with_target(|target| {
            let base = target.counter_base;
            target.buffer.with_trusted_keys(|buffer| buffer.incr(KeyRef::Text(key), by, base));
        });
    });
}
