//! A pipeline in a model, what its exporters saw, and how often a scenario is run.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{Batch, DestinationStats, ExportError, Exporter, PipelineBuilder, Process, Queue};
use shuttle::scheduler::{PctScheduler, RandomScheduler, UncontrolledNondeterminismCheckScheduler};
use shuttle::{Config, Runner};

/// Schedules of each scenario. The bugs looked for need few switches at the wrong moments: three.
const SCHEDULES: usize = 2_000;
const DEPTH: usize = 3;
/// Schedules that are run twice, to see that the scenario depends on nothing else.
const REPEATED: usize = 50;

/// Longer than anything takes here: no time passes by itself.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);

/// Time passes by this much at once: longer than the longest wait before something is tried again.
pub(crate) const STEP: Duration = Duration::from_secs(20);

/// Looks for a schedule in which the scenario fails.
pub(crate) fn check(scenario: fn()) {
    let scenario = move || {
        // What jitters does so in the same way each time.
        fastrand::seed(7);
        scenario();
    };
    let mut config = Config::new();
    config.stack_size = 256 << 10;
    config.silence_warnings = true;
    Runner::new(PctScheduler::new(DEPTH, SCHEDULES), config.clone()).run(scenario);
    let random = RandomScheduler::new(REPEATED);
    Runner::new(UncontrolledNondeterminismCheckScheduler::new(random), config).run(scenario);
}

/// What an exporter does with a batch.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Takes,
    /// Takes the first event and leaves the rest for later.
    TakesOne,
    IsAway,
    Refuses,
    Panics,
}

/// Does as the script says, one line a batch, and the same for ever after its end.
pub(crate) struct Scripted {
    script: VecDeque<Answer>,
    afterwards: Answer,
    seen: Seen,
}

/// The numbers of the records that were delivered.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<u64>>>);

impl Seen {
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The numbers, each of which came once.
    #[track_caller]
    pub(crate) fn once(&self) -> BTreeSet<u64> {
        let numbers = self.numbers();
        let once: BTreeSet<_> = numbers.iter().copied().collect();
        assert_eq!(once.len(), numbers.len(), "one was delivered twice: {numbers:?}");
        once
    }

    pub(crate) fn note(&self, number: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(number);
    }
}

impl Exporter for Scripted {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let answer = self.script.pop_front().unwrap_or(self.afterwards);
        let numbers = batch.events().map(|event| event.duration().as_nanos());
        let numbers = numbers.map(|nanos| u64::try_from(nanos).unwrap_or(u64::MAX));
        let taken = match answer {
            Answer::Takes => batch.len(),
            Answer::TakesOne => 1,
            Answer::IsAway | Answer::Refuses | Answer::Panics => 0,
        };
        numbers.take(taken).for_each(|number| self.seen.note(number));
        match answer {
            Answer::Takes => Ok(()),
            Answer::TakesOne => Err(ExportError::retryable("full").delivered(1)),
            Answer::IsAway => Err(ExportError::retryable("away")),
            Answer::Refuses => Err(ExportError::permanent("no")),
            // Without the hook of panics, which would report the schedule as one that fails.
            Answer::Panics => std::panic::resume_unwind(Box::new("exporter")),
        }
    }
}

/// An exporter that does as it is told and then takes everything, and what it saw.
pub(crate) fn scripted(script: &[Answer]) -> (Scripted, Seen) {
    of(script, Answer::Takes)
}

/// An exporter whose receiver is never there, and what it saw.
pub(crate) fn away() -> (Scripted, Seen) {
    of(&[], Answer::IsAway)
}

fn of(script: &[Answer], afterwards: Answer) -> (Scripted, Seen) {
    let seen = Seen::default();
    (Scripted { script: script.to_vec().into(), afterwards, seen: seen.clone() }, seen)
}

/// A pipeline with these destinations, whose time is the clock's.
pub(crate) fn start(queues: impl IntoIterator<Item = Queue>, clock: &TestClock) -> TestPipeline {
    let mut builder = PipelineBuilder::new(Process::new("model")).on_diagnostic(|_| ());
    for queue in queues {
        builder = builder.export_to(queue);
    }
    TestPipeline::start_with_clock(builder, clock).expect("threads start")
}

/// Starts a thread of the model.
pub(crate) fn go(body: impl FnOnce() + Send + 'static) -> shuttle::thread::JoinHandle<()> {
    shuttle::thread::spawn(body)
}

/// Two threads that record two numbers each, and which of the four are recorded so far.
pub(crate) fn two_producers(
    pipeline: &TestPipeline,
) -> (Seen, Vec<shuttle::thread::JoinHandle<()>>) {
    let recorded = Seen::default();
    let producer = |thread: usize| {
        let (pipeline, recorded) = (pipeline.clone(), recorded.clone());
        go(move || {
            for number in 0..2 {
                let number = thread as u64 * 2 + number;
                pipeline.record(thread, number);
                recorded.note(number);
            }
        })
    };
    let producers = (0..2).map(producer).collect();
    (recorded, producers)
}

/// Waits for threads of the model, none of which panics.
pub(crate) fn join(threads: Vec<shuttle::thread::JoinHandle<()>>) {
    for thread in threads {
        thread.join().expect("it ends");
    }
}

/// The ledger of a destination at rest: it balances, and nothing is on its way.
#[track_caller]
pub(crate) fn at_rest(pipeline: &TestPipeline, destination: usize) -> DestinationStats {
    let stats = pipeline.stats().destinations.swap_remove(destination);
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!((stats.queued, stats.in_flight), (0, 0), "{stats:?}");
    stats
}

/// Runs `body` on a thread, and lets time pass until it is done.
pub(crate) fn passes_while<T: Send + 'static>(
    clock: &TestClock,
    body: impl FnOnce() -> T + Send + 'static,
) -> T {
    let done = Arc::new(shuttle::sync::atomic::AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let runs = shuttle::thread::spawn(move || {
        let result = body();
        is_done.store(true, Ordering::SeqCst);
        result
    });
    while !done.load(Ordering::SeqCst) {
        clock.advance(STEP);
        shuttle::thread::yield_now();
    }
    runs.join().expect("it ends")
}
