//! Time that stands still until a test moves it.

use std::time::{Duration, SystemTime};

use crate::clock::{Clock, ManualClock};
use crate::event::time::Wall;
use crate::sync::Arc;

/// A clock for captures and test pipelines. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct TestClock {
    manual: Arc<ManualClock>,
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl TestClock {
    /// A clock that stands at 2026-01-01T00:00:00Z.
    pub fn new() -> Self {
        let wall = Wall { seconds: 1_767_225_600, nanos: 0 };
        Self { manual: Arc::new(ManualClock::new(wall)) }
    }

    /// Lets time pass, on both the monotonic and the wall clock.
    pub fn advance(&self, by: Duration) {
        self.manual.advance(by);
    }

    /// Makes the wall clock jump, as NTP or an administrator would; monotonic time goes on.
    pub fn set_wall(&self, time: SystemTime) {
        self.manual.set_wall(time.into());
    }

    pub(crate) fn clock(&self) -> Clock {
        Clock::Manual(Arc::clone(&self.manual))
    }
}
