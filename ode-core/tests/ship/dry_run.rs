//! A plan, its effect, and what the event says of both.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use std::io;

use ode_core::testing::{Capture, Captured, TestClock, capture};
use ode_core::{
    Commit, DryRun, EventFields, Fields, Gate, LiveOnly, MemoryFlags, Refusing, Stage, Unrecorded,
    WideEvent, change, force_dry_run, instrument_event, kill, stage, testing, would,
};

change!(Compress = "compress");
change!(Quiet = "quiet", default = Stage::Off);

static COMPRESS: DryRun<Compress> = DryRun::new();

#[derive(EventFields, Clone, Debug, PartialEq)]
struct Plan {
    codec: &'static str,
    bytes_after: u64,
    note: Option<String>,
}

#[derive(EventFields, Debug, PartialEq)]
struct Done {
    bytes_after: u64,
}

fn plan() -> Plan {
    Plan { codec: "lz4", bytes_after: 70, note: None }
}

fn unit<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    WideEvent::builder(name).run(f)
}

/// Commits, and says whether the effect ran.
fn commit(dry_run: &DryRun<Compress>) -> (bool, Commit<Done, Plan>) {
    let mut ran = false;
    let commit = dry_run.plan(plan()).commit(|_live, plan| {
        ran = true;
        Ok::<_, io::Error>(Done { bytes_after: plan.bytes_after + 5 })
    });
    (ran, commit.unwrap())
}

#[track_caller]
fn assert_planned(event: &Captured) {
    assert_eq!(event["would.compress.act"], true);
    assert_eq!(event["would.compress.codec"], "lz4");
    assert_eq!(event["would.compress.bytes_after"], 70);
    event.assert_absent("would.compress.note");
}

#[test]
fn every_stage_does_what_its_row_says() {
    for stage in Stage::ALL {
        let events = capture();
        testing::stage::<Compress>(stage);
        let (ran, commit) = unit("column", || commit(&COMPRESS));
        assert_eq!(ran, stage.acts(), "{stage}");
        assert_eq!(commit.is_withheld(), !stage.acts(), "{stage}");
        let event = events.one("column");
        assert_eq!(event["change.compress.stage"], stage.as_str());
        assert_eq!(event.outcome(), "ok");
        if stage == Stage::Off {
            event.assert_absent("would.compress.act");
            event.assert_absent("would.compress.bytes_after");
        } else {
            assert_planned(&event);
        }
        if stage.acts() {
            assert_eq!(commit, Commit::Done(Done { bytes_after: 75 }));
            assert_eq!(commit.done(), Some(Done { bytes_after: 75 }));
            assert_eq!(event["did.compress.act"], true);
            assert_eq!(event["did.compress.bytes_after"], 75);
        } else {
            assert_eq!(commit, Commit::Withheld(plan()), "the plan comes back");
            assert_eq!(commit.done(), None);
            event.assert_absent("did.compress.act");
            event.assert_absent("did.compress.bytes_after");
        }
        event.assert_absent("did.compress.error");
    }
}

#[test]
fn without_a_word_it_is_dry_and_without_a_set_up_it_is_off() {
    let (ran, commit_of) = unit("column", || commit(&COMPRESS));
    assert!(!ran && commit_of.is_withheld());
    let events = capture();
    assert!(!unit("column", || commit(&COMPRESS)).0);
    assert_planned(&events.one("column"));
    // Where no unit is current nothing is recorded, and one write is missed, not one for each field.
    assert!(!commit(&COMPRESS).0);
    assert_eq!(events.stats().orphan_writes, 1);
    testing::stage::<Compress>(Stage::Live);
    assert!(commit(&COMPRESS).0, "the stage is asked anew");
}

#[test]
fn what_the_dry_run_says_goes_before_what_the_change_says() {
    static SHADOW: DryRun<Quiet> = DryRun::new().default_stage(Stage::Shadow);
    static FLAGGED: DryRun<Quiet> = DryRun::new().stage_flag("jobs.quiet");
    static PLAIN: DryRun<Quiet> = DryRun::new();
    let flags = MemoryFlags::new();
    let _events = Capture::builder().flags(flags.clone()).start();
    assert_eq!(unit("a", || PLAIN.stage()), Stage::Off);
    assert_eq!(unit("a", || SHADOW.stage()), Stage::Shadow);
    assert_eq!(unit("a", || FLAGGED.stage()), Stage::Off);
    flags.set("jobs.quiet", Stage::Live);
    assert_eq!(unit("a", || PLAIN.stage()), Stage::Off);
    assert_eq!(unit("a", || FLAGGED.stage()), Stage::Live);
    flags.set("quiet", Stage::RampDown);
    assert_eq!(unit("a", || FLAGGED.stage()), Stage::Live, "its own flag");
    assert_eq!(unit("a", || SHADOW.stage()), Stage::RampDown, "a default is only that");
    // Decided once a unit, by whoever comes first.
    unit("b", || {
        assert_eq!(stage::<Quiet>(), Stage::RampDown);
        assert_eq!(FLAGGED.stage(), Stage::RampDown);
    });
    // A test sets the stage of the change, whatever flag carries it.
    testing::stage::<Quiet>(Stage::Complete);
    assert_eq!(unit("a", || FLAGGED.stage()), Stage::Complete);
}

#[test]
fn an_error_of_the_effect_is_the_callers() {
    let events = capture();
    testing::stage::<Compress>(Stage::Live);
    let result: Result<Commit<(), Plan>, _> = WideEvent::builder("column").try_run(|| {
        COMPRESS.plan(plan()).commit(|_live, _plan| Err(io::Error::other("disk full")))
    });
    assert_eq!(result.unwrap_err().to_string(), "disk full");
    let event = events.one("column");
    assert_eq!(event.outcome(), "error");
    assert_planned(&event);
    assert_eq!(event["did.compress.error"], "error::Error");
    event.assert_absent("did.compress.act");
}

#[test]
fn an_effect_that_panics_or_is_dropped_says_so() {
    let events = capture();
    testing::stage::<Compress>(Stage::Live);
    let unwound = std::panic::catch_unwind(|| {
        unit("column", || {
            COMPRESS.plan(plan()).commit(|_live, _plan| -> io::Result<()> { panic!("half done") })
        })
    });
    assert!(unwound.is_err());
    let event = events.one("column");
    assert_eq!(event.outcome(), "panicked");
    assert_eq!(event["did.compress.error"], "panicked");

    let mut future = Box::pin(WideEvent::builder("purge").run_async(async {
        COMPRESS
            .plan(plan())
            .commit_async(async |_live, _plan| std::future::pending::<io::Result<()>>().await)
            .await
    }));
    let waker = futures::task::noop_waker();
    let mut context = std::task::Context::from_waker(&waker);
    assert!(future.as_mut().poll(&mut context).is_pending());
    drop(future);
    let event = events.one("purge");
    assert_eq!(event.outcome(), "cancelled");
    assert_eq!(event["did.compress.error"], "cancelled");
}

#[test]
fn an_effect_that_awaits_borrows_and_moves_between_threads() {
    let events = capture();
    testing::stage::<Compress>(Stage::Live);
    let (mut column, mut log) = (vec![1, 2, 3], Vec::new());
    let disk: LiveOnly<Vec<u8>, Compress> = LiveOnly::new(vec![9]);
    let task = WideEvent::builder("column").run_async(async {
        let seen = column.len();
        let commit = COMPRESS
            .plan(plan())
            .precondition("changed_meanwhile", |plan| plan.codec == "lz4" && seen == 3)
            .commit_async(async |live, plan| {
                log.push(plan.codec);
                std::future::ready(()).await;
                column.extend(disk.get(live));
                Ok::<_, io::Error>(Done { bytes_after: 1 })
            });
        is_send(commit).await
    });
    let done = futures::executor::block_on(is_send(task)).unwrap().done();
    assert_eq!(done, Some(Done { bytes_after: 1 }));
    assert_eq!((column, log), (vec![1, 2, 3, 9], vec!["lz4"]));
    assert_eq!(events.one("column")["did.compress.bytes_after"], 1);

    testing::stage::<Compress>(Stage::Shadow);
    let task = WideEvent::builder("shadow").run_async(async {
        COMPRESS.plan(plan()).commit_async(async |_live, _plan| io::Result::Ok(())).await
    });
    assert!(futures::executor::block_on(task).unwrap().is_withheld());
    events.one("shadow").assert_absent("did.compress.act");
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn a_plan_that_is_out_of_date_is_declined() {
    for stage in [Stage::DryRun, Stage::Shadow, Stage::Live] {
        let events = capture();
        testing::stage::<Compress>(stage);
        let commit = unit("column", || {
            COMPRESS
                .plan(plan())
                .precondition("fits", |plan| plan.bytes_after == 70)
                .precondition("changed_meanwhile", |_| false)
                .precondition("never_asked", |_| panic!("the first that fails is enough"))
                .commit(|_live, _plan| -> io::Result<()> { panic!("it is out of date") })
        });
        assert_eq!(commit.unwrap(), Commit::Withheld(plan()));
        let event = events.one("column");
        assert_eq!(event.outcome(), "declined", "{stage}");
        assert_eq!(event["declined.reason"], "changed_meanwhile");
        assert_eq!(event["would.compress.act"], false, "the prediction knows as well");
        event.assert_absent("did.compress.act");
    }
    // Off is off.
    let events = capture();
    testing::stage::<Compress>(Stage::Off);
    let commit = unit("column", || {
        let planned = COMPRESS.plan(plan()).precondition("never_asked", |_| panic!("off"));
        planned.commit(|_live, _plan| io::Result::Ok(()))
    });
    assert!(commit.unwrap().is_withheld());
    assert_eq!(events.one("column").outcome(), "ok");
}

#[test]
fn a_kill_stops_it_up_to_the_last_moment() {
    let events = capture();
    testing::stage::<Compress>(Stage::Live);
    unit("planned", || {
        let planned = COMPRESS.plan(plan());
        kill("compress", "alice");
        let commit = planned.commit(|_live, _plan| -> io::Result<()> { panic!("killed") });
        assert!(commit.unwrap().is_withheld());
    });
    ode_core::revive("compress", "alice");
    unit("checked", || {
        let planned = COMPRESS.plan(plan()).precondition("never", |_| {
            kill("compress", "bob");
            true
        });
        let commit = planned.commit(|_live, _plan| -> io::Result<()> { panic!("killed") });
        assert!(commit.unwrap().is_withheld());
    });
    for name in ["planned", "checked"] {
        let event = events.one(name);
        assert_eq!(event["change.compress.stage"], "off", "{name}");
        assert_eq!(event["change.compress.reason"], "killed", "{name}");
        assert_eq!(event.outcome(), "ok");
        event.assert_absent("did.compress.act");
    }
}

#[test]
fn an_effect_that_runs_while_it_is_killed_is_waited_for() {
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    testing::stage::<Compress>(Stage::Live);
    unit("column", || {
        let commit = COMPRESS.plan(plan()).commit(|_live, _plan| {
            kill("compress", "alice");
            clock.advance(std::time::Duration::from_millis(7));
            events.none("ode.kill.settled");
            io::Result::Ok(())
        });
        assert!(!commit.unwrap().is_withheld(), "what has begun is not interrupted");
        let again = COMPRESS.plan(plan()).commit(|_live, _plan| io::Result::Ok(()));
        assert!(again.unwrap().is_withheld());
    });
    assert_eq!(events.one("ode.kill")["ode.kill.under_way"], 1);
    assert_eq!(events.one("ode.kill.settled")["ode.kill.last_use_ns"], 7_000_000);
}

#[test]
fn a_plan_acts_only_where_it_acted_when_it_was_made() {
    let flags = MemoryFlags::new().with("compress", Stage::DryRun);
    let _events = Capture::builder().flags(flags.clone()).start();
    let planned = unit("dry", || COMPRESS.plan(plan()));
    flags.set("compress", Stage::Live);
    let commit = unit("live", || planned.commit(|_live, _plan| io::Result::Ok(())));
    assert!(commit.unwrap().is_withheld());

    let planned = unit("live", || COMPRESS.plan(plan()));
    let commit = unit("forced", || {
        force_dry_run();
        planned.commit(|_live, _plan| io::Result::Ok(()))
    });
    assert!(commit.unwrap().is_withheld());
    // And a unit below one that withheld withholds.
    flags.set("compress", Stage::DryRun);
    unit("outer", || {
        assert_eq!(would::<Compress>(), Gate::Withhold);
        flags.set("compress", Stage::Live);
        assert!(!unit("inner", commit_ran));
    });
    assert!(unit("inner", commit_ran));
}

fn commit_ran() -> bool {
    commit(&COMPRESS).0
}

/// Panics where fields are recorded.
struct Hostile(u64);

impl EventFields for Hostile {
    fn record(&self, fields: &mut Fields<'_>) {
        fields.set("before", self.0);
        assert!(self.0 == u64::MAX, "no plan");
    }
}

#[test]
fn ten_thousand_plans_that_panic_change_nothing_for_the_caller() {
    let events = capture();
    for stage in [Stage::DryRun, Stage::Live] {
        testing::stage::<Compress>(stage);
        for number in 0..5_000 {
            let commit = unit("column", || {
                COMPRESS
                    .plan(Hostile(number))
                    .commit(|_live, plan| Ok::<_, io::Error>(Hostile(plan.0 + 1)))
            });
            match commit.unwrap() {
                Commit::Done(done) => assert_eq!((stage, done.0), (Stage::Live, number + 1)),
                Commit::Withheld(plan) => assert_eq!((stage, plan.0), (Stage::DryRun, number)),
            }
        }
    }
    let events = events.all();
    assert_eq!(events.len(), 10_000);
    for (number, event) in (0..5_000).chain(0..5_000).zip(&events) {
        assert_eq!(event.outcome(), "ok");
        assert_eq!(event["would.compress.before"], number, "what came before it panicked stays");
    }
}

#[test]
fn values_of_every_kind_go_below_the_change() {
    struct Codec;
    impl EventFields for Codec {
        fn record(&self, fields: &mut Fields<'_>) {
            fields.set("name", "zstd").set("levels", vec![1, 3]);
            fields.set("took", std::time::Duration::from_micros(3));
        }
    }
    struct Wide;
    impl EventFields for Wide {
        fn record(&self, fields: &mut Fields<'_>) {
            // Names of ode's own are the group's here.
            fields.set("outcome", "smaller").set("stage", 3).nested("codec", &Codec);
            fields.set("shown", ode_core::Value::Display(&format_args!("{}%", 7)));
            fields.set("absent", None::<u8>).set("act", false);
        }
    }
    let events = capture();
    unit("column", || {
        COMPRESS.plan(Wide).commit(|_live, _plan| io::Result::Ok(())).unwrap().done()
    });
    let event = events.one("column");
    for (key, expected) in [("outcome", "smaller"), ("codec.name", "zstd"), ("shown", "7%")] {
        assert_eq!(event[&*format!("would.compress.{key}")], expected, "{key}");
    }
    assert_eq!(event["would.compress.stage"], 3);
    assert_eq!(event["would.compress.codec.took_ns"], 3_000);
    assert_eq!(event["would.compress.act"], false, "the plan knows better");
    assert_eq!(event.outcome(), "ok");
    assert!(event.fields().all(|(key, _)| !key.starts_with("field.")), "{event:?}");
}

#[test]
fn a_refusing_operation_is_refused_before_anything_ran() {
    static INVOICE: Refusing<Compress> = DryRun::new().refuse("numbers_are_drawn");
    for stage in Stage::ALL {
        let events = capture();
        testing::stage::<Compress>(stage);
        let mut drawn = 0;
        let result = WideEvent::builder("invoice").try_run(|| {
            let invoice = INVOICE.check()?;
            drawn += 1;
            let commit = invoice.plan(Unrecorded(drawn)).commit(|_live, _plan| Ok::<_, ()>(()));
            Ok::<_, ode_core::Refused>(commit.unwrap().done())
        });
        let event = events.one("invoice");
        assert_eq!(event["change.compress.stage"], stage.as_str());
        if stage.acts() {
            assert_eq!((result.unwrap(), drawn), (Some(()), 1));
            assert_eq!(event.outcome(), "ok");
            continue;
        }
        let refused = result.unwrap_err();
        assert_eq!((refused.change(), refused.stage(), drawn), ("compress", stage, 0));
        assert_eq!(event.outcome(), "declined", "{stage}");
        assert_eq!(event["declined.reason"], "numbers_are_drawn");
        let text = format!("compress is in stage {stage} and cannot be withheld halfway: ");
        assert_eq!(refused.to_string(), text + "numbers_are_drawn");
    }
}

#[test]
fn the_attribute_records_the_stage_first() {
    #[instrument_event(dry_run = COMPRESS, fields(chunk.id = id))]
    fn sync(id: u64) {
        assert_eq!(stage::<Compress>(), Stage::Shadow);
        let _ = id;
    }
    #[instrument_event(dry_run = COMPRESS, skip_if = skip)]
    async fn asynchronous(skip: bool) {}

    let flags = MemoryFlags::new().with("compress", Stage::Shadow);
    let events = Capture::builder().flags(flags.clone()).start();
    sync(7);
    let keys: Vec<_> = events.one("sync").fields().map(|(key, _)| key.to_owned()).collect();
    let at = |key: &str| keys.iter().position(|known| known == key);
    assert!(at("change.compress.stage") < at("chunk.id"), "{keys:?}");
    futures::executor::block_on(asynchronous(false));
    assert_eq!(events.one("asynchronous")["change.compress.stage"], "shadow");
    futures::executor::block_on(asynchronous(true));
    assert_eq!(events.all().len(), 2);
    assert_eq!(events.stats().orphan_writes, 0, "no unit, no stage");
}

#[test]
fn what_is_behind_the_token_is_not_shown() {
    let secret: LiveOnly<&str> = LiveOnly::new("password");
    assert_eq!(format!("{secret:?} {:?}", secret.clone()), "LiveOnly(..) LiveOnly(..)");
}
