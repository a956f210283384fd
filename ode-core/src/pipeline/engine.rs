//! [`Pipeline`]: everything a unit needs from its surroundings, and where it goes when it ends.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;
use std::time::Duration;

use crate::clock::Clock;
use crate::context::cells::{Cells, Count};
use crate::event::finished::Head;
use crate::event::ids::TraceContext;
use crate::event::limits::Limits;
use crate::event::value::saturating_nanos;
use crate::fork;
use crate::pipeline::destination::Destination;
use crate::pipeline::diagnostics::{Diagnostic, Observer};
use crate::pipeline::keeper::Keeper;
use crate::pipeline::ledger::{DestinationStats, Stats};
use crate::pipeline::sampling::Share;
use crate::pipeline::watch::Watchers;
use crate::process::Process;
use crate::record::buffer::Buffer;
use crate::redact::Redaction;
use crate::rng::Ids;
use crate::ship::shipping::Shipping;
use crate::sync::{Arc, AtomicBool, Ordering};

/// A pipeline in operation.
pub(crate) struct Pipeline {
    pub(crate) process: Arc<Process>,
    pub(crate) limits: Limits,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) destinations: Vec<Arc<Destination>>,
    pub(crate) observer: Observer,
    pub(crate) hasher: Option<Hasher>,
    /// What no exporter sees.
    pub(crate) redaction: Arc<Redaction>,
    pub(crate) keeper: Keeper,
    /// See every finished event on the thread that finished it.
    pub(crate) watchers: Watchers,
    /// The counts of a pipeline that is not the process's own.
    pub(crate) counts: Cells,
    pub(crate) warned_of_hashing: AtomicBool,
    pub(crate) announce: bool,
    pub(crate) shipping: Shipping,
    /// The greatest share that a destination keeps.
    pub(crate) share: Share,
}

/// Makes the keyed hash of a sensitive value.
pub(crate) type Hasher = Box<dyn Fn(&str) -> String + Send + Sync>;

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("destinations", &self.destinations).finish_non_exhaustive()
    }
}

/// The pipeline of the process, once it is set up.
pub(crate) static GLOBAL: OnceLock<Pipeline> = OnceLock::new();

/// A pipeline as a unit holds it.
#[derive(Clone, Debug)]
pub(crate) enum PipelineRef {
    Global(&'static Pipeline),
    Scoped(Arc<Pipeline>),
}

impl Deref for PipelineRef {
    type Target = Pipeline;

    #[inline]
    fn deref(&self) -> &Pipeline {
        match self {
            Self::Global(pipeline) => pipeline,
            Self::Scoped(pipeline) => pipeline,
        }
    }
}

impl PipelineRef {
    /// Counts for the process's ledger: on this thread's own counters for the process's pipeline.
    #[inline]
    pub(crate) fn count(&self, what: Count) {
        match self {
            Self::Global(_) => crate::context::cells::count(what),
            Self::Scoped(pipeline) => pipeline.counts.add(what, 1),
        }
    }
}

impl Pipeline {
    /// The context of a unit that begins a trace: sampled, unless no destination will keep it.
    #[inline]
    pub(crate) fn root_context(&self) -> TraceContext {
        let context = TraceContext::root(self.ids.trace(), self.ids.span());
        if self.share == Share::All || self.share.keeps_root(context.trace_id) {
            context
        } else {
            context.not_sampled()
        }
    }

    /// Hands a finished record to every destination.
    #[inline]
    pub(crate) fn offer(&self, head: &Head, buffer: &Buffer) {
        self.offer_from(crate::context::slot::thread_number(), head, buffer);
    }

    /// As [`Self::offer`], on the thread of this number.
    #[inline]
    pub(crate) fn offer_from(&self, thread: usize, head: &Head, buffer: &Buffer) {
        if fork::is_known() && self.is_of_process() {
            return fork::refuse();
        }
        for destination in &self.destinations {
            destination.offer(thread, head, buffer);
        }
        if !self.watchers.is_empty() {
            self.show(head, buffer);
        }
    }

    /// Whether it is the process's, and no test's.
    fn is_of_process(&self) -> bool {
        GLOBAL.get().is_some_and(|global| std::ptr::eq(global, self))
    }

    /// Whether this is a child made by `fork`, which has its parent's pipeline but not its threads.
    pub(crate) fn is_left_behind(&self) -> bool {
        self.is_of_process() && fork::look()
    }

    #[cold]
    fn show(&self, head: &Head, buffer: &Buffer) {
        if self.watchers.show(&self.process, head, buffer) {
            self.tell_later(Diagnostic::observer_panicked());
        }
    }

    /// Tells the observer from the keeper's thread.
    pub(crate) fn tell_later(&self, diagnostic: Diagnostic) {
        self.keeper.later(Arc::clone(&self.observer), diagnostic);
    }

    /// The keyed hash of a sensitive value. Without a key there is none, and that is said once.
    pub(crate) fn hash(&self, text: &str) -> Option<String> {
        if let Some(hasher) = &self.hasher {
            return Some(hasher(text));
        }
        if !self.warned_of_hashing.swap(true, Ordering::Relaxed) {
            self.tell_later(Diagnostic::configuration(NO_HASH_KEY));
        }
        None
    }

    /// Asks every destination to deliver what it has, and waits for it at most this long.
    pub(crate) fn flush(&self, timeout: Duration) {
        if self.is_left_behind() {
            return;
        }
        self.ask_all(timeout, |destination, deadline| destination.control.ask_flush(deadline));
    }

    /// As [`Self::flush`], where the process may be about to end: in the same time the keeper tells
    /// what was left to it.
    pub(crate) fn flush_at_end(&self, timeout: Duration) {
        let start = Clock::System.now();
        self.flush(timeout);
        self.wait_told(start, timeout);
    }

    fn wait_told(&self, start: u64, timeout: Duration) {
        let passed = Duration::from_nanos(Clock::System.now().saturating_sub(start));
        self.keeper.wait_told(timeout.saturating_sub(passed).max(GRACE));
    }

    /// Closes every destination, delivers what it has, and ends its thread.
    pub(crate) fn stop(&self, timeout: Duration) {
        if self.is_left_behind() {
            return;
        }
        let start = Clock::System.now();
        for destination in &self.destinations {
            destination.intake.close();
        }
        self.ask_all(timeout, |destination, deadline| destination.control.ask_stop(deadline));
        self.keeper.stop();
        self.wait_told(start, timeout);
    }

    fn ask_all(&self, timeout: Duration, ask: impl Fn(&Destination, u64) -> u64) {
        let start = Clock::System.now();
        let deadline = self.clock.now().saturating_add(saturating_nanos(timeout));
        let asked: Vec<_> = self
            .destinations
            .iter()
            .map(|destination| (destination, ask(destination, deadline)))
            .collect();
        for (destination, number) in asked {
            // The workers answer at the deadline by themselves, so they get a moment more.
            let passed = Duration::from_nanos(Clock::System.now().saturating_sub(start));
            let left = timeout.saturating_add(GRACE).saturating_sub(passed);
            destination.control.wait(number, left);
        }
    }

    pub(crate) fn stats(&self, counts: &Cells) -> Stats {
        let destinations = if self.is_left_behind() {
            // What is queued here is the parent's.
            let of_child = |to: &Arc<Destination>| DestinationStats::of_child(&to.settings.name);
            self.destinations.iter().map(of_child).collect()
        } else {
            self.destinations.iter().map(|destination| destination.stats()).collect()
        };
        // Finished first: a unit that ends in between is still counted as open.
        let finished = counts.finished.load(Ordering::SeqCst);
        let opened = counts
            .opened
            .load(Ordering::SeqCst)
            .saturating_sub(counts.withdrawn.load(Ordering::SeqCst));
        Stats {
            opened,
            finished,
            open: opened.saturating_sub(finished),
            late_writes: counts.late.load(Ordering::SeqCst),
            orphan_writes: counts.orphan.load(Ordering::SeqCst),
            destinations,
        }
    }
}

/// How much longer than its timeout a flush may take, so that the worker's own answer arrives; and how
/// long an end waits at least for what is to be told.
const GRACE: Duration = Duration::from_millis(50);

const NO_HASH_KEY: &str = "a field is marked sensitive = \"hash\" and no key is set: it is masked; \
    set ODE_HASH_KEY or ODE_HASH_KEY_FILE to at least 16 bytes";
