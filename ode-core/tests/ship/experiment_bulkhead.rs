//! The caller never waits; what does not run is counted by its cause.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails is a test that fails"
)]

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use ode_core::testing::{Capture, Captured, TestClock, TestPipeline, capture};
use ode_core::{
    Batch, Breaker, Experiment, ExportError, Exporter, NotRunCause, PipelineBuilder, Process,
    Stage, WideEvent, kill,
};

const WATCHDOG: Duration = Duration::from_secs(30);

fn page<R>(f: impl FnOnce() -> R) -> R {
    WideEvent::builder("page").run(f)
}

fn named(events: &Capture, name: &str) -> Vec<Captured> {
    events.all().into_iter().filter(|event| event.name() == name).collect()
}

/// A side that says that it has begun, and ends when it is told to.
fn blocked() -> (impl FnOnce(&u64) -> u64 + Send, Receiver<()>, SyncSender<()>) {
    let (began, has_begun) = sync_channel(1);
    let (go_on, may_go_on) = sync_channel(1);
    (side(began, may_go_on), has_begun, go_on)
}

fn side(began: SyncSender<()>, may_go_on: Receiver<()>) -> impl FnOnce(&u64) -> u64 + Send {
    move |n| {
        began.send(()).unwrap();
        may_go_on.recv_timeout(WATCHDOG).expect("told to go on");
        *n
    }
}

#[test]
fn control_returns_while_the_candidate_is_blocked() {
    static SLOW: Experiment = Experiment::new("slow").default_stage(Stage::Shadow);
    let events = capture();
    let barrier = Arc::new(Barrier::new(2));
    let theirs = Arc::clone(&barrier);
    let answer = page(|| {
        SLOW.on(&7).run(
            |n| *n,
            move |n| {
                theirs.wait();
                theirs.wait();
                *n
            },
        )
    });
    // It runs, and control's answer and event are there.
    barrier.wait();
    assert_eq!(answer, 7);
    assert_eq!(events.one("page").outcome(), "ok");
    events.none("slow.candidate");
    let trials = SLOW.stats().trials;
    assert_eq!((trials.started, trials.running), (1, 1));
    assert!(trials.is_balanced());
    barrier.wait();
    events.settle();
    assert_eq!(events.one("slow.candidate")["experiment.slow.match"], true);
}

#[test]
fn the_bulkhead_holds_so_many_and_no_more() {
    static TIGHT: Experiment =
        Experiment::new("tight").default_stage(Stage::Shadow).max_concurrent(2).max_queue(3);
    let events = capture();
    let (mut begun, mut go_on) = (Vec::new(), Vec::new());
    page(|| {
        for _ in 0..9 {
            let (candidate, has_begun, goes_on) = blocked();
            TIGHT.on(&7).run(|n| *n, candidate);
            begun.push(has_begun);
            go_on.push(goes_on);
        }
    });
    for has_begun in &begun[..2] {
        has_begun.recv_timeout(WATCHDOG).unwrap();
    }
    let trials = TIGHT.stats().trials;
    assert_eq!((trials.running, trials.queued, trials.started), (2, 3, 2));
    assert_eq!(trials.not_run.get(NotRunCause::BulkheadFull), 4);
    assert!(trials.is_balanced(), "{trials}");
    assert_eq!(events.one("page")["experiment.tight.not_run"], "bulkhead_full");
    for (at, goes_on) in go_on[..5].iter().enumerate() {
        goes_on.send(()).unwrap();
        if let Some(next) = begun.get(at + 2).filter(|_| at + 2 < 5) {
            next.recv_timeout(WATCHDOG).expect("the next one gets the place");
        }
    }
    events.settle();
    let trials = TIGHT.stats().trials;
    assert_eq!((trials.finished, trials.started, trials.running), (5, 5, 0));
    assert!(trials.is_balanced(), "{trials}");
}

#[test]
fn a_hung_side_is_counted_at_its_deadline_and_keeps_its_place() {
    static HUNG: Experiment = Experiment::new("hung")
        .default_stage(Stage::Shadow)
        .max_concurrent(1)
        .deadline(Duration::from_secs(5));
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    let (candidate, has_begun, go_on) = blocked();
    page(|| HUNG.on(&7).run(|n| *n, candidate));
    has_begun.recv_timeout(WATCHDOG).unwrap();
    page(|| HUNG.on(&7).run(|n| *n, |_| unreachable!("it waits too long")));
    clock.advance(Duration::from_millis(4_999));
    assert_eq!(HUNG.stats().trials.not_run.total(), 0);
    clock.advance(Duration::from_millis(1));
    let stats = HUNG.stats();
    assert_eq!(stats.trials.not_run.get(NotRunCause::Deadline), 2, "the one that waits, too");
    assert_eq!((stats.trials.running, stats.trials.queued, stats.abandoned), (0, 0, 1));
    assert!(stats.trials.is_balanced());
    // Its place is taken: another one waits, and is let go in its turn.
    page(|| HUNG.on(&7).run(|n| *n, |_| unreachable!("there is no place")));
    assert_eq!(HUNG.stats().trials.queued, 1);
    clock.advance(Duration::from_secs(5));
    assert_eq!(HUNG.stats().trials.not_run.get(NotRunCause::Deadline), 3);
    // It returns at last: the place is free, and its answer does not count.
    page(|| HUNG.on(&7).run(|n| *n, |n| *n));
    go_on.send(()).unwrap();
    events.settle();
    let stats = HUNG.stats();
    assert_eq!((stats.abandoned, stats.trials.finished, stats.trials.eligible), (0, 1, 4));
    assert!(stats.trials.is_balanced());
    let sides = named(&events, "hung.candidate");
    assert_eq!(sides[0]["experiment.hung.not_run"], "deadline");
    sides[0].assert_absent("experiment.hung.match");
    assert_eq!(sides[1]["experiment.hung.match"], true);
}

#[test]
fn what_waits_is_not_run_once_the_change_is_killed() {
    static WAITS: Experiment =
        Experiment::new("waits").default_stage(Stage::Shadow).max_concurrent(1);
    let events = capture();
    let (candidate, has_begun, go_on) = blocked();
    page(|| {
        WAITS.on(&7).run(|n| *n, candidate);
        has_begun.recv_timeout(WATCHDOG).unwrap();
        WAITS.on(&7).run(|n| *n, |_| unreachable!("killed before its turn"));
    });
    kill("waits", "alice");
    assert_eq!(events.one("ode.kill")["ode.kill.under_way"], 1);
    go_on.send(()).unwrap();
    events.settle();
    let trials = WAITS.stats().trials;
    assert_eq!((trials.finished, trials.not_run.get(NotRunCause::Killed)), (1, 1));
    assert!(trials.is_balanced());
    events.one("ode.kill.settled");
}

#[test]
fn a_breaker_opens_says_so_and_tries_again_after_its_pause() {
    static FRAGILE: Experiment = Experiment::new("fragile")
        .default_stage(Stage::Shadow)
        .breaker(Breaker::new().window(8, 4).panics(0.5).pause(Duration::from_secs(60)));
    super::quiet_panics();
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    let try_it = |panics: bool| {
        let answer = page(|| {
            FRAGILE.on(&7).run(
                |n| *n,
                move |n| {
                    assert!(!panics, "as told");
                    *n
                },
            )
        });
        assert_eq!(answer, 7);
        events.settle();
    };
    let not_run = |cause| FRAGILE.stats().trials.not_run.get(cause);
    for panics in [false, false, true, true] {
        try_it(panics);
    }
    let breaker = |at: usize| named(&events, "ode.experiment.breaker").swap_remove(at);
    assert_eq!(breaker(0)["ode.experiment.to"], "open");
    assert_eq!(breaker(0)["ode.experiment.reason"], "panics");
    assert_eq!(breaker(0)["ode.experiment.window_panicked"], 2);
    assert_eq!(breaker(0)["ode.experiment.pause_ns"], 60_000_000_000_u64);
    assert!(FRAGILE.stats().breaker_is_open);
    try_it(false);
    assert_eq!(not_run(NotRunCause::BreakerOpen), 1);
    assert_eq!(named(&events, "page")[4]["experiment.fragile.not_run"], "breaker_open");
    clock.advance(Duration::from_secs(60));
    try_it(true);
    try_it(false);
    assert_eq!((not_run(NotRunCause::Panicked), not_run(NotRunCause::BreakerOpen)), (3, 2));
    clock.advance(Duration::from_secs(60));
    try_it(false);
    try_it(false);
    let changes: Vec<_> = named(&events, "ode.experiment.breaker")
        .iter()
        .map(|event| event["ode.experiment.to"].to_string())
        .collect();
    assert_eq!(changes, ["open", "half_open", "open", "half_open", "closed"]);
    let stats = FRAGILE.stats();
    assert!(!stats.breaker_is_open && stats.trials.is_balanced());
    assert_eq!(stats.trials.finished, 4);
}

#[test]
fn slowness_opens_the_breaker_too() {
    static STUCK: Experiment = Experiment::new("stuck")
        .default_stage(Stage::Shadow)
        .deadline(Duration::from_secs(1))
        .breaker(Breaker::new().window(2, 2).slow(1.0));
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    let sides: Vec<_> = (0..2)
        .map(|_| {
            let (candidate, has_begun, go_on) = blocked();
            page(|| STUCK.on(&7).run(|n| *n, candidate));
            has_begun.recv_timeout(WATCHDOG).unwrap();
            go_on
        })
        .collect();
    clock.advance(Duration::from_secs(1));
    assert_eq!(events.one("ode.experiment.breaker")["ode.experiment.reason"], "slow");
    page(|| STUCK.on(&7).run(|n| *n, |n| *n));
    let trials = STUCK.stats().trials;
    assert_eq!(trials.not_run.get(NotRunCause::BreakerOpen), 1);
    assert!(trials.is_balanced());
    drop(sides);
}

#[test]
fn the_ledger_is_an_event_while_something_changes() {
    static TOLD: Experiment = Experiment::new("told").default_stage(Stage::Shadow).sample(0.0);
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    page(|| TOLD.on(&7).run(|n| *n, |n| *n));
    clock.advance(Duration::from_secs(59));
    events.none("ode.experiment.status");
    clock.advance(Duration::from_secs(1));
    let status = events.one("ode.experiment.status");
    assert_eq!(status["ode.experiment.name"], "told");
    assert_eq!(status["ode.experiment.eligible"], 1);
    assert_eq!(status["ode.experiment.started"], 0);
    assert_eq!(status["ode.experiment.never_started"], true);
    assert_eq!(status["ode.experiment.not_run.not_sampled"], 1);
    status.assert_absent("ode.experiment.not_run.deadline");
    clock.advance(Duration::from_secs(600));
    events.one("ode.experiment.status");
    page(|| TOLD.on(&7).run(|n| *n, |n| *n));
    clock.advance(Duration::from_secs(60));
    assert_eq!(named(&events, "ode.experiment.status").len(), 2);
}

struct To(SyncSender<(String, String)>);

impl Exporter for To {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        for event in batch.events() {
            let field = |key| event.get(key).map(|value| format!("{value:?}")).unwrap_or_default();
            let shutdown = field("ode.experiment.not_run.shutdown");
            self.0.send((event.name().to_owned(), shutdown)).unwrap();
        }
        Ok(())
    }
}

#[test]
fn at_shutdown_what_waits_is_let_go_and_the_ledger_is_the_last_word() {
    static LAST: Experiment =
        Experiment::new("last").default_stage(Stage::Shadow).max_concurrent(1);
    let (sender, exported) = sync_channel(100);
    let builder = PipelineBuilder::new(Process::new("test")).announce(true).export_to(To(sender));
    let pipeline = TestPipeline::start(builder).unwrap();
    let (candidate, has_begun, go_on) = blocked();
    pipeline.run(|| {
        page(|| LAST.on(&7).run(|n| *n, candidate));
        has_begun.recv_timeout(WATCHDOG).unwrap();
        page(|| LAST.on(&7).run(|n| *n, |_| unreachable!("it waits")));
    });
    pipeline.shutdown(WATCHDOG);
    let names: Vec<_> = exported.try_iter().filter(|(name, _)| name.starts_with("ode.")).collect();
    assert_eq!(names[0], ("ode.experiment.status".to_owned(), "1".to_owned()));
    assert_eq!(names[1].0, "ode.shutdown");
    pipeline.run(|| {
        assert_eq!(page(|| LAST.on(&7).run(|n| *n, |_| unreachable!("stopped"))), 7);
        let trials = LAST.stats().trials;
        assert_eq!(trials.not_run.get(NotRunCause::Shutdown), 2);
        assert_eq!(trials.running, 1);
        assert!(trials.is_balanced());
    });
    go_on.send(()).unwrap();
}

#[test]
fn threads_by_the_dozen_and_not_one_trial_is_lost() {
    static BUSY: Experiment = Experiment::new("busy")
        .default_stage(Stage::Shadow)
        .sample(0.5)
        .noise_control(0.1)
        .max_concurrent(3)
        .max_queue(5)
        .breaker(Breaker::new().panics(1.0).slow(1.0));
    const THREADS: u64 = 12;
    const TRIALS: u64 = 2_000;
    super::quiet_panics();
    let events = capture();
    let handle = events.handle();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let handle = handle.clone();
            std::thread::Builder::new()
                .spawn_scoped(scope, move || {
                    handle.run(|| {
                        for n in 0..TRIALS {
                            let answer = page(|| {
                                BUSY.on(&n).enabled_if(n % 10 != 3).run(
                                    |n| *n,
                                    move |n| {
                                        assert!(n % 7 != thread % 7, "some panic");
                                        n / 2 * 2
                                    },
                                )
                            });
                            assert_eq!(answer, n);
                        }
                    });
                })
                .unwrap();
        }
    });
    events.settle();
    let stats = BUSY.stats();
    assert!(stats.trials.is_balanced() && stats.noise.is_balanced(), "{stats}");
    assert_eq!(stats.trials.eligible + stats.noise.eligible, THREADS * TRIALS);
    assert_eq!((stats.trials.running, stats.trials.queued, stats.abandoned), (0, 0, 0));
    let panicked = stats.trials.not_run.get(NotRunCause::Panicked);
    assert_eq!(stats.trials.started, stats.trials.finished + panicked, "{stats}");
    assert_eq!(stats.noise.matched, stats.noise.finished, "control is itself");
    let sides = events.all().iter().filter(|event| event.name() == "busy.candidate").count();
    assert_eq!(sides as u64, stats.trials.started, "one event for each that ran");
}
