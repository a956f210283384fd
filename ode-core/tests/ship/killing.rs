//! The kill switch.

use ode_core::testing::{Capture, capture};
use ode_core::{
    DryRun, FlagValue, Gate, MemoryFlags, Stage, Unrecorded, WideEvent, change, is_killed, kill,
    revive, testing, would,
};

change!(Compress = "compress");

fn unit<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    WideEvent::builder(name).run(f)
}

#[test]
fn a_kill_beats_the_stage_also_midway() {
    let events = capture();
    testing::stage::<Compress>(Stage::Complete);
    unit("column", || {
        assert_eq!(would::<Compress>(), Gate::Act);
        kill("compress", "alice");
        assert_eq!(would::<Compress>(), Gate::Withhold);
        revive("compress", "alice");
        assert_eq!(would::<Compress>(), Gate::Withhold, "never back on in this unit");
    });
    assert_eq!(unit("next", would::<Compress>), Gate::Act);
    let event = events.one("column");
    assert_eq!(event["change.compress.stage"], "off");
    assert_eq!(event["change.compress.reason"], "killed");
}

#[test]
fn every_flip_is_an_event() {
    let events = capture();
    kill("compress", "alice");
    kill("compress", "bob");
    assert!(is_killed("compress") && !is_killed("other"));
    revive("compress", "carol");
    let flips: Vec<_> =
        events.all().into_iter().filter(|event| event.name() == "ode.kill").collect();
    assert_eq!(flips.len(), 2, "what changes nothing is no flip");
    assert_eq!(flips[0]["ode.kill.change"], "compress");
    assert_eq!(flips[0]["ode.kill.by"], "alice");
    assert_eq!(flips[0]["ode.kill.to"], "killed");
    assert_eq!(flips[0]["ode.kill.source"], "code");
    assert_eq!(flips[1]["ode.kill.to"], "active");
    assert_eq!(flips[1]["ode.kill.by"], "carol");
}

#[test]
fn all_can_be_killed_at_once() {
    let _events = capture();
    testing::stage::<Compress>(Stage::Live);
    kill("*", "alice");
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold);
    revive("*", "alice");
    assert_eq!(unit("column", would::<Compress>), Gate::Act);
}

#[test]
fn a_flag_kills_and_code_cannot_take_that_back() {
    let flags = MemoryFlags::new().with("compress", Stage::Live).with("kill.compress", true);
    let events = Capture::builder().flags(flags.clone()).start();
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold);
    revive("compress", "alice");
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold);
    flags.set("kill.compress", false);
    assert_eq!(unit("column", would::<Compress>), Gate::Act);
    flags.set("kill.compress", "perhaps");
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold, "nobody knows");
    let flips = events.all().iter().filter(|event| event.name() == "ode.kill").count();
    assert_eq!(flips, 2);
}

/// Each source has a switch of its own, and an event says what a flip came to.
#[test]
fn one_source_revives_what_another_still_kills() {
    let flags = MemoryFlags::new().with("compress", Stage::Live).with("kill.compress", true);
    let events = Capture::builder().flags(flags.clone()).start();
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold);
    kill("compress", "alice");
    flags.set("kill.compress", false);
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold, "alice's is left");
    kill("*", "bob");
    revive("compress", "alice");
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold, "and bob's");
    revive("*", "bob");
    assert_eq!(unit("column", would::<Compress>), Gate::Act);
    let flips: Vec<_> =
        events.all().into_iter().filter(|event| event.name() == "ode.kill").collect();
    let told: Vec<_> = flips
        .iter()
        .map(|flip| ["source", "from", "to"].map(|of| flip[&*format!("ode.kill.{of}")].to_string()))
        .collect();
    let expected = [
        ["flag", "active", "killed"],
        ["code", "killed", "killed"],
        ["flag", "killed", "killed"],
        ["code", "active", "killed"],
        ["code", "killed", "killed"],
        ["code", "killed", "active"],
    ];
    assert_eq!(told, expected);
}

/// A unit that is open below acted; so does none once its root was told not to.
#[test]
fn a_dry_run_forced_late_reaches_units_that_are_open() {
    let flags = MemoryFlags::new().with("compress", Stage::Live);
    let events = Capture::builder().flags(flags).start();
    unit("root", || {
        let root = ode_core::current().handle();
        unit("below", || {
            assert_eq!(would::<Compress>(), Gate::Act);
            root.run(ode_core::force_dry_run);
            assert_eq!(would::<Compress>(), Gate::Withhold);
        });
        ode_core::detached(|| {
            assert_eq!(unit("beside", would::<Compress>), Gate::Act, "nobody told this one");
        });
    });
    let event = events.one("below");
    assert_eq!(event["change.compress.stage"], "dry_run");
    assert_eq!(event["change.compress.reason"], "forced_dry_run");
    assert_eq!(event["did.compress.act"], true, "what acted, acted");
}

/// A unit that runs for hours and commits again and again asks the flag each time.
#[test]
fn a_flag_that_kills_stops_the_next_effect_of_a_unit() {
    static COMPRESS: DryRun<Compress> = DryRun::new();
    for kills in [FlagValue::from(true), FlagValue::from("perhaps")] {
        let flags = MemoryFlags::new().with("compress", Stage::Live);
        let events = Capture::builder().flags(flags.clone()).start();
        let commit = || {
            let planned = COMPRESS.plan(Unrecorded(()));
            planned.commit(|_live, _plan| Ok::<_, std::fmt::Error>(())).unwrap().done()
        };
        unit("job", || {
            assert_eq!((commit(), commit()), (Some(()), Some(())));
            flags.set("kill.compress", kills.clone());
            assert_eq!(commit(), None);
            flags.set("kill.compress", false);
            assert_eq!(commit(), None, "never back on in this unit");
        });
        assert_eq!(events.one("job")["change.compress.reason"], "killed");
        assert_eq!(unit("next", would::<Compress>), Gate::Act);
    }
}
