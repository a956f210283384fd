//! The threads that sync sides run on: `ode-trial-1`, `ode-trial-2`, …
//!
//! Started when there is work and no idle thread, ended after ten idle seconds. A side gets a thread
//! only when its experiment has a place for it, so there are at most as many threads as places, and a
//! side that never returns keeps nobody else from running. They are not muted: what runs here is the
//! host's code, and its units are the host's.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use crate::record::format;
use crate::ship::experiment::ticket::Turn;
use crate::sync::{AtomicU64, Condvar, Mutex, Ordering, lock};

/// A side that has its place, and its turn.
pub(crate) struct Task {
    pub(crate) turn: Turn,
    pub(crate) body: Box<dyn FnOnce(Turn) + Send>,
}

struct Pool {
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    ready: VecDeque<Task>,
    /// Threads that wait for work, those included that are being woken for what is ready.
    idle: usize,
}

static POOL: Pool =
    Pool { state: Mutex::new(State { ready: VecDeque::new(), idle: 0 }), work: Condvar::new() };

/// How long a thread waits for more.
const IDLE: Duration = Duration::from_secs(10);

/// Runs a side on a thread of its own; gives one back that no thread could be had for.
pub(crate) fn run(task: Task) -> Result<(), Task> {
    {
        let mut state = lock(&POOL.state);
        state.ready.push_back(task);
        if state.idle >= state.ready.len() {
            POOL.work.notify_one();
            return Ok(());
        }
    }
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
    let name = format!("ode-trial-{number}");
    match std::thread::Builder::new().name(name).spawn(work) {
        Ok(_runs_by_itself) => Ok(()),
        // Whichever it is that was not taken meanwhile.
        Err(_) => lock(&POOL.state).ready.pop_back().map_or(Ok(()), Err),
    }
}

fn work() {
    while let Some(Task { turn, body }) = next() {
        // What user code does is caught inside; this is for what nobody thought of.
        format::caught(move || body(turn));
    }
}

fn next() -> Option<Task> {
    let mut state = lock(&POOL.state);
    loop {
        if let Some(task) = state.ready.pop_front() {
            return Some(task);
        }
        state.idle += 1;
        let (waited, timeout) =
            POOL.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
        state = waited;
        state.idle -= 1;
        if timeout.timed_out() && state.ready.is_empty() {
            return None;
        }
    }
}
