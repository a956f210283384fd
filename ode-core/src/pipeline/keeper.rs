//! Deadlines: of held units, whose event leaves whoever forgot to let go, and of experiments.

use std::fmt;
use std::sync::Weak;
use std::time::Duration;

use crate::clock::{Clock, ClockWatcher};
use crate::pipeline::diagnostics::{Diagnostic, Observer, tell};
use crate::sync::thread::{self, Thread};
use crate::sync::{Arc, Condvar, Mutex, PoisonError, lock_here};

/// Something that has a deadline.
pub(crate) trait Due: Send + Sync + fmt::Debug {
    /// The time has come; `u64::MAX` is the end of all time.
    fn due(self: Arc<Self>, now: u64);
}

/// The list of deadlines, and the thread that watches it.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    book: Arc<Book>,
}

#[derive(Debug, Default)]
struct Book {
    state: Mutex<State>,
    /// Signalled when the thread has told what it took; for those who wait for that.
    told: Condvar,
}

#[derive(Default)]
struct State {
    held: Vec<(u64, Weak<dyn Due>)>,
    thread: Option<Thread>,
    stopping: bool,
    /// Messages that a recording thread must not deliver itself.
    messages: Vec<(Observer, Diagnostic)>,
    /// The thread has taken messages and not yet told them.
    telling: bool,
    /// The thread takes no more of them.
    ended: bool,
}

impl Keeper {
    /// Notes a deadline.
    pub(crate) fn watch(&self, deadline: u64, unit: Weak<impl Due + 'static>) {
        let thread = {
            let mut state = lock_here(&self.book.state);
            state.held.retain(|(_, unit)| unit.strong_count() > 0);
            let first = state.held.iter().all(|(earlier, _)| deadline < *earlier);
            state.held.push((deadline, unit));
            if first { state.thread.clone() } else { None }
        };
        if let Some(thread) = thread {
            thread.unpark();
        }
    }

    /// Leaves a message to the keeper's thread.
    pub(crate) fn later(&self, observer: Observer, message: Diagnostic) {
        let mut state = lock_here(&self.book.state);
        state.messages.push((observer, message));
        if let Some(thread) = &state.thread {
            thread.unpark();
        }
    }

    /// Waits until the thread has told what was left to it; `false` when time ran out.
    pub(crate) fn wait_told(&self, timeout: Duration) -> bool {
        let state = lock_here(&self.book.state);
        // An observer that ends ode does not wait for itself.
        if state.thread.as_ref().is_some_and(|own| own.id() == thread::current().id()) {
            return true;
        }
        let open = |state: &mut State| state.telling || !state.ended && !state.messages.is_empty();
        let waited = self.book.told.wait_timeout_while(state, timeout, open);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !open(&mut state)
    }

    /// Tells everybody whose deadline has passed.
    pub(crate) fn expire(&self, now: u64) {
        self.book.expire(now);
    }

    /// Acts whenever a manual clock is moved, so that a test needs no thread for it.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn follow(&self, clock: &Clock) {
        if let Clock::Manual(clock) = clock {
            let book = Arc::downgrade(&self.book);
            clock.watch(book);
        }
    }

    /// The body of the keeper's thread.
    pub(crate) fn runner(&self, clock: Clock) -> impl FnOnce() + Send + use<> {
        let book = Arc::clone(&self.book);
        move || {
            lock_here(&book.state).thread = Some(thread::current());
            loop {
                let now = clock.now();
                book.expire(now);
                let (stopping, next) = book.tell();
                if stopping {
                    return;
                }
                clock.park(
                    now,
                    next.map(|next| Duration::from_nanos(next.saturating_sub(now).max(1))),
                );
            }
        }
    }

    pub(crate) fn stop(&self) {
        let mut state = lock_here(&self.book.state);
        state.stopping = true;
        if let Some(thread) = &state.thread {
            thread.unpark();
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

impl ClockWatcher for Book {
    fn clock_moved(&self, now: u64) {
        self.expire(now);
    }
}

impl Book {
    /// Tells what was left to the thread. Says whether it is to end, and what the next deadline is.
    fn tell(&self) -> (bool, Option<u64>) {
        // Seen together: what was said before the stop is still told.
        let (messages, stopping, next) = {
            let mut state = lock_here(&self.state);
            let next = state.held.iter().map(|(deadline, _)| *deadline).min();
            state.telling = !state.messages.is_empty();
            state.ended = state.stopping;
            (std::mem::take(&mut state.messages), state.stopping, next)
        };
        if !messages.is_empty() {
            for (observer, message) in &messages {
                tell(observer, message);
            }
            lock_here(&self.state).telling = false;
            self.told.notify_all();
        }
        (stopping, next)
    }

    fn expire(&self, now: u64) {
        let due: Vec<_> = {
            let mut state = lock_here(&self.state);
            let (due, later) = std::mem::take(&mut state.held)
                .into_iter()
                .partition(|(deadline, _)| *deadline <= now);
            state.held = later;
            due
        };
        for unit in due.iter().filter_map(|(_, unit)| unit.upgrade()) {
            unit.due(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::sync::lock;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn whoever_ends_waits_until_what_was_said_is_told() {
        let keeper = Keeper::default();
        assert!(keeper.wait_told(Duration::ZERO), "nothing was said");
        let (begins, has_begun) = sync_channel(0);
        let (release, is_released) = sync_channel::<()>(1);
        let is_released = Mutex::new(is_released);
        let observer: Observer = Arc::new(move |_: &Diagnostic| {
            begins.send(()).unwrap();
            lock(&is_released).recv_timeout(LONG).unwrap();
        });
        keeper.later(observer, Diagnostic::configuration("no key"));
        assert!(!keeper.wait_told(Duration::ZERO), "it is not taken yet");
        let thread = thread::Builder::new().spawn(keeper.runner(Clock::System)).unwrap();
        has_begun.recv_timeout(LONG).unwrap();
        assert!(!keeper.wait_told(Duration::ZERO), "it is being told");
        release.send(()).unwrap();
        assert!(keeper.wait_told(LONG));
        keeper.stop();
        thread.join().unwrap();
        keeper.later(Arc::new(|_: &Diagnostic| ()), Diagnostic::configuration("too late"));
        assert!(keeper.wait_told(Duration::ZERO), "nobody will tell it");
    }

    /// An observer that ends ode waits for everything but itself.
    #[test]
    fn an_observer_does_not_wait_for_itself() {
        let keeper = Arc::new(Keeper::default());
        let (tells, told) = sync_channel(1);
        let own = Arc::clone(&keeper);
        let observer: Observer =
            Arc::new(move |_: &Diagnostic| tells.send(own.wait_told(LONG)).unwrap());
        keeper.later(observer, Diagnostic::configuration("no key"));
        let thread = thread::Builder::new().spawn(keeper.runner(Clock::System)).unwrap();
        keeper.stop();
        thread.join().unwrap();
        assert!(told.try_recv().unwrap());
    }
}
