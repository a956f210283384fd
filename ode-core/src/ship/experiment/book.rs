//! [`Book`]: who runs, who waits, and what became of the rest; always in balance.

use std::collections::VecDeque;
use std::task::Waker;

use crate::ship::experiment::breaker::{Change, Circuit, Run};
use crate::ship::experiment::ledger::{NotRunCause, TrialStats};
use crate::ship::experiment::settings::Settings;
use crate::ship::experiment::ticket::{Alarm, Ended, Job, Place, Ticket};
use crate::sync::Arc;

/// What the lock of an experiment's state guards. Every trial that was sampled is in exactly one
/// place in it.
pub(crate) struct Book {
    pub(crate) closed: bool,
    /// Have no place yet.
    pub(crate) waiting: VecDeque<Job>,
    /// Have a place.
    pub(crate) running: Vec<Arc<Ticket>>,
    /// Missed the deadline, and still have their place.
    pub(crate) abandoned: usize,
    /// Have ended, and something remains to be said of it.
    pub(crate) ending: usize,
    /// Somebody is starting those that wait.
    pub(crate) dispatching: bool,
    /// Without those that passed by: `eligible` is what was sampled, here.
    pub(crate) trials: TrialStats,
    pub(crate) noise: TrialStats,
    pub(crate) circuit: Circuit,
    /// When the keeper looks next.
    pub(crate) armed: u64,
    pub(crate) status_at: u64,
    pub(crate) reported: (TrialStats, TrialStats),
    pub(crate) fingerprints: Vec<(u64, u64)>,
    pub(crate) noise_shown: u64,
    pub(crate) failures: Vec<String>,
    pub(crate) wakers: Vec<Waker>,
}

/// Mismatches are counted for so many fingerprints.
const MAX_FINGERPRINTS: usize = 64;
/// Of each so many events carry values; of noise, so many in all.
const EXEMPLARS: u64 = 5;
/// What a test is told at most.
const MAX_FAILURES: usize = 16;

impl Book {
    pub(crate) fn new(status_at: u64) -> Self {
        Self {
            closed: false,
            waiting: VecDeque::new(),
            running: Vec::new(),
            abandoned: 0,
            ending: 0,
            dispatching: false,
            trials: TrialStats::default(),
            noise: TrialStats::default(),
            circuit: Circuit::default(),
            armed: status_at,
            status_at,
            reported: <(TrialStats, TrialStats)>::default(),
            fingerprints: Vec::new(),
            noise_shown: 0,
            failures: Vec::new(),
            wakers: Vec::new(),
        }
    }

    pub(crate) fn ledger(&mut self, is_noise: bool) -> &mut TrialStats {
        if is_noise { &mut self.noise } else { &mut self.trials }
    }

    /// Under way, abandoned, waiting, or about to be.
    pub(crate) fn places(&self) -> usize {
        let queued = self.trials.queued.saturating_add(self.noise.queued);
        let queued = usize::try_from(queued).unwrap_or(usize::MAX);
        queued.saturating_add(self.taken())
    }

    /// Places in use. Who runs inline takes none.
    fn taken(&self) -> usize {
        let apart = self.running.iter().filter(|ticket| ticket.place != Place::Inline);
        apart.count().saturating_add(self.abandoned)
    }

    pub(crate) fn is_quiet(&self) -> bool {
        let queued = self.trials.queued + self.noise.queued;
        queued == 0 && self.running.is_empty() && self.ending == 0 && !self.dispatching
    }

    /// The next one that gets a place.
    pub(crate) fn next(&mut self, max_concurrent: usize) -> Option<Job> {
        if self.taken() >= max_concurrent {
            return None;
        }
        let job = self.waiting.pop_front()?;
        let ledger = self.ledger(job.ticket.is_noise);
        ledger.queued -= 1;
        ledger.running += 1;
        self.running.push(Arc::clone(&job.ticket));
        Some(job)
    }

    /// One that waits, or was about to, ends without having had a place.
    pub(crate) fn give_up(&mut self, ticket: &Ticket, cause: NotRunCause, now: u64) {
        let ledger = self.ledger(ticket.is_noise);
        ledger.queued -= 1;
        ledger.not_run.add(cause, 1);
        if ticket.is_trial {
            self.circuit.trial_lost(now);
        }
    }

    pub(crate) fn count(
        &mut self,
        settings: &Settings,
        ticket: &Ticket,
        ended: Ended,
        now: u64,
    ) -> Option<Change> {
        let ledger = self.ledger(ticket.is_noise);
        let run = match ended {
            Ended::Compared(compared) => {
                ledger.finished += 1;
                let count = match (compared.is_match, compared.ignored) {
                    (true, _) => &mut ledger.matched,
                    (false, true) => &mut ledger.ignored,
                    (false, false) => &mut ledger.mismatched,
                };
                *count += 1;
                if self.failures.len() < MAX_FAILURES {
                    self.failures.extend(compared.failure);
                }
                Run::Fine
            }
            Ended::Panicked => {
                ledger.not_run.add(NotRunCause::Panicked, 1);
                Run::Panicked
            }
            Ended::NotRun(cause) => {
                ledger.not_run.add(cause, 1);
                // These came back; the others say nothing of the side.
                if !matches!(cause, NotRunCause::HookPanicked | NotRunCause::NotComparable) {
                    if ticket.is_trial {
                        self.circuit.trial_lost(now);
                    }
                    return None;
                }
                Run::Fine
            }
        };
        self.circuit.note(&settings.breaker, run, ticket.is_trial, now)
    }

    /// Those that waited too long.
    pub(crate) fn take_late(&mut self, now: u64) -> Vec<Job> {
        let mut late = Vec::new();
        for job in std::mem::take(&mut self.waiting) {
            if job.ticket.deadline <= now {
                self.give_up(&job.ticket, NotRunCause::Deadline, now);
                late.push(job);
            } else {
                self.waiting.push_back(job);
            }
        }
        late
    }

    /// Those that run too long keep their place, and count no more.
    pub(crate) fn abandon_late(&mut self, settings: &Settings, now: u64) -> Vec<Abandoned> {
        let mut all = Vec::new();
        for ticket in std::mem::take(&mut self.running) {
            let late = if ticket.deadline <= now { ticket.abandon() } else { None };
            let Some(alarm) = late else {
                self.running.push(ticket);
                continue;
            };
            self.abandoned += 1;
            let ledger = self.ledger(ticket.is_noise);
            ledger.running -= 1;
            ledger.not_run.add(NotRunCause::Deadline, 1);
            let change = self.circuit.note(&settings.breaker, Run::Slow, ticket.is_trial, now);
            all.push(Abandoned { alarm, change });
        }
        all
    }

    /// What is past and still there has come back, and is being compared.
    pub(crate) fn next_deadline(&self, now: u64) -> u64 {
        let running = self.running.iter().map(|ticket| ticket.deadline);
        let all = running.chain(self.waiting.iter().map(|job| job.ticket.deadline));
        all.filter(|deadline| *deadline > now).min().unwrap_or(u64::MAX)
    }

    /// When the keeper has to be told, because it would look too late.
    pub(crate) fn arm(&mut self, deadline: u64) -> Option<u64> {
        let is_sooner = deadline < self.armed;
        if is_sooner {
            self.armed = deadline;
        }
        is_sooner.then_some(deadline)
    }

    /// Counts a mismatch; says whether its event carries values.
    pub(crate) fn note_mismatch(&mut self, fingerprint: u64, is_noise: bool) -> bool {
        if is_noise {
            self.noise_shown += 1;
            return self.noise_shown <= EXEMPLARS;
        }
        let known = self.fingerprints.iter().position(|(known, _)| *known == fingerprint);
        if let Some((_, count)) = known.and_then(|at| self.fingerprints.get_mut(at)) {
            *count += 1;
            return *count <= EXEMPLARS;
        }
        let is_room = self.fingerprints.len() < MAX_FINGERPRINTS;
        if is_room {
            self.fingerprints.push((fingerprint, 1));
        }
        is_room
    }
}

/// One that ran too long: who has to know.
pub(crate) struct Abandoned {
    pub(crate) alarm: Alarm,
    pub(crate) change: Option<Change>,
}
