//! Async sides: on the host's runtime, apart from the task that asked.

#![expect(clippy::expect_used, reason = "a helper that fails is a test that fails")]

use std::cell::Cell;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use ode_core::experiment_runtime::{self as runtime, TrialTask};
use ode_core::testing::{Capture, TestClock, capture};
use ode_core::{Experiment, NotRunCause, Stage, WideEvent};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

struct Tokio;
struct OnTokio(Handle);

impl runtime::Spawner for Tokio {
    fn current(&self) -> Option<Arc<dyn runtime::Runtime>> {
        let handle = Handle::try_current().ok()?;
        Some(Arc::new(OnTokio(handle)))
    }
}

impl runtime::Runtime for OnTokio {
    fn spawn(&self, task: TrialTask) {
        drop(self.0.spawn(task));
    }
}

fn capture_on_tokio(clock: &TestClock) -> Capture {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| runtime::set_spawner(Tokio));
    Capture::builder().clock(clock).start()
}

/// All of it, under a watchdog.
async fn settled(events: &Capture) {
    let settled = tokio::time::timeout(Duration::from_secs(30), events.settle_async());
    settled.await.expect("every side ends");
}

async fn page<T>(work: impl Future<Output = T>) -> T {
    WideEvent::builder("page").run_async(work).await
}

async fn slow(n: u64) -> u64 {
    tokio::task::yield_now().await;
    ode_core::set! { slow.ran = true };
    n
}

#[tokio::test]
async fn the_candidate_is_a_task_of_its_own() {
    static PRICE: Experiment = Experiment::new("price").default_stage(Stage::Shadow);
    let events = capture_on_tokio(&TestClock::new());
    let factor = 3;
    let (go_on, may_go_on) = oneshot::channel();
    let trial = PRICE.on(&7).run_async(
        async move |n: u64| slow(n).await * factor,
        async move |n: u64| {
            may_go_on.await.unwrap();
            ode_core::set! { candidate.ran = true };
            n * factor
        },
    );
    assert_eq!(page(trial).await, 21);
    // It is there while the candidate waits.
    assert_eq!(events.one("page")["slow.ran"], true);
    assert_eq!(events.one("page")["experiment.price.answered"], "control");
    events.none("price.candidate");
    go_on.send(()).unwrap();
    settled(&events).await;
    let side = events.one("price.candidate");
    assert_eq!(side["candidate.ran"], true);
    assert_eq!(side["experiment.price.match"], true);
    assert!(PRICE.stats().trials.is_balanced());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_live_control_is_the_task_and_a_spawned_trial_is_send() {
    static LIVE: Experiment = Experiment::new("live_async").default_stage(Stage::Live);
    let events = capture_on_tokio(&TestClock::new());
    let handle = events.handle();
    // `Cell` is `Send` and not `Sync`: the future does not borrow the input.
    let trial = LIVE.on(&Cell::new(7)).run_async(
        async |n: Cell<u64>| slow(n.get()).await + 1,
        async |n: Cell<u64>| slow(n.get()).await,
    );
    let answer = tokio::spawn(handle.run_async(page(trial))).await.unwrap();
    assert_eq!(answer, 7);
    settled(&events).await;
    let side = events.one("live_async.control");
    assert_eq!(side["experiment.live_async.match"], false);
    assert_eq!(side["experiment.live_async.answered"], "candidate");
    assert_eq!(LIVE.stats().trials.mismatched, 1);
}

/// Says when it is dropped.
struct Dropped(Arc<AtomicBool>);

impl Drop for Dropped {
    fn drop(&mut self) {
        ode_core::set! { dropped.in_its_unit = true };
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_task_past_its_deadline_is_dropped_and_its_place_is_free() {
    static HANGS: Experiment = Experiment::new("hangs")
        .default_stage(Stage::Shadow)
        .max_concurrent(1)
        .deadline(Duration::from_secs(5));
    let clock = TestClock::new();
    let events = capture_on_tokio(&clock);
    let dropped = Arc::new(AtomicBool::new(false));
    let theirs = Dropped(Arc::clone(&dropped));
    let (began, has_begun) = oneshot::channel();
    let candidate = async move |n: u64| {
        let _theirs = theirs;
        began.send(()).unwrap();
        pending::<()>().await;
        n
    };
    page(HANGS.on(&7).run_async(slow, candidate)).await;
    has_begun.await.unwrap();
    clock.advance(Duration::from_secs(3));
    page(HANGS.on(&8).run_async(slow, slow)).await;
    clock.advance(Duration::from_secs(2));
    settled(&events).await;
    assert!(dropped.load(Ordering::SeqCst));
    let side = &events.all()[2];
    assert_eq!(side.name(), "hangs.candidate");
    assert_eq!(side.outcome(), "cancelled");
    assert_eq!(side["cancelled.cause"], "deadline");
    assert_eq!(side["experiment.hangs.not_run"], "deadline");
    assert_eq!(side["dropped.in_its_unit"], true);
    let stats = HANGS.stats();
    assert_eq!((stats.trials.finished, stats.abandoned), (1, 0), "the next one ran in its place");
    assert_eq!(stats.trials.not_run.get(NotRunCause::Deadline), 1);
    assert!(stats.trials.is_balanced());
}

#[tokio::test]
async fn a_panicking_task_is_caught_and_counted() {
    static PANICS: Experiment = Experiment::new("panics_async").default_stage(Stage::Shadow);
    let events = capture_on_tokio(&TestClock::new());
    let answer = page(PANICS.on(&7).run_async(slow, async |_: u64| {
        tokio::task::yield_now().await;
        panic!("in the task")
    }));
    assert_eq!(answer.await, 7);
    settled(&events).await;
    assert_eq!(events.one("panics_async.candidate").outcome(), "panicked");
    let trials = PANICS.stats().trials;
    assert_eq!((trials.started, trials.not_run.get(NotRunCause::Panicked)), (1, 1));
    assert!(trials.is_balanced());
}

#[test]
fn without_a_runtime_it_is_not_run_and_that_is_counted() {
    static NOWHERE: Experiment = Experiment::new("nowhere").default_stage(Stage::Shadow);
    let events = capture_on_tokio(&TestClock::new());
    let trial = NOWHERE.on(&7).run_async(async |n| n, async |_: u64| unreachable!("no runtime"));
    assert_eq!(futures::executor::block_on(page(trial)), 7);
    let trials = NOWHERE.stats().trials;
    assert_eq!(trials.not_run.get(NotRunCause::NoRuntime), 1);
    assert!(trials.is_balanced() && trials.never_started());
    assert_eq!(events.one("page")["experiment.nowhere.not_run"], "no_runtime");
}

#[test]
fn a_runtime_that_shuts_down_takes_its_tasks_along() {
    static TAKEN: Experiment =
        Experiment::new("taken").default_stage(Stage::Shadow).max_concurrent(1).max_queue(50);
    let events = capture_on_tokio(&TestClock::new());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for _ in 0..51 {
            page(TAKEN.on(&7).run_async(slow, async |n: u64| {
                pending::<()>().await;
                n
            }))
            .await;
        }
        while TAKEN.stats().trials.started == 0 {
            tokio::task::yield_now().await;
        }
    });
    drop(runtime);
    events.settle();
    let trials = TAKEN.stats().trials;
    assert_eq!(trials.not_run.get(NotRunCause::Shutdown), 51);
    assert_eq!(trials.started, 1);
    assert!(trials.is_balanced(), "{trials}");
    let side = events.one("taken.candidate");
    assert_eq!(side.outcome(), "cancelled");
}

#[tokio::test]
async fn a_trial_that_is_dropped_before_its_answer_is_counted() {
    static LEFT: Experiment = Experiment::new("left").default_stage(Stage::Shadow);
    let events = capture_on_tokio(&TestClock::new());
    let mut trial = Box::pin(page(LEFT.on(&7).run_async(
        async |n: u64| {
            pending::<()>().await;
            n
        },
        slow,
    )));
    assert!(futures::poll!(&mut trial).is_pending());
    assert_eq!(LEFT.stats().trials.eligible, 0, "nothing is decided before there is an answer");
    drop(trial);
    let trials = LEFT.stats().trials;
    assert_eq!(trials.not_run.get(NotRunCause::NoAnswer), 1);
    assert!(trials.is_balanced());
    assert_eq!(events.one("page")["experiment.left.not_run"], "no_answer");
}

#[tokio::test]
async fn noise_is_a_second_task_of_control() {
    static NOISE: Experiment =
        Experiment::new("noise_async").default_stage(Stage::Shadow).noise_control(1.0);
    let events = capture_on_tokio(&TestClock::new());
    let candidate = async |_: u64| unreachable!("it has no part in it");
    page(NOISE.on(&7).run_async(slow, candidate)).await;
    settled(&events).await;
    assert_eq!(events.one("noise_async.noise")["experiment.noise_async.match"], true);
    assert_eq!(NOISE.stats().noise.matched, 1);
}

#[test]
fn without_set_up_control_answers() {
    static BARE: Experiment = Experiment::new("bare_async").default_stage(Stage::Live);
    let trial = BARE.on(&7).run_async(async |n| n, async |_: u64| unreachable!("not set up"));
    assert_eq!(futures::executor::block_on(trial), 7);
    drop(capture());
}
