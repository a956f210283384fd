//! [`State`]: the bulkhead and the ledger of one experiment in one pipeline.

use std::fmt;
use std::sync::Weak;
use std::task::Waker;
use std::time::Duration;

use crate::clock::Clock;
use crate::context::slot;
use crate::event::value::saturating_nanos;
use crate::pipeline::engine::{GLOBAL, Pipeline, PipelineRef};
use crate::pipeline::keeper::Due;
use crate::record::format;
use crate::ship::experiment::book::{Abandoned, Book};
use crate::ship::experiment::breaker::{Admission, Change};
use crate::ship::experiment::ledger::{ExperimentStats, NotRunCause};
use crate::ship::experiment::pool::{self, Task};
use crate::ship::experiment::record;
use crate::ship::experiment::settings::Settings;
use crate::ship::experiment::ticket::{Ended, Job, Place, Ticket, Turn, Work};
use crate::sync::{Arc, AtomicU64, Condvar, Mutex, MutexGuard, Ordering, lock};

pub(crate) struct State {
    name: &'static str,
    pub(crate) settings: Settings,
    pipeline: Owner,
    clock: Clock,
    passed: Passed,
    pub(super) book: Mutex<Book>,
    /// Nothing waits or runs.
    pub(super) quiet: Condvar,
}

/// The pipeline that the state belongs to, which owns it in turn.
enum Owner {
    Process,
    Scoped(Weak<Pipeline>),
}

/// Trials that end where they began: no lock, and no word that all threads write to.
#[derive(Default)]
struct Passed {
    not_sampled: [Shard; 8],
    disabled: AtomicU64,
}

#[derive(Default)]
#[repr(align(64))]
struct Shard(AtomicU64);

/// How often an experiment reports, when something changed.
const STATUS_INTERVAL: Duration = Duration::from_secs(60);
impl State {
    pub(crate) fn new(name: &'static str, settings: Settings, pipeline: &PipelineRef) -> Arc<Self> {
        let owner = match pipeline {
            PipelineRef::Global(_) => Owner::Process,
            PipelineRef::Scoped(pipeline) => Owner::Scoped(Arc::downgrade(pipeline)),
        };
        let status_at = pipeline.clock.now().saturating_add(saturating_nanos(STATUS_INTERVAL));
        let state = Arc::new(Self {
            name,
            settings,
            pipeline: owner,
            clock: pipeline.clock.clone(),
            passed: Passed::default(),
            book: Mutex::new(Book::new(status_at)),
            quiet: Condvar::new(),
        });
        state.watch(status_at);
        state
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    fn pipeline(&self) -> Option<PipelineRef> {
        match &self.pipeline {
            Owner::Process => GLOBAL.get().map(PipelineRef::Global),
            Owner::Scoped(pipeline) => pipeline.upgrade().map(PipelineRef::Scoped),
        }
    }

    /// The sample left a trial out.
    #[inline]
    pub(crate) fn not_sampled(&self) {
        let shards = &self.passed.not_sampled;
        if let Some(Shard(count)) = shards.get(slot::thread_number() % shards.len()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A trial was switched off.
    pub(crate) fn disabled(&self) {
        self.passed.disabled.fetch_add(1, Ordering::Relaxed);
    }

    /// A trial ended before there was anything to run.
    pub(crate) fn lost(&self, is_noise: bool, cause: NotRunCause) {
        let mut book = lock(&self.book);
        let ledger = book.ledger(is_noise);
        ledger.eligible += 1;
        ledger.not_run.add(cause, 1);
    }

    /// A place for a trial, to run or to wait; or why there is none.
    pub(crate) fn reserve(
        self: &Arc<Self>,
        is_noise: bool,
        place: Place,
    ) -> Result<Reservation, NotRunCause> {
        let now = self.clock.now();
        let (admitted, change) = {
            let mut book = lock(&self.book);
            book.ledger(is_noise).eligible += 1;
            let full = place != Place::Inline && book.places() >= self.settings.capacity();
            let admission = match (book.closed, full) {
                (true, _) => Err(NotRunCause::Shutdown),
                (false, true) => Err(NotRunCause::BulkheadFull),
                (false, false) => Ok(book.circuit.admit(now)),
            };
            let (admitted, change) = match admission {
                Ok(Admission::Yes) => (Ok(false), None),
                Ok(Admission::Trial(change)) => (Ok(true), Some(change)),
                Ok(Admission::No) => (Err(NotRunCause::BreakerOpen), None),
                Err(cause) => (Err(cause), None),
            };
            match admitted {
                Ok(_) => book.ledger(is_noise).queued += 1,
                Err(cause) => book.ledger(is_noise).not_run.add(cause, 1),
            }
            (admitted, change)
        };
        self.tell(change);
        let is_trial = admitted?;
        // Inline the caller waits, however long it takes.
        let deadline = if place == Place::Inline {
            u64::MAX
        } else {
            now.saturating_add(saturating_nanos(self.settings.deadline))
        };
        let ticket = Ticket::new(deadline, is_noise, place, is_trial);
        Ok(Reservation { state: Arc::clone(self), ticket, used: false })
    }

    fn submit(self: &Arc<Self>, job: Job) {
        let mut book = lock(&self.book);
        if book.closed {
            book.give_up(&job.ticket, NotRunCause::Shutdown, self.clock.now());
            self.note_quiet(book);
            return drop_caught(job);
        }
        let alarm = book.arm(job.ticket.deadline);
        book.waiting.push_back(job);
        drop(book);
        if let Some(at) = alarm {
            self.watch(at);
        }
        self.dispatch();
    }

    /// Starts those that wait, while there are places.
    fn dispatch(self: &Arc<Self>) {
        let mut book = lock(&self.book);
        // Starting one may end it at once, and that come here again: one starts them all.
        if std::mem::replace(&mut book.dispatching, true) {
            return;
        }
        while let Some(job) = book.next(self.settings.max_concurrent) {
            drop(book);
            self.start(job);
            book = lock(&self.book);
        }
        book.dispatching = false;
        self.note_quiet(book);
    }

    fn start(self: &Arc<Self>, job: Job) {
        let turn = Turn::new(Arc::clone(self), job.ticket);
        match job.work {
            Work::Thread(body) => {
                if let Err(Task { turn, body }) = pool::run(Task { turn, body }) {
                    turn.end(Ended::NotRun(NotRunCause::NoThread));
                    drop_caught(body);
                }
            }
            Work::Runtime(runtime, body) => {
                format::caught(|| runtime.spawn(body(turn)));
            }
        }
    }

    /// A side that has its place starts.
    pub(crate) fn begin(&self, ticket: &Ticket, killed: bool) -> Result<(), NotRunCause> {
        if ticket.is_abandoned() {
            return Err(NotRunCause::Deadline);
        }
        if killed {
            return Err(NotRunCause::Killed);
        }
        lock(&self.book).ledger(ticket.is_noise).started += 1;
        Ok(())
    }

    /// A side that had its place has ended.
    pub(crate) fn end(self: &Arc<Self>, ticket: &Arc<Ticket>, ended: Ended) {
        let now = self.clock.now();
        let change = {
            let mut book = lock(&self.book);
            book.ending += 1;
            let place = book.running.iter().position(|running| Arc::ptr_eq(running, ticket));
            if let Some(place) = place {
                book.running.swap_remove(place);
                book.ledger(ticket.is_noise).running -= 1;
                book.count(&self.settings, ticket, ended, now)
            } else {
                // Counted when its deadline passed.
                book.abandoned = book.abandoned.saturating_sub(1);
                None
            }
        };
        self.tell(change);
        self.dispatch();
        let mut book = lock(&self.book);
        book.ending -= 1;
        self.note_quiet(book);
    }

    /// Ends what is past its deadline, and reports if that is due.
    fn expire(self: &Arc<Self>, now: u64) {
        let (late, abandoned, report) = {
            let mut book = lock(&self.book);
            if book.closed {
                return;
            }
            let late = book.take_late(now);
            let abandoned = book.abandon_late(&self.settings, now);
            let report = now >= book.status_at;
            if report {
                book.status_at = now.saturating_add(saturating_nanos(STATUS_INTERVAL));
            }
            (late, abandoned, report)
        };
        late.into_iter().for_each(drop_caught);
        for Abandoned { alarm, change } in abandoned {
            alarm.ring();
            self.tell(change);
        }
        if report {
            self.report();
        }
        let mut book = lock(&self.book);
        let next = book.next_deadline(now).min(book.status_at);
        book.armed = next;
        self.note_quiet(book);
        self.watch(next);
    }

    /// The pipeline stops.
    pub(crate) fn close(self: &Arc<Self>) {
        let waiting = {
            let mut book = lock(&self.book);
            if std::mem::replace(&mut book.closed, true) {
                return;
            }
            let waiting = std::mem::take(&mut book.waiting);
            for job in &waiting {
                book.give_up(&job.ticket, NotRunCause::Shutdown, 0);
            }
            waiting
        };
        waiting.into_iter().for_each(drop_caught);
        self.report();
        self.note_quiet(lock(&self.book));
    }

    /// `ode.experiment.status`, if anything changed since the last.
    fn report(&self) {
        let stats = self.stats();
        let now = (stats.trials, stats.noise);
        if std::mem::replace(&mut lock(&self.book).reported, now) == now {
            return;
        }
        if let Some(pipeline) = self.pipeline() {
            record::tell_status(&pipeline, &stats);
        }
    }

    fn tell(&self, change: Option<Change>) {
        if let (Some(change), Some(pipeline)) = (change, self.pipeline()) {
            let pause = self.settings.breaker.pause_nanos();
            record::tell_breaker(&pipeline, self.name, &change, pause);
        }
    }

    fn watch(self: &Arc<Self>, at: u64) {
        if let Some(pipeline) = self.pipeline() {
            let this: Weak<Self> = Arc::downgrade(self);
            pipeline.keeper.watch(at, this);
        }
    }

    pub(crate) fn stats(&self) -> ExperimentStats {
        let book = lock(&self.book);
        let (mut trials, noise) = (book.trials, book.noise);
        let mut passed = |count: &AtomicU64, cause| {
            let count = count.load(Ordering::Relaxed);
            trials.eligible += count;
            trials.not_run.add(cause, count);
        };
        for Shard(count) in &self.passed.not_sampled {
            passed(count, NotRunCause::NotSampled);
        }
        passed(&self.passed.disabled, NotRunCause::Disabled);
        let mut fingerprints = book.fingerprints.clone();
        fingerprints.sort_by_key(|(fingerprint, count)| (std::cmp::Reverse(*count), *fingerprint));
        ExperimentStats {
            name: self.name.to_owned(),
            trials,
            noise,
            abandoned: book.abandoned as u64,
            breaker_is_open: book.circuit.is_open(),
            fingerprints,
        }
    }

    /// Counts a mismatch; says whether its event carries values.
    pub(crate) fn note_mismatch(&self, fingerprint: u64, is_noise: bool) -> bool {
        lock(&self.book).note_mismatch(fingerprint, is_noise)
    }

    fn note_quiet(&self, mut book: MutexGuard<'_, Book>) {
        if book.is_quiet() {
            let wakers = std::mem::take(&mut book.wakers);
            drop(book);
            self.quiet.notify_all();
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl Due for State {
    fn due(self: Arc<Self>, now: u64) {
        self.expire(now);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A place that is kept while its job is put together.
#[must_use]
pub(crate) struct Reservation {
    state: Arc<State>,
    ticket: Arc<Ticket>,
    used: bool,
}

impl Reservation {
    /// Runs the work when its turn comes.
    pub(crate) fn submit(mut self, work: Work) {
        self.used = true;
        self.state.submit(Job { ticket: Arc::clone(&self.ticket), work });
    }

    /// Runs it here and now.
    pub(crate) fn take(mut self) -> Turn {
        self.used = true;
        let mut book = lock(&self.state.book);
        let ledger = book.ledger(self.ticket.is_noise);
        ledger.queued -= 1;
        ledger.running += 1;
        book.running.push(Arc::clone(&self.ticket));
        drop(book);
        Turn::new(Arc::clone(&self.state), Arc::clone(&self.ticket))
    }

    pub(crate) fn give_up(mut self, cause: NotRunCause) {
        self.close(cause);
    }

    fn close(&mut self, cause: NotRunCause) {
        if !std::mem::replace(&mut self.used, true) {
            let mut book = lock(&self.state.book);
            book.give_up(&self.ticket, cause, self.state.clock.now());
            self.state.note_quiet(book);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.close(NotRunCause::HookPanicked);
    }
}

/// What a job holds is the user's, and so are its destructors.
fn drop_caught<T>(value: T) {
    format::caught(move || drop(value));
}
