//! Capturing the events of one test.

use std::marker::PhantomData;

use crate::context::joined::{InEvent, Joined};
use crate::context::slot;
use crate::event::finished::Event;
use crate::event::limits::Limits;
use crate::pipeline::builder::PipelineBuilder;
use crate::pipeline::engine::Pipeline;
use crate::pipeline::ledger::Stats;
use crate::process::Process;
use crate::rng::Ids;
use crate::ship::FlagSource;
use crate::sync::{Arc, AtomicU64, Mutex, Ordering, lock};
use crate::testing::captured::{Captured, fail};
use crate::testing::clock::TestClock;
use crate::testing::experiments::failures_at_drop;
use crate::testing_hook::{CAPTURES, OUTSIDE};

/// Captures the events of this test until it is dropped.
///
/// Units opened on this thread, and on tasks and threads joined to them, end up here and nowhere
/// else. What ends outside every capture is counted, and named when an expected event is missing.
pub fn capture() -> Capture {
    Capture::builder().start()
}

/// The events of one test; made by [`capture`].
#[must_use = "a capture sees nothing once it is dropped: keep it to the end of the test"]
#[derive(Debug)]
pub struct Capture {
    events: Arc<Mutex<Vec<Event>>>,
    pub(super) pipeline: Arc<Pipeline>,
    outer: Option<Arc<Pipeline>>,
    outside_before: u64,
    strict: bool,
    this_thread: PhantomData<*const ()>,
}

/// Decides what a [`Capture`] runs with.
#[must_use = "a builder does nothing until `.start()`"]
#[derive(Debug)]
pub struct CaptureBuilder {
    builder: PipelineBuilder,
    strict: bool,
}

impl Capture {
    /// A capture with a clock, ids, limits or strictness of its own.
    pub fn builder() -> CaptureBuilder {
        let process = Process::new("test").service("test", "");
        CaptureBuilder { builder: PipelineBuilder::new(process), strict: false }
    }

    /// Every event so far, in the order in which units ended.
    pub fn all(&self) -> Vec<Captured> {
        self.pipeline.keeper.expire(self.pipeline.clock.now());
        lock(&self.events).iter().cloned().map(Captured::new).collect()
    }

    /// The one event of this name.
    ///
    /// # Panics
    /// When there is none, or more than one; with everything that is there instead.
    #[track_caller]
    pub fn one(&self, name: &str) -> Captured {
        let mut named: Vec<_> =
            self.all().into_iter().filter(|event| event.name() == name).collect();
        match (named.pop(), named.len()) {
            (Some(event), 0) => event,
            (_, more) => {
                let found = if more == 0 { 0 } else { more + 1 };
                fail(&format!("expected one event {name:?}, found {found}{}", self.describe()))
            }
        }
    }

    /// Fails if there is an event of this name.
    ///
    /// # Panics
    /// When there is one; with everything that is there.
    #[track_caller]
    pub fn none(&self, name: &str) {
        if self.all().iter().any(|event| event.name() == name) {
            fail(&format!("expected no event {name:?}{}", self.describe()));
        }
    }

    /// For threads and tasks that did not inherit the capture.
    pub fn handle(&self) -> CaptureHandle {
        CaptureHandle { pipeline: Arc::clone(&self.pipeline) }
    }

    /// The ledger of this capture: units opened and finished, late writes, writes without a unit.
    pub fn stats(&self) -> Stats {
        self.pipeline.stats(&self.pipeline.counts)
    }

    fn describe(&self) -> String {
        let events = lock(&self.events);
        let (count, open) = (events.len(), self.stats().open);
        let mut parts = vec![format!("; this capture has {count} events, {open} units still open")];
        let outside = OUTSIDE.load(Ordering::SeqCst) - self.outside_before;
        if outside > 0 {
            parts.push(format!(
                "; {outside} units ran outside every capture meanwhile: join their thread or task \
                 by in_event, or enter the capture there by CaptureHandle"
            ));
        }
        parts.extend(events.iter().map(|event| format!("\n{event:#?}")));
        parts.concat()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        drop(slot::replace_scoped(self.outer.take()));
        CAPTURES.fetch_sub(1, Ordering::SeqCst);
        let orphans = self.pipeline.counts.orphan.load(Ordering::SeqCst);
        let late = self.pipeline.counts.late.load(Ordering::SeqCst);
        if self.strict && orphans + late > 0 && !std::thread::panicking() {
            fail(&format!(
                "strict: {orphans} writes found no unit and {late} came after their unit's end"
            ));
        }
        let failures = failures_at_drop(&self.pipeline);
        if !failures.is_empty() && !std::thread::panicking() {
            fail(&format!("strict experiments failed:\n{}", failures.join("\n")));
        }
    }
}

impl CaptureBuilder {
    /// Sets the clock of the units.
    pub fn clock(mut self, clock: &TestClock) -> Self {
        self.builder.clock = clock.clock();
        self
    }

    /// Makes ids 1, 2, 3, … instead of random ones.
    pub fn counted_ids(mut self) -> Self {
        self.builder.ids = Ids::Counted(AtomicU64::new(0));
        self
    }

    /// Sets the limits on one event.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.builder = self.builder.limits(limits);
        self
    }

    /// Sets the keyed hash of values marked `sensitive = "hash"`.
    pub fn hash_with(mut self, hasher: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.builder = self.builder.hash_with(hasher);
        self
    }

    /// Adds a source of flags.
    pub fn flags(mut self, source: impl FlagSource) -> Self {
        self.builder = self.builder.flags(source);
        self
    }

    /// Whether every change runs dry, whatever its stage.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.builder = self.builder.dry_run(dry_run);
        self
    }

    /// Makes the test fail, when the capture is dropped, if a write found no unit or came late.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Starts capturing on this thread.
    pub fn start(self) -> Capture {
        let events: Arc<Mutex<Vec<Event>>> = Arc::default();
        let seen = Arc::clone(&events);
        let mut builder = self.builder;
        builder.taps.push(Box::new(move |event| lock(&seen).push(event.clone())));
        // No destination, so no thread is started; holds expire when time is moved or looked at.
        let (pipeline, _no_threads) = builder.assemble();
        let pipeline = Arc::new(pipeline);
        pipeline.keeper.follow(&pipeline.clock);
        CAPTURES.fetch_add(1, Ordering::SeqCst);
        Capture {
            events,
            outer: slot::replace_scoped(Some(Arc::clone(&pipeline))),
            pipeline,
            outside_before: OUTSIDE.load(Ordering::SeqCst),
            strict: self.strict,
            this_thread: PhantomData,
        }
    }
}

/// Carries a capture to threads and tasks that did not inherit it.
#[derive(Clone, Debug)]
pub struct CaptureHandle {
    pipeline: Arc<Pipeline>,
}

impl CaptureHandle {
    /// Runs `f` inside the capture.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        Joined::to_scope(Arc::clone(&self.pipeline)).run(f)
    }

    /// Runs a future inside the capture.
    pub fn run_async<F: Future>(&self, future: F) -> InEvent<F> {
        InEvent::new(Joined::to_scope(Arc::clone(&self.pipeline)), future)
    }
}
