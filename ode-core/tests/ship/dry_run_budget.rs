//! A budget stops a runaway, also one of many threads.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::io;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ode_core::testing::{Capture, TestClock, capture};
use ode_core::{
    Budget, Change, DryRun, Gate, Stage, Unrecorded, WideEvent, change, force_dry_run, kill,
    revive, testing, would,
};

change!(Purge = "purge");
change!(Other = "other");

/// One commit in a unit of its own; whether the effect ran.
fn purge<C: Change>(dry_run: &DryRun<C>, rows: u64) -> bool {
    let commit = WideEvent::builder("purge").run(|| {
        let planned = dry_run.plan(Unrecorded(rows)).cost(|rows| rows.0);
        planned.commit(|_live, _rows| io::Result::Ok(()))
    });
    !commit.unwrap().is_withheld()
}

fn effects(dry_run: &DryRun<Purge>, times: u64) -> u64 {
    (0..times).filter(|_| purge(dry_run, 1)).count() as u64
}

#[test]
fn beyond_it_effects_are_withheld_and_the_event_says_so() {
    static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(3));
    let events = capture();
    testing::stage::<Purge>(Stage::Live);
    assert_eq!(effects(&PURGE, 5), 3);
    let all = events.all();
    let units: Vec<_> = all.iter().filter(|event| event.name() == "purge").collect();
    assert_eq!(units.len(), 5);
    for (at, event) in units.iter().enumerate() {
        let acted = at < 3;
        assert_eq!(event["would.purge.act"], true);
        assert_eq!(event.field("did.purge.act").is_some(), acted, "{at}");
        assert_eq!(event["change.purge.stage"], if acted { "live" } else { "dry_run" });
        assert_eq!(event["change.purge.reason"], if acted { "flag" } else { "budget" });
        assert_eq!(event.outcome(), "ok");
    }
    let exhausted = events.one("ode.budget.exhausted");
    assert_eq!(exhausted["ode.budget.change"], "purge");
    assert_eq!(exhausted["ode.budget.window"], "run");
    assert_eq!(exhausted["ode.budget.limit"], 3);
    assert_eq!(exhausted["ode.budget.spent"], 3);
    assert_eq!(exhausted["ode.budget.cost"], 1);
}

#[test]
fn what_is_spent_is_the_changes_and_the_pipelines() {
    static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(2));
    static ELSEWHERE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(3));
    static OTHER: DryRun<Other> = DryRun::new().budget(Budget::new().per_run(2));
    for _ in 0..2 {
        let _events = capture();
        testing::stage::<Purge>(Stage::Live);
        testing::stage::<Other>(Stage::Live);
        assert_eq!(effects(&PURGE, 9), 2);
        assert_eq!(effects(&ELSEWHERE, 9), 1);
        assert!(purge(&OTHER, 1));
    }
}

#[test]
fn an_hour_passes() {
    static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_hour(4).per_run(9));
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    testing::stage::<Purge>(Stage::Live);
    let told = || {
        let all = events.all();
        all.iter().filter(|event| event.name() == "ode.budget.exhausted").count()
    };
    assert_eq!(effects(&PURGE, 10), 4);
    assert_eq!(told(), 1);
    clock.advance(Duration::from_secs(59 * 60));
    assert_eq!(effects(&PURGE, 10), 0);
    assert_eq!(told(), 1, "once an hour");
    clock.advance(Duration::from_secs(2 * 60));
    assert_eq!(effects(&PURGE, 10), 4);
    assert_eq!(told(), 2);
    clock.advance(Duration::from_secs(61 * 60));
    assert_eq!(effects(&PURGE, 10), 1, "the run has nine");
    assert_eq!(told(), 3);
}

#[test]
fn a_cost_is_summed_and_one_that_panics_is_unknown() {
    static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(100));
    static UNLIMITED: DryRun<Other> = DryRun::new();
    let events = capture();
    testing::stage::<Purge>(Stage::Live);
    testing::stage::<Other>(Stage::Live);
    assert!(purge(&PURGE, 60));
    assert!(!purge(&PURGE, 41));
    assert!(purge(&PURGE, 40), "what fits is done");
    assert!(!purge(&PURGE, 1));
    assert!(purge(&PURGE, 0));

    let unknown = |_: &Unrecorded<u64>| -> u64 { panic!("no idea") };
    let commit = WideEvent::builder("unknown")
        .run(|| PURGE.plan(Unrecorded(0)).cost(unknown).commit(|_live, _rows| io::Result::Ok(())));
    assert!(commit.unwrap().is_withheld());
    assert_eq!(events.one("unknown")["change.purge.reason"], "budget");
    let commit = WideEvent::builder("unlimited").run(|| {
        UNLIMITED.plan(Unrecorded(0)).cost(unknown).commit(|_live, _rows| io::Result::Ok(()))
    });
    assert!(!commit.unwrap().is_withheld(), "nobody asks");
}

#[test]
fn an_effect_that_failed_was_one_and_one_that_never_began_was_none() {
    static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(2));
    let _events = capture();
    testing::stage::<Purge>(Stage::DryRun);
    assert_eq!(effects(&PURGE, 5), 0);
    testing::stage::<Purge>(Stage::Live);
    let stale = WideEvent::builder("stale").run(|| {
        let planned = PURGE.plan(()).precondition("stale", |()| false);
        planned.commit(|_live, ()| io::Result::Ok(()))
    });
    assert!(stale.unwrap().is_withheld());
    let killed = WideEvent::builder("killed").run(|| {
        let planned = PURGE.plan(());
        kill("purge", "test");
        planned.commit(|_live, ()| io::Result::Ok(()))
    });
    assert!(killed.unwrap().is_withheld());
    revive("purge", "test");
    let forced = WideEvent::builder("forced").run(|| {
        let planned = PURGE.plan(());
        force_dry_run();
        planned.commit(|_live, ()| io::Result::Ok(()))
    });
    assert!(forced.unwrap().is_withheld());
    let failed = WideEvent::builder("failed").run(|| {
        PURGE.plan(()).commit(|_live, ()| -> io::Result<()> { Err(io::Error::other("no")) })
    });
    assert!(failed.is_err());
    assert_eq!(effects(&PURGE, 5), 1);
}

#[test]
fn what_was_withheld_once_stays_withheld_in_its_unit_and_below() {
    static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(5));
    let events = capture();
    testing::stage::<Purge>(Stage::Live);
    let commit = |rows: u64| {
        let planned = PURGE.plan(Unrecorded(rows)).cost(|rows| rows.0);
        !planned.commit(|_live, _rows| io::Result::Ok(())).unwrap().is_withheld()
    };
    WideEvent::builder("job").run(|| {
        assert!(commit(4));
        assert!(!commit(2));
        assert!(!commit(1), "it would fit, but half a job is worse than none");
        assert_eq!(would::<Purge>(), Gate::Withhold);
        WideEvent::builder("below").run(|| assert!(!commit(1)));
    });
    WideEvent::builder("next").run(|| {
        assert_eq!(would::<Purge>(), Gate::Act, "a gate takes nothing of a budget");
        assert!(commit(1));
    });
    assert_eq!(events.one("below")["change.purge.reason"], "parent");
}

#[test]
fn threads_together_never_exceed_it() {
    static PURGE: DryRun<Purge> = DryRun::new().budget(Budget::new().per_run(500));
    const THREADS: usize = 8;
    let events = capture();
    testing::stage::<Purge>(Stage::Live);
    let (started, ran) = (Barrier::new(THREADS), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let handle = events.handle();
            let (started, ran) = (&started, &ran);
            scope.spawn(move || {
                handle.run(|| {
                    started.wait();
                    for _ in 0..200 {
                        let commit = WideEvent::builder("purge").run(|| {
                            PURGE.plan(()).commit(|_live, ()| {
                                ran.fetch_add(1, Ordering::SeqCst);
                                io::Result::Ok(())
                            })
                        });
                        commit.unwrap().done();
                    }
                });
            });
        }
    });
    assert_eq!(ran.load(Ordering::SeqCst), 500);
    let did = |event: &&testing::Captured| event.field("did.purge.act").is_some();
    assert_eq!(events.all().iter().filter(did).count(), 500);
    events.one("ode.budget.exhausted");
}
