//! [`Ticket`]: one side on its way through the bulkhead, and [`Turn`], which says how it ended.

use std::task::Waker;

use crate::record::format;
use crate::ship::experiment::NotRunCause;
use crate::ship::experiment::runtime::{Runtime, TrialTask};
use crate::ship::experiment::state::State;
use crate::sync::{Arc, Mutex, lock};

/// Where a side runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a thread of ode's.
    Thread,
    /// On the host's runtime.
    Runtime,
    /// Where the other one did: whoever asked waits.
    Inline,
}

/// One side that waits or runs.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// On the pipeline's clock.
    pub(crate) deadline: u64,
    /// Old against old.
    pub(crate) is_noise: bool,
    pub(crate) place: Place,
    /// The one that a breaker tries.
    pub(crate) is_trial: bool,
    phase: Mutex<Phase>,
}

#[derive(Debug)]
enum Phase {
    /// Waits, or runs; an async side is woken by this when it is abandoned.
    Open(Option<Waker>),
    /// It came back in time.
    Returned,
    /// The deadline passed first.
    Abandoned,
}

impl Ticket {
    pub(crate) fn new(deadline: u64, is_noise: bool, place: Place, is_trial: bool) -> Arc<Self> {
        Arc::new(Self { deadline, is_noise, place, is_trial, phase: Mutex::new(Phase::Open(None)) })
    }

    /// The side came back; `false` when that is too late.
    pub(crate) fn returned(&self) -> bool {
        let mut phase = lock(&self.phase);
        if matches!(*phase, Phase::Open(_)) {
            *phase = Phase::Returned;
        }
        matches!(*phase, Phase::Returned)
    }

    /// The deadline passed: who is to know of it. `None` when the side came back before.
    pub(crate) fn abandon(&self) -> Option<Alarm> {
        let mut phase = lock(&self.phase);
        match &mut *phase {
            Phase::Open(waker) => {
                let alarm = Alarm(waker.take());
                *phase = Phase::Abandoned;
                Some(alarm)
            }
            Phase::Returned | Phase::Abandoned => None,
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        matches!(*lock(&self.phase), Phase::Abandoned)
    }

    /// Has this woken when the side is abandoned; `false` when it is already.
    pub(crate) fn listen(&self, waker: &Waker) -> bool {
        match &mut *lock(&self.phase) {
            Phase::Open(Some(known)) if known.will_wake(waker) => true,
            Phase::Open(known) => {
                *known = Some(waker.clone());
                true
            }
            Phase::Returned => true,
            Phase::Abandoned => false,
        }
    }
}

/// Wakes a task that has run too long. It is foreign code: not under a lock.
pub(crate) struct Alarm(Option<Waker>);

impl Alarm {
    pub(crate) fn ring(self) {
        format::caught(|| self.0.map(Waker::wake));
    }
}

/// A side that has been put together and waits for its turn.
pub(crate) struct Job {
    pub(crate) ticket: Arc<Ticket>,
    pub(crate) work: Work,
}

pub(crate) enum Work {
    /// On a thread of ode's.
    Thread(Box<dyn FnOnce(Turn) + Send>),
    /// On the host's runtime.
    Runtime(Arc<dyn Runtime>, Box<dyn FnOnce(Turn) -> TrialTask + Send>),
}

/// How a side ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Compared(Compared),
    Panicked,
    NotRun(NotRunCause),
}

/// What a comparison found.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) is_match: bool,
    pub(crate) ignored: bool,
    /// What a test is told that must not see a mismatch.
    pub(crate) failure: Option<String>,
}

/// A side that has its place. However it ends, it is counted once.
#[must_use]
pub(crate) struct Turn {
    state: Arc<State>,
    ticket: Arc<Ticket>,
    ended: bool,
}

impl Turn {
    pub(crate) fn new(state: Arc<State>, ticket: Arc<Ticket>) -> Self {
        Self { state, ticket, ended: false }
    }

    /// It starts; `false`, and it has ended, when it must not any more.
    pub(crate) fn begin(&mut self, killed: bool) -> bool {
        match self.state.begin(&self.ticket, killed) {
            Ok(()) => true,
            Err(cause) => {
                self.close(Ended::NotRun(cause));
                false
            }
        }
    }

    pub(crate) fn ticket(&self) -> &Arc<Ticket> {
        &self.ticket
    }

    pub(crate) fn end(mut self, ended: Ended) {
        self.close(ended);
    }

    fn close(&mut self, ended: Ended) {
        if !std::mem::replace(&mut self.ended, true) {
            State::end(&self.state, &self.ticket, ended);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // A runtime that shuts down drops its tasks.
        self.close(Ended::NotRun(NotRunCause::Shutdown));
    }
}
