//! Experiments in the process's own pipeline, where a unit with many trials takes the short way: no
//! allocation, and a kill or a forced dry run is heeded at the very next trial. Alone in its binary, so
//! that it has the process to itself.

mod counting;

use std::time::Duration;

use counting::{Calls, Counting};
use ode_core::{
    Batch, Experiment, ExportError, Exporter, MemoryFlags, NotRunCause, PipelineBuilder, Process,
    Stage, WideEvent, force_dry_run, kill, revive,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Null;

impl Exporter for Null {
    fn export(&mut self, _: &Batch) -> Result<(), ExportError> {
        Ok(())
    }
}

static NONE: Experiment = Experiment::new("none").default_stage(Stage::Shadow).sample(0.0);
static LIVE: Experiment = Experiment::new("live").default_stage(Stage::Live).sample(0.0);
static OTHER: Experiment = Experiment::new("other").default_stage(Stage::Complete);
static MOVES: Experiment = Experiment::new("moves");

fn ask(experiment: &'static Experiment) -> &'static str {
    experiment.on(&7_u64).run(|_| "control", |_| "candidate")
}

fn unit<R>(f: impl FnOnce() -> R) -> R {
    WideEvent::builder("page").run(f)
}

#[test]
fn the_short_way_is_the_same_way() {
    let flags = MemoryFlags::new().with("moves", Stage::Complete);
    let builder = PipelineBuilder::new(Process::new("test")).export_to(Null).flags(flags.clone());
    let guard = builder.install().unwrap();

    // A kill in the middle, also of one that was asked last.
    unit(|| {
        for _ in 0..3 {
            assert_eq!(
                (ask(&LIVE), ask(&LIVE), ask(&OTHER)),
                ("candidate", "candidate", "candidate")
            );
        }
        kill("live", "alice");
        assert_eq!((ask(&LIVE), ask(&OTHER)), ("control", "candidate"));
        revive("live", "alice");
        assert_eq!(ask(&LIVE), "control", "never back on in this unit");
    });
    // And in the next unit it is on: nothing is remembered beyond a unit.
    unit(|| {
        assert_eq!((ask(&LIVE), ask(&LIVE)), ("candidate", "candidate"));
        force_dry_run();
        assert_eq!((ask(&LIVE), ask(&LIVE)), ("control", "control"));
        unit(|| assert_eq!(ask(&LIVE), "control"));
    });
    assert_eq!(unit(|| ask(&LIVE)), "candidate");
    // A unit inside another has a decision of its own, and the outer one keeps its.
    unit(|| {
        assert_eq!((ask(&MOVES), ask(&MOVES)), ("candidate", "candidate"));
        flags.set("moves", Stage::Off);
        ode_core::detached(|| assert_eq!(ask(&MOVES), "control"));
        unit(|| {
            assert_eq!(ask(&MOVES), "candidate", "as decided above");
            assert_eq!(ask(&MOVES), "candidate");
        });
        assert_eq!(ask(&MOVES), "candidate");
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(ask(&MOVES), "control", "no unit there"));
            scope.spawn(ode_core::in_event(|| assert_eq!(ask(&MOVES), "candidate")));
        });
    });
    assert_eq!(unit(|| ask(&MOVES)), "control");

    // A trial that is not sampled allocates nothing.
    let before = NONE.stats().trials;
    unit(|| {
        ask(&NONE);
        let before = Calls::now();
        for _ in 0..10_000 {
            assert_eq!(ask(&NONE), "control");
        }
        assert_eq!(Calls::now().since(before).thread, 0);
    });
    let trials = NONE.stats().trials;
    assert_eq!(trials.eligible - before.eligible, 10_001);
    assert_eq!(trials.not_run.get(NotRunCause::NotSampled), trials.eligible);
    assert!(trials.is_balanced());

    // After the shutdown control answers, counted.
    guard.shutdown(Duration::from_secs(30));
    static LATE: Experiment = Experiment::new("late").default_stage(Stage::Shadow);
    assert_eq!(unit(|| ask(&LATE)), "control");
    assert_eq!(LATE.stats().trials.not_run.get(NotRunCause::Shutdown), 1);
}
