//! Pipelines with an exporter that does as it is told and remembers what it was given.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{Builder, yield_now};
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{
    Batch, DestinationStats, DropReason, Event, EventId, ExportError, Exporter, PipelineBuilder,
    Process, Queue, Value, WideEvent,
};

/// Long enough for everything that must happen; a test that gets here is stuck.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// The deadline of what is meant to run into it.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// Runs a test; fails it when it hangs.
pub(crate) fn watched(test: impl FnOnce() + Send + 'static) {
    let (done, finished) = sync_channel(1);
    let body = move || done.send(catch_unwind(AssertUnwindSafe(test)));
    let thread = Builder::new().name("test".to_owned()).spawn(body).unwrap();
    match finished.recv_timeout(LONG) {
        Ok(Ok(())) => drop(thread.join()),
        Ok(Err(panic)) => resume_unwind(panic),
        Err(error) => panic!("still running after {LONG:?}: {error}"),
    }
}

/// Waits for something that another thread is about to do; the watchdog ends it if it does not.
pub(crate) fn wait_until(mut done: impl FnMut() -> bool) {
    while !done() {
        yield_now();
    }
}

/// An event as the exporter saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) id: EventId,
    pub(crate) thread: u64,
    pub(crate) n: u64,
}

impl Seen {
    fn of(event: &Event) -> Self {
        let number = |key| match event.get(key) {
            Some(Value::U64(number)) => number,
            other => panic!("{key} is {other:?}"),
        };
        Self { id: event.event_id(), thread: number("thread"), n: number("n") }
    }
}

/// Everything that exporters were given, attempt by attempt; and how often they were flushed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Vec<Seen>>>>, Arc<AtomicUsize>);

impl Log {
    pub(crate) fn push(&self, batch: &Batch) {
        self.0.lock().unwrap().push(batch.events().map(Seen::of).collect());
    }

    pub(crate) fn attempts(&self) -> Vec<Vec<Seen>> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The numbers of the events, in the order in which they came. That is the order of their
    /// thread only while the worker collects nothing: a record that meets the worker at its
    /// thread's shard goes to another one.
    pub(crate) fn ordered(&self) -> Vec<u64> {
        self.0.lock().unwrap().iter().flatten().map(|seen| seen.n).collect()
    }

    /// The numbers of the events.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let mut numbers = self.ordered();
        numbers.sort_unstable();
        numbers
    }

    /// The sizes of the batches.
    pub(crate) fn sizes(&self) -> Vec<usize> {
        self.0.lock().unwrap().iter().map(Vec::len).collect()
    }
}

/// An exporter from a closure.
struct By<F>(F, Arc<AtomicUsize>);

impl<F: FnMut(&Batch) -> Result<(), ExportError> + Send + 'static> Exporter for By<F> {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        (self.0)(batch)
    }

    fn flush(&mut self, _: Duration) -> Result<(), ExportError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn name(&self) -> &'static str {
        "test"
    }
}

pub(crate) fn by(f: impl FnMut(&Batch) -> Result<(), ExportError> + Send + 'static) -> Queue {
    Queue::new(By(f, Arc::default()))
}

/// Logs every batch and answers as scripted, and `Ok` when the script is over.
pub(crate) fn scripted(log: &Log, script: impl IntoIterator<Item = Answer>) -> Queue {
    let (log, flushes) = (log.clone(), Arc::clone(&log.1));
    let mut script: VecDeque<_> = script.into_iter().collect();
    let export = move |batch: &Batch| {
        log.push(batch);
        script.pop_front().unwrap_or_else(ok)()
    };
    Queue::new(By(export, flushes))
}

/// What the exporter does with a batch.
pub(crate) type Answer = Box<dyn FnOnce() -> Result<(), ExportError> + Send>;

pub(crate) fn ok() -> Answer {
    Box::new(|| Ok(()))
}

pub(crate) fn fails(error: impl FnOnce() -> ExportError + Send + 'static) -> Answer {
    Box::new(move || Err(error()))
}

/// Unwinds as a panic does, without a message on standard error.
pub(crate) fn panics() -> Answer {
    Box::new(|| resume_unwind(Box::new("told to")))
}

pub(crate) fn for_now() -> ExportError {
    ExportError::retryable("away")
}

/// Holds the exporter back: each batch is announced and then waits to be let through.
#[derive(Debug)]
pub(crate) struct Gate {
    entered: Mutex<Receiver<()>>,
    open: Arc<(Mutex<bool>, Condvar)>,
}

impl Gate {
    /// An exporter that logs a batch once it is let through, and the gate before it.
    pub(crate) fn before(log: &Log) -> (Queue, Self) {
        let (entering, entered) = sync_channel(1 << 16);
        let open = Arc::new((Mutex::new(false), Condvar::new()));
        let gate = Self { entered: Mutex::new(entered), open: Arc::clone(&open) };
        let log = log.clone();
        let queue = by(move |batch| {
            pass(&entering, &open);
            log.push(batch);
            Ok(())
        });
        (queue, gate)
    }

    /// Waits until the exporter has a batch in its hands.
    pub(crate) fn wait_for_entry(&self) {
        self.entered.lock().unwrap().recv_timeout(LONG).expect("a batch");
    }

    /// Lets everything through from now on.
    pub(crate) fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

fn pass(entering: &SyncSender<()>, open: &(Mutex<bool>, Condvar)) {
    // Nobody may be listening any more.
    let _announced = entering.send(()).is_ok();
    let closed = open.0.lock().unwrap();
    drop(open.1.wait_while(closed, |open| !*open).unwrap());
}

pub(crate) fn builder(queue: impl Into<Queue>) -> PipelineBuilder {
    PipelineBuilder::new(Process::new("test")).export_to(queue).on_diagnostic(|_| ())
}

pub(crate) fn start(queue: impl Into<Queue>) -> TestPipeline {
    TestPipeline::start(builder(queue)).unwrap()
}

/// A pipeline that ticks when the clock is moved, and not before.
pub(crate) fn start_at(clock: &TestClock, queue: impl Into<Queue>) -> TestPipeline {
    start_built(clock, builder(queue))
}

pub(crate) fn start_built(clock: &TestClock, builder: PipelineBuilder) -> TestPipeline {
    let pipeline = TestPipeline::start_with_clock(builder, clock).unwrap();
    // Past the first look at the queue, which comes when the thread has started.
    assert!(pipeline.flush(LONG).is_complete());
    pipeline
}

/// Records events with these numbers on this thread.
pub(crate) fn record(pipeline: &TestPipeline, numbers: impl IntoIterator<Item = u64>) {
    record_as(pipeline, 0, numbers);
}

pub(crate) fn record_as(
    pipeline: &TestPipeline,
    thread: u64,
    numbers: impl IntoIterator<Item = u64>,
) {
    pipeline.run(|| {
        for n in numbers {
            WideEvent::builder("unit").run(|| ode_core::set! { thread = thread, n = n });
        }
    });
}

/// Records one event with so much text.
pub(crate) fn record_text(pipeline: &TestPipeline, n: u64, bytes: usize) {
    let text = "x".repeat(bytes);
    pipeline.run(|| {
        WideEvent::builder("unit").run(|| ode_core::set! { thread = 0_u64, n = n, text = text });
    });
}

/// The ledger of the one destination, which must balance as soon as nobody is at work on it.
#[track_caller]
pub(crate) fn ledger(pipeline: &TestPipeline) -> DestinationStats {
    for _ in 0..100_000 {
        if pipeline.stats().is_balanced() {
            break;
        }
        yield_now();
    }
    let stats = pipeline.stats();
    assert!(stats.is_balanced(), "{stats}");
    stats.destinations.into_iter().next().unwrap()
}

/// The ledger of the one destination as it is found while the worker is at it.
pub(crate) fn glance(pipeline: &TestPipeline) -> DestinationStats {
    pipeline.stats().destinations.into_iter().next().unwrap()
}

/// Fails unless exactly these drops were counted.
#[track_caller]
pub(crate) fn assert_dropped(ledger: &DestinationStats, expected: &[(DropReason, u64)]) {
    let mut found: Vec<_> = ledger.dropped.iter().collect();
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{ledger}");
}

/// Lets the worker look at the clock and act: a flush whose time is up is answered without an
/// export, when everything else is done. Two looks: the first may have begun before time was moved.
pub(crate) fn let_it_look(pipeline: &TestPipeline, log: &Log) {
    let before = log.1.load(Ordering::SeqCst);
    wait_until(|| {
        let _ = pipeline.flush(Duration::ZERO);
        log.1.load(Ordering::SeqCst) > before + 1
    });
}

/// Waits until so many attempts were made and the last of them has had its consequences.
pub(crate) fn wait_for_attempts(pipeline: &TestPipeline, log: &Log, attempts: usize) {
    wait_until(|| log.count() == attempts);
    let_it_look(pipeline, log);
}
