//! Time, injected: the system's clocks, or one that a test moves by hand.
#![cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "tests move time"))]

use std::sync::Weak;
use std::time::Duration;

use crate::anchor::Anchor;
use crate::event::time::Wall;
use crate::sync::thread::{self, Thread};
use crate::sync::{Arc, Mutex, lock};
use crate::system_time::{self, Moment};

/// Where a pipeline takes its time from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    Manual(Arc<ManualClock>),
}

impl Clock {
    /// Monotonic nanoseconds since some fixed point.
    pub(crate) fn now(&self) -> u64 {
        self.moment().nanos()
    }

    /// A monotonic moment.
    #[inline]
    pub(crate) fn moment(&self) -> Moment {
        match self {
            Self::System => system_time::monotonic(),
            Self::Manual(clock) => Moment(lock(&clock.state).now),
        }
    }

    /// Wall time.
    #[inline]
    pub(crate) fn wall(&self) -> Wall {
        match self {
            Self::System => system_time::wall(),
            Self::Manual(clock) => lock(&clock.state).wall,
        }
    }

    /// Wall time and the moment of it, for one who asks often and keeps the anchor.
    #[inline]
    pub(crate) fn both(&self, anchor: &mut Anchor) -> (Wall, Moment) {
        let now = self.moment();
        match self {
            Self::System => (anchor.wall_at(now, system_time::wall), now),
            Self::Manual(_) => (self.wall(), now),
        }
    }

    /// Parks the thread until it is unparked or `timeout` has passed on this clock since `seen`,
    /// the time at which the caller looked.
    pub(crate) fn park(&self, seen: u64, timeout: Option<Duration>) {
        match (self, timeout) {
            (Self::System, Some(timeout)) => thread::park_timeout(timeout),
            (Self::System, None) => thread::park(),
            (Self::Manual(clock), _) => {
                if clock.will_wake(&thread::current(), seen) {
                    thread::park();
                }
            }
        }
    }
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct ManualClock {
    state: Mutex<ManualState>,
}

#[derive(Debug)]
struct ManualState {
    now: u64,
    wall: Wall,
    parked: Vec<Thread>,
    watchers: Vec<Weak<dyn ClockWatcher>>,
}

/// Something that must act when a manual clock has moved.
pub(crate) trait ClockWatcher: Send + Sync + std::fmt::Debug {
    fn clock_moved(&self, now: u64);
}

impl ManualClock {
    pub(crate) fn new(wall: Wall) -> Self {
        let state = ManualState { now: 1, wall, parked: Vec::new(), watchers: Vec::new() };
        Self { state: Mutex::new(state) }
    }

    /// Moves both clocks and wakes whoever waits on them.
    pub(crate) fn advance(&self, by: Duration) {
        self.change(|state| {
            state.now = state.now.saturating_add(crate::event::value::saturating_nanos(by));
            let nanos = u64::from(state.wall.nanos) + u64::from(by.subsec_nanos());
            let carry = nanos / 1_000_000_000;
            let seconds = by.as_secs().saturating_add(carry);
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            state.wall = Wall {
                seconds: state.wall.seconds.saturating_add(seconds),
                nanos: u32::try_from(nanos % 1_000_000_000).unwrap_or(0),
            };
        });
    }

    /// Makes the wall clock jump; monotonic time goes on as it was.
    pub(crate) fn set_wall(&self, wall: Wall) {
        self.change(|state| state.wall = wall);
    }

    /// Notes a thread to be woken when the clock moves; `false` if it has moved since `seen`.
    fn will_wake(&self, thread: &Thread, seen: u64) -> bool {
        let mut state = lock(&self.state);
        let stands = state.now == seen;
        if stands && state.parked.iter().all(|parked| parked.id() != thread.id()) {
            state.parked.push(thread.clone());
        }
        stands
    }

    pub(crate) fn watch(&self, watcher: Weak<dyn ClockWatcher>) {
        lock(&self.state).watchers.push(watcher);
    }

    fn change(&self, change: impl FnOnce(&mut ManualState)) {
        let (now, parked, watchers) = {
            let mut state = lock(&self.state);
            change(&mut state);
            state.watchers.retain(|watcher| watcher.strong_count() > 0);
            (state.now, std::mem::take(&mut state.parked), state.watchers.clone())
        };
        parked.iter().for_each(Thread::unpark);
        for watcher in watchers.iter().filter_map(Weak::upgrade) {
            watcher.clock_moved(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn a_move_between_looking_and_parking_is_not_slept_through() {
        let wall = Wall { seconds: 0, nanos: 0 };
        let manual = Arc::new(ManualClock::new(wall));
        let clock = Clock::Manual(Arc::clone(&manual));
        let (done, is_done) = sync_channel(1);
        let parks = move || {
            let seen = clock.now();
            manual.advance(Duration::from_secs(1));
            clock.park(seen, Some(Duration::from_secs(1)));
            done.send(()).unwrap();
        };
        thread::Builder::new().spawn(parks).unwrap();
        is_done.recv_timeout(Duration::from_secs(30)).expect("it does not sleep");
    }
}
