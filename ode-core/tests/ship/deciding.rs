//! What a unit decides, once, and what it records of it.

use ode_core::testing::{Capture, capture};
use ode_core::{
    Flag, Gate, MemoryFlags, Ring, Rollout, Stage, Subject, WideEvent, change, force_dry_run,
    stage, subject, testing, would,
};

change!(Compress = "compress");
change!(Limited = "limited", rollout = INNER);
change!(Elsewhere = "elsewhere", flag = "jobs.elsewhere", default = Stage::Off);

static INNER: Rollout = Rollout::new("limited").ring(Ring::attribute("internal", "plan", "staff"));
static NEW_CART: Flag<bool> = Flag::new("new_cart", false);

fn with_flags(flags: &MemoryFlags) -> Capture {
    Capture::builder().flags(flags.clone()).start()
}

fn unit<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    WideEvent::builder(name).run(f)
}

#[test]
fn nothing_acts_where_nothing_is_set_up() {
    assert_eq!(would::<Compress>(), Gate::Withhold);
    assert_eq!(stage::<Compress>(), Stage::Off);
    assert!(!NEW_CART.get());
}

#[test]
fn a_change_is_dry_until_somebody_says_otherwise() {
    let events = capture();
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold);
    let event = events.one("column");
    assert_eq!(event["change.compress.stage"], "dry_run");
    assert_eq!(event["change.compress.reason"], "default");
    assert_eq!(event["would.compress.act"], true);
    event.assert_absent("did.compress.act");
}

#[test]
fn a_stage_comes_from_the_flag_of_the_change() {
    let flags = MemoryFlags::new().with("compress", Stage::Live).with("jobs.elsewhere", "live");
    let events = with_flags(&flags);
    unit("column", || {
        assert_eq!(would::<Compress>(), Gate::Act);
        assert_eq!(would::<Elsewhere>(), Gate::Act);
    });
    let event = events.one("column");
    assert_eq!(event["change.compress.stage"], "live");
    assert_eq!(event["change.compress.reason"], "flag");
    assert_eq!(event["did.compress.act"], true);
    assert_eq!(event["flag.compress.variant"], "live");
    assert_eq!(event["flag.jobs.elsewhere.reason"], "static");
}

#[test]
fn what_is_no_stage_withholds() {
    for value in ["on", "", "LIVEE"] {
        let events = with_flags(&MemoryFlags::new().with("compress", value));
        assert_eq!(unit("column", would::<Compress>), Gate::Withhold, "{value}");
        let event = events.one("column");
        assert_eq!(event["change.compress.stage"], "off");
        assert_eq!(event["change.compress.reason"], "error");
        assert_eq!(event["flag.compress.error"], "parse_error");
    }
    let events = with_flags(&MemoryFlags::new().with("compress", true));
    assert_eq!(unit("column", would::<Compress>), Gate::Withhold);
    assert_eq!(events.one("column")["flag.compress.error"], "type_mismatch");
}

#[test]
fn a_flag_never_flips_in_a_unit_nor_below_it() {
    let flags = MemoryFlags::new().with("new_cart", true);
    let events = with_flags(&flags);
    unit("page", || {
        assert!(NEW_CART.get());
        flags.set("new_cart", false);
        assert!(NEW_CART.get());
        unit("cart", || assert!(NEW_CART.get()));
        ode_core::detached(|| assert!(!NEW_CART.get()));
    });
    unit("next", || assert!(!NEW_CART.get()));
    for (name, variant) in [("page", "true"), ("cart", "true"), ("next", "false")] {
        assert_eq!(events.one(name)["flag.new_cart.variant"], variant, "{name}");
    }
}

#[test]
fn a_unit_that_decides_late_binds_those_that_are_open_below_it() {
    let flags = MemoryFlags::new().with("new_cart", true);
    let _events = with_flags(&flags);
    unit("page", || {
        let handle = ode_core::current().handle();
        unit("cart", || {
            handle.run(|| assert!(NEW_CART.get()));
            flags.set("new_cart", false);
            assert!(NEW_CART.get(), "decided above meanwhile");
        });
    });
}

#[test]
fn a_unit_never_acts_below_one_that_withheld() {
    let flags = MemoryFlags::new().with("compress", Stage::DryRun);
    let events = with_flags(&flags);
    unit("outer", || {
        assert_eq!(would::<Compress>(), Gate::Withhold);
        flags.set("compress", Stage::Live);
        unit("inner", || assert_eq!(would::<Compress>(), Gate::Withhold));
        unit("rollout", || assert_eq!(would::<Limited>(), Gate::Withhold));
    });
    assert_eq!(events.one("inner")["change.compress.stage"], "dry_run");
}

#[test]
fn live_is_for_those_the_rollout_includes() {
    let events = with_flags(&MemoryFlags::new().with("limited", Stage::Live));
    unit("staff", || {
        subject(Subject::new("ada").with("plan", "staff"));
        assert_eq!(would::<Limited>(), Gate::Act);
        unit("below", || assert_eq!(would::<Limited>(), Gate::Act));
        unit("another", || {
            subject(Subject::new("bob").with("plan", "free"));
            assert_eq!(would::<Limited>(), Gate::Withhold);
        });
    });
    let event = events.one("staff");
    assert_eq!(event["change.limited.ring"], "internal");
    assert!(event["change.limited.bucket"].to_string().parse::<u32>().unwrap() < 1_000_000);
    let event = events.one("another");
    assert_eq!(event["change.limited.stage"], "dry_run");
    assert_eq!(event["change.limited.reason"], "rollout");
}

#[test]
fn a_forced_dry_run_holds_for_everything_below() {
    let flags = MemoryFlags::new().with("compress", Stage::Live).with("limited", Stage::Complete);
    let events = with_flags(&flags);
    unit("import", || {
        assert_eq!(would::<Compress>(), Gate::Act);
        force_dry_run();
        assert_eq!(would::<Compress>(), Gate::Withhold);
        unit("row", || {
            assert_eq!(would::<Compress>(), Gate::Withhold);
            assert_eq!(would::<Limited>(), Gate::Withhold);
        });
    });
    assert_eq!(events.one("import")["change.compress.reason"], "forced_dry_run");
    assert_eq!(events.one("row")["change.limited.reason"], "forced_dry_run");
    let dry = Capture::builder().flags(flags).dry_run(true).start();
    assert_eq!(unit("import", would::<Compress>), Gate::Withhold);
    drop(dry);
}

#[test]
fn a_test_sets_a_stage() {
    let _events = capture();
    testing::stage::<Compress>(Stage::Shadow);
    assert_eq!(unit("column", stage::<Compress>), Stage::Shadow);
    testing::stage::<Compress>(Stage::Complete);
    assert_eq!(unit("column", stage::<Compress>), Stage::Complete);
}
