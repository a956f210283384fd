//! What a worker is asked from outside: flush, stop. And how the asker learns that it was done.

use std::sync::OnceLock;
use std::time::Duration;

use crate::sync::thread::{self, Thread};
use crate::sync::{AtomicBool, Condvar, Mutex, Ordering, PoisonError, lock};

/// The two-way door between a worker and whoever flushes or stops it.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// Beside the lock: recording threads wake without waiting.
    worker: OnceLock<Thread>,
    state: Mutex<State>,
    done: Condvar,
    wake_asked: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Flushes asked for and done, by number.
    asked: u64,
    flushed: u64,
    /// The latest deadline of the open flushes, on the pipeline's clock.
    deadline: u64,
    /// The deadline of the end, once it is asked for.
    stop: Option<u64>,
    stopped: bool,
}

/// What a worker has to do besides its rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Orders {
    /// The flush to answer, if one is open.
    pub(crate) flush: Option<u64>,
    pub(crate) deadline: u64,
    pub(crate) stop: bool,
    /// A recording thread has handed over a full chunk.
    pub(crate) woken: bool,
}

impl Control {
    pub(crate) fn register(&self, worker: Thread) {
        // There is one worker, and it registers once.
        let _first = self.worker.set(worker).is_ok();
    }

    /// Wakes the worker, once until it has looked.
    pub(crate) fn wake(&self) {
        if !self.wake_asked.swap(true, Ordering::SeqCst) {
            self.unpark();
        }
    }

    fn unpark(&self) {
        if let Some(worker) = self.worker.get() {
            worker.unpark();
        }
    }

    /// Asks for a flush; the number answers to [`Control::wait`].
    pub(crate) fn ask_flush(&self, deadline: u64) -> u64 {
        self.ask(|state| {
            let others = if state.flushed < state.asked { state.deadline } else { 0 };
            state.deadline = others.max(deadline);
        })
    }

    /// Asks the worker to flush and end. This deadline counts, whatever an open flush would allow.
    pub(crate) fn ask_stop(&self, deadline: u64) -> u64 {
        self.ask(|state| state.stop = Some(state.stop.map_or(deadline, |stop| stop.min(deadline))))
    }

    fn ask(&self, note: impl FnOnce(&mut State)) -> u64 {
        let number = {
            let mut state = lock(&self.state);
            note(&mut state);
            state.asked += 1;
            state.asked
        };
        self.unpark();
        number
    }

    /// Waits until that flush is done or the worker has ended; `false` when time ran out.
    pub(crate) fn wait(&self, number: u64, timeout: Duration) -> bool {
        // A worker cannot wait for itself.
        if self.worker.get().is_some_and(|worker| worker.id() == thread::current().id()) {
            return false;
        }
        let state = lock(&self.state);
        let open = |state: &mut State| state.flushed < number && !state.stopped;
        let waited = self.done.wait_timeout_while(state, timeout, open);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !open(&mut state)
    }

    pub(crate) fn orders(&self) -> Orders {
        let woken = self.wake_asked.swap(false, Ordering::SeqCst);
        let state = lock(&self.state);
        Orders {
            flush: (state.flushed < state.asked).then_some(state.asked),
            deadline: state.stop.unwrap_or(state.deadline),
            stop: state.stop.is_some(),
            woken,
        }
    }

    pub(crate) fn flushed(&self, number: u64) {
        lock(&self.state).flushed = number;
        self.done.notify_all();
    }

    pub(crate) fn stopped(&self) {
        lock(&self.state).stopped = true;
        self.done.notify_all();
    }
}
