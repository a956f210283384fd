//! Who answers, what runs beside it, and what is on which event.

use std::sync::atomic::{AtomicBool, Ordering};

use ode_core::testing::{Capture, capture};
use ode_core::{
    Comparison, Experiment, MemoryFlags, NotRunCause, Ring, Rollout, Stage, Subject, WideEvent,
    change, kill, testing,
};

fn with_stage(name: &str, stage: Stage) -> Capture {
    Capture::builder().flags(MemoryFlags::new().with(name, stage)).start()
}

fn page<R>(f: impl FnOnce() -> R) -> R {
    WideEvent::builder("page").run(f)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "sides take the input so")]
fn old(n: &u64) -> (&'static str, u64) {
    ode_core::set! { ran.old = true };
    ("old", *n)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "sides take the input so")]
fn new(n: &u64) -> (&'static str, u64) {
    ode_core::set! { ran.new = true };
    ("new", *n)
}

static CODEC: Experiment = Experiment::new("codec");

#[test]
fn the_stage_says_who_answers_and_what_runs_beside_it() {
    for (stage, answers, beside) in [
        (Stage::Off, "old", None),
        (Stage::DryRun, "old", None),
        (Stage::Shadow, "old", Some("codec.candidate")),
        (Stage::Live, "new", Some("codec.control")),
        (Stage::RampDown, "new", Some("codec.control")),
        (Stage::Complete, "new", None),
    ] {
        let events = with_stage("codec", stage);
        let answer =
            page(|| CODEC.on(&7).compare(|answer: &(&str, u64)| answer.1, u64::eq).run(old, new));
        events.settle();
        assert_eq!(answer, (answers, 7), "{stage}");
        let event = events.one("page");
        assert_eq!(event["change.codec.stage"], stage.as_str());
        assert_eq!(event["experiment.codec.stage"], stage.as_str());
        assert_eq!(event["experiment.codec.sampled"], beside.is_some(), "{stage}");
        let answered = if answers == "old" { "control" } else { "candidate" };
        assert_eq!(event["experiment.codec.answered"], answered, "{stage}");
        // What a side records lands on its own unit.
        let (ran, not) =
            if answers == "old" { ("ran.old", "ran.new") } else { ("ran.new", "ran.old") };
        assert_eq!(event[ran], true);
        event.assert_absent(not);
        match beside {
            Some(name) => {
                let side = events.one(name);
                assert_eq!(side[not], true, "{stage}");
                side.assert_absent(ran);
                assert_eq!(side["experiment.codec.match"], true);
                assert_eq!(side["experiment.codec.answered"], answered);
                assert_ne!(side.trace_context().trace_id(), event.trace_context().trace_id());
                let link = side["links"].to_string();
                assert!(link.contains(&event.trace_context().trace_id().to_string()), "{link}");
                assert!(link.contains(&event.trace_context().span_id().to_string()), "{link}");
            }
            None => assert_eq!(events.all().len(), 1, "{stage}"),
        }
        let trials = CODEC.stats().trials;
        assert!(trials.is_balanced(), "{trials}");
        assert_eq!(
            (trials.eligible, trials.matched),
            (beside.is_some().into(), beside.is_some().into())
        );
    }
}

#[test]
fn where_nothing_is_set_up_control_answers_and_nothing_else_runs() {
    static SHADOW: Experiment = Experiment::new("bare").default_stage(Stage::Complete);
    static RAN: AtomicBool = AtomicBool::new(false);
    let answer = SHADOW.on(&7).run(
        |n| *n,
        |n| {
            RAN.store(true, Ordering::SeqCst);
            *n + 1
        },
    );
    assert_eq!(answer, 7);
    assert!(!RAN.load(Ordering::SeqCst));
    assert_eq!(SHADOW.stats().trials.eligible, 0);
}

#[test]
fn without_a_unit_it_is_decided_each_time_and_nothing_is_lost() {
    static SHADOW: Experiment = Experiment::new("unitless").default_stage(Stage::Shadow);
    let events = capture();
    assert_eq!(SHADOW.on(&7).run(|n| *n, |n| *n + 1), 7);
    events.settle();
    let side = events.one("unitless.candidate");
    assert_eq!(side["experiment.unitless.match"], false);
    side.assert_absent("links");
    assert_eq!(events.stats().orphan_writes, 0);
}

#[test]
fn a_killed_experiment_runs_control_alone() {
    static KILLED: Experiment = Experiment::new("killed").default_stage(Stage::Live);
    let events = capture();
    page(|| {
        assert_eq!(KILLED.on(&7).run(|n| *n, |n| *n + 1), 8);
        kill("killed", "alice");
        assert_eq!(KILLED.on(&7).run(|n| *n, |n| *n + 1), 7);
    });
    events.settle();
    assert_eq!(page(|| KILLED.on(&7).run(|n| *n, |n| *n + 1)), 7);
    events.settle();
    let event = &events.all().into_iter().find(|event| event.name() == "page").unwrap();
    assert_eq!(event["experiment.killed.stage"], "off", "the last that was decided");
    assert_eq!(event["experiment.killed.answered"], "control");
    assert_eq!(KILLED.stats().trials.eligible, 1);
}

change!(Packing = "packing", rollout = TO_STAFF, default = Stage::Off);
static TO_STAFF: Rollout = Rollout::new("packing").ring(Ring::attribute("staff", "plan", "staff"));
static PACKING: Experiment = Experiment::of::<Packing>();

#[test]
fn the_experiment_of_a_change_goes_by_its_rollout() {
    let events = with_stage("packing", Stage::Live);
    let ask = |plan| {
        page(|| {
            ode_core::subject(Subject::new("ada").with("plan", plan));
            PACKING.on(&7).run(|_| "old", |_| "new")
        })
    };
    assert_eq!((ask("staff"), ask("free")), ("new", "old"));
    events.settle();
    assert_eq!(PACKING.stats().trials.eligible, 1);
    drop(events);
    let _events = capture();
    testing::stage::<Packing>(Stage::Complete);
    assert_eq!(page(|| PACKING.on(&7).run(|_| "old", |_| "new")), "new");
}

#[test]
fn the_other_side_decides_as_the_unit_that_asked_and_nothing_acts_in_it() {
    use ode_core::{Flag, Gate, would};
    static FAST: Flag<bool> = Flag::new("fast", false);
    static APART: Experiment = Experiment::new("apart").default_stage(Stage::Shadow);
    change!(Write = "write");
    let flags = MemoryFlags::new().with("fast", true).with("write", Stage::Live);
    let events = Capture::builder().flags(flags.clone()).start();
    page(|| {
        ode_core::subject(Subject::new("ada").with("plan", "pro"));
        assert!(FAST.get());
        let flags = flags.clone();
        let side = |flag: bool, gate: Gate| {
            ode_core::set! { side.flag = flag, side.acts = gate == Gate::Act };
        };
        APART.on(&()).run(
            move |()| {
                flags.set("fast", false);
                side(FAST.get(), would::<Write>());
            },
            move |()| side(FAST.get(), would::<Write>()),
        );
    });
    events.settle();
    for (name, acts) in [("page", true), ("apart.candidate", false)] {
        let event = events.one(name);
        assert_eq!(event["side.flag"], true, "{name}");
        assert_eq!(event["side.acts"], acts, "{name}");
    }
    assert_eq!(events.one("apart.candidate")["change.write.reason"], "forced_dry_run");
}

#[test]
fn what_a_candidate_says_of_itself_stays_on_its_event() {
    static SAYS: Experiment = Experiment::new("says").default_stage(Stage::Shadow);
    let events = capture();
    page(|| {
        SAYS.on(&7).run(
            |n| *n,
            |n| {
                WideEvent::builder("inner").run(|| ode_core::set! { deep = true });
                WideEvent::builder("root").root().run(|| ());
                ode_core::set_inherited! { handed.down = 1 };
                ode_core::decline("not_today");
                *n
            },
        )
    });
    events.settle();
    assert_eq!(events.one("page").outcome(), "ok");
    let side = events.one("says.candidate");
    assert_eq!(side.outcome(), "declined");
    let inner = events.one("inner");
    assert_eq!(inner.trace_context().trace_id(), side.trace_context().trace_id());
    assert_eq!(events.all().len(), 4, "also the root, in the same capture");
}

#[test]
fn the_sample_is_a_share_and_each_trial_is_counted() {
    static SOME: Experiment =
        Experiment::new("some").default_stage(Stage::Shadow).sample(0.25).max_queue(65_536);
    static NONE: Experiment = Experiment::new("none").default_stage(Stage::Shadow).sample(0.0);
    let events = capture();
    const TRIALS: u64 = 4_000;
    page(|| {
        for n in 0..TRIALS {
            assert_eq!(SOME.on(&n).run(|n| *n, |n| *n), n);
            assert_eq!(NONE.on(&n).run(|n| *n, |n| *n), n);
        }
    });
    events.settle();
    let some = SOME.stats().trials;
    assert!(some.is_balanced(), "{some}");
    assert_eq!(some.eligible, TRIALS);
    let missed = some.not_run.get(NotRunCause::NotSampled);
    assert_eq!(some.finished + missed, TRIALS);
    // 1,000 ± 6 standard deviations of 27.4.
    assert!((836..=1_164).contains(&some.finished), "{some}");
    let none = NONE.stats().trials;
    assert_eq!(none.not_run.get(NotRunCause::NotSampled), TRIALS);
    assert!(none.never_started());
    let event = events.one("page");
    assert_eq!(event["experiment.some.sampled"], true);
    assert_eq!(event["experiment.none.sampled"], false);
    assert_eq!(ode_core::experiments().len(), 2);
}

#[test]
fn a_trial_can_be_switched_off() {
    static SMALL: Experiment = Experiment::new("small").default_stage(Stage::Shadow);
    let events = capture();
    page(|| {
        for n in 0..10_u64 {
            assert_eq!(SMALL.on(&n).enabled_if(n % 5 == 0).run(|n| *n, |n| *n), n);
        }
    });
    events.settle();
    let trials = SMALL.stats().trials;
    assert_eq!((trials.finished, trials.not_run.get(NotRunCause::Disabled)), (2, 8));
    assert!(trials.is_balanced());
}

#[test]
fn old_against_old_is_counted_and_recorded_apart() {
    static NOISY: Experiment =
        Experiment::new("noisy").default_stage(Stage::Shadow).noise_control(1.0);
    let events = capture();
    let mut calls = 0;
    let answer = page(|| {
        NOISY.on(&7).run(
            move |n| {
                calls += 1;
                ode_core::set! { control.calls = calls };
                *n
            },
            |_| unreachable!("the candidate has no part in it"),
        )
    });
    events.settle();
    assert_eq!(answer, 7);
    let side = events.one("noisy.noise");
    assert_eq!(side["experiment.noisy.match"], true);
    assert_eq!(side["control.calls"], 1);
    let stats = NOISY.stats();
    assert_eq!((stats.noise.finished, stats.noise.eligible), (1, 1));
    assert_eq!(stats.trials.eligible, 0);
    assert!(stats.noise.is_balanced());
}

#[test]
fn comparisons_by_closures_and_what_is_ignored() {
    struct Answer(Vec<u8>);
    static SIZES: Experiment = Experiment::new("sizes").default_stage(Stage::Shadow);
    let events = capture();
    let tolerance = 2;
    let ask = |n: usize, extra: usize| {
        page(|| {
            SIZES
                .on(&n)
                .compare(|a: &Answer| a.0.len(), move |old, new| old.abs_diff(*new) <= tolerance)
                .ignore(|n, _, _| *n == 13)
                .ignore(|_, old, _| *old == 0)
                .run(|n| Answer(vec![0; *n]), move |n| Answer(vec![0; *n + extra]))
        });
    };
    for (n, extra) in [(1, 2), (1, 3), (13, 9), (0, 9)] {
        ask(n, extra);
        events.settle();
    }
    let trials = SIZES.stats().trials;
    assert_eq!((trials.matched, trials.mismatched, trials.ignored), (1, 1, 2));
    let ignored = events.all().into_iter().filter(|event| {
        event.field("experiment.sizes.ignored").is_some_and(|ignored| *ignored == true)
    });
    assert_eq!(ignored.count(), 2);
    let mismatch = events
        .all()
        .into_iter()
        .find(|event| {
            event.field("experiment.sizes.mismatch").is_some()
                && event.field("experiment.sizes.ignored").is_none()
        })
        .unwrap();
    assert_eq!(mismatch["experiment.sizes.paths"].to_string(), "[\"$ value\"]");
    mismatch.assert_absent("experiment.sizes.exemplars");
    assert_eq!(SIZES.stats().fingerprints.len(), 1);
}

#[test]
fn errors_are_compared_by_what_is_said_of_them() {
    use std::io::{Error, ErrorKind};
    static FALLIBLE: Experiment = Experiment::new("fallible").default_stage(Stage::Shadow);
    let fail = |kind: ErrorKind| move |_: &u64| Err::<u64, _>(Error::from(kind));
    let events = capture();
    let trial = || FALLIBLE.on(&7).compare_errors(Error::kind);
    trial().run(|n| Ok(*n), |n| Ok(*n)).unwrap();
    events.settle();
    trial().run(fail(ErrorKind::NotFound), fail(ErrorKind::NotFound)).unwrap_err();
    events.settle();
    assert_eq!(FALLIBLE.stats().trials.matched, 2);
    trial().run(fail(ErrorKind::NotFound), fail(ErrorKind::TimedOut)).unwrap_err();
    events.settle();
    trial().run(|n| Ok(*n), fail(ErrorKind::TimedOut)).unwrap();
    events.settle();
    trial().run(|n| Ok(*n), |n| Ok(*n + 1)).unwrap();
    events.settle();
    let stats = FALLIBLE.stats();
    assert_eq!(stats.trials.mismatched, 3);
    assert_eq!(stats.fingerprints.len(), 3, "each is another kind of mismatch");
}

#[test]
fn inline_sides_borrow_and_the_caller_waits() {
    static INLINE: Experiment =
        Experiment::new("inline").default_stage(Stage::Shadow).noise_control(1.0);
    let events = capture();
    let rows = [1, 2, 3];
    let mut log = Vec::new();
    let n = page(|| {
        INLINE.run_inline(
            || rows.len(),
            || {
                log.push("candidate");
                ode_core::set! { inline.side = true };
                rows.len() + 1
            },
        )
    });
    assert_eq!(n, 3);
    assert_eq!(log, ["candidate"]);
    let side = events.one("inline.candidate");
    assert_eq!(side["experiment.inline.match"], false);
    assert_eq!(side["inline.side"], true);
    events.one("page").assert_absent("inline.side");
    assert!(INLINE.stats().trials.is_balanced());
    assert_eq!(page(|| INLINE.run_inline(|| 1, || panic!("inside"))), 1);
    assert_eq!(INLINE.stats().trials.not_run.get(NotRunCause::Panicked), 1);
    assert_eq!(events.all().iter().filter(|event| event.outcome() == "panicked").count(), 1);
}

#[test]
fn an_observer_sees_every_comparison_in_its_unit() {
    fn note(comparison: &Comparison) {
        assert_eq!(comparison.experiment(), "watched");
        ode_core::set! {
            saw.matched = comparison.is_match(),
            saw.fingerprint = comparison.fingerprint().is_some()
        };
    }
    static WATCHED: Experiment =
        Experiment::new("watched").default_stage(Stage::Shadow).observe(note);
    let events = capture();
    page(|| WATCHED.on(&7).run(|n| *n, |n| *n + 1));
    events.settle();
    let side = events.one("watched.candidate");
    assert_eq!(side["saw.matched"], false);
    assert_eq!(side["saw.fingerprint"], true);
}

#[test]
fn a_strict_experiment_fails_the_test_that_has_a_mismatch() {
    static STRICT: Experiment = Experiment::new("strict").default_stage(Stage::Shadow).strict();
    let run = |more: u64| {
        std::panic::catch_unwind(move || {
            let _events = capture();
            page(|| STRICT.on(&7).run(|n| *n, move |n| *n + more));
        })
    };
    assert!(run(0).is_ok());
    let message = *run(1).unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("strict (mismatch") && message.contains("$ value"), "{message}");
    let events = capture();
    static LAX: Experiment = Experiment::new("lax").default_stage(Stage::Shadow);
    page(|| LAX.on(&7).run(|n| *n, |n| *n));
    events.settle();
    events.assert_no_mismatches();
    page(|| LAX.on(&7).run(|n| *n, |n| *n + 1));
    events.settle();
    let asserts = std::panic::AssertUnwindSafe(|| events.assert_no_mismatches());
    assert!(std::panic::catch_unwind(asserts).is_err());
}
