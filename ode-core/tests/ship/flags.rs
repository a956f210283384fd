//! Flags: types, details, named subjects, and what a unit costs.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ode_core::testing::Capture;
use ode_core::{
    Evaluation, Flag, FlagError, FlagSource, FlagValue, MemoryFlags, Reason, Stage, Subject,
    WideEvent, subject,
};

fn unit<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    WideEvent::builder(name).run(f)
}

/// Says the same of every flag, and counts how often it is asked.
#[derive(Clone)]
struct Always(Evaluation, Arc<AtomicU64>);

impl FlagSource for Always {
    fn evaluate(&self, _key: &str, _subject: &Subject) -> Evaluation {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.clone()
    }
}

#[test]
fn whole_numbers_and_numbers_are_read_as_each_other() {
    static WHOLE: Flag<i64> = Flag::new("number", -1);
    static ANY: Flag<f64> = Flag::new("number", -1.0);
    static TEXT: Flag<Cow<'static, str>> = Flag::new("number", Cow::Borrowed("none"));
    for (value, whole, any) in [
        (FlagValue::from(5_i64), 5, 5.0),
        (FlagValue::from(5.0), 5, 5.0),
        (FlagValue::from(5.5), -1, 5.5),
        (FlagValue::from(1e300), -1, 1e300),
    ] {
        let flags = MemoryFlags::new().with("number", value.clone());
        let events = Capture::builder().flags(flags).start();
        // In either order: what one of them asks for is no error for the other.
        let here = unit("first", || (WHOLE.get(), ANY.get(), TEXT.get()));
        assert_eq!(here, (whole, any, Cow::Borrowed("none")), "{value:?}");
        let here = unit("other", || (TEXT.get(), ANY.get(), WHOLE.get()));
        assert_eq!(here, (Cow::Borrowed("none"), any, whole), "{value:?}");
        assert_eq!(events.one("other")["flag.number.error"], "type_mismatch");
    }
}

#[test]
fn every_type_and_its_default() {
    static YES: Flag<bool> = Flag::new("yes", true);
    static TEXT: Flag<Cow<'static, str>> = Flag::new("text", Cow::Borrowed("default"));
    static STAGE: Flag<Stage> = Flag::new("stage", Stage::Shadow);
    let all = || (YES.get(), TEXT.get(), STAGE.get());
    let defaults = (true, Cow::Borrowed("default"), Stage::Shadow);
    assert_eq!(all(), defaults, "nothing is set up");
    let flags = MemoryFlags::new();
    let events = Capture::builder().flags(flags.clone()).start();
    assert_eq!(unit("unknown", all), defaults);
    assert_eq!(events.one("unknown")["flag.text.reason"], "default");
    events.one("unknown").assert_absent("flag.text.variant");
    flags.set("yes", false);
    flags.set("text", "Größe");
    flags.set("stage", Stage::RampDown);
    assert_eq!(unit("known", all), (false, Cow::Borrowed("Größe"), Stage::RampDown));
    let event = events.one("known");
    assert_eq!(event["flag.yes.variant"], "false");
    assert_eq!(event["flag.text.variant"], "Größe");
    assert_eq!(event["flag.stage.variant"], "ramp_down");
    flags.remove("text");
    assert_eq!(unit("removed", all).1, "default");
}

#[test]
fn details_say_why() {
    static CART: Flag<bool> = Flag::new("cart", false);
    static COUNT: Flag<i64> = Flag::new("cart", 0);
    let evaluation = Evaluation::new(FlagValue::Bool(true), Reason::TargetingMatch);
    let source = Always(evaluation.variant("on").rule("staff"), Arc::default());
    let events = Capture::builder().flags(source.clone()).start();
    unit("page", || {
        let details = CART.evaluate();
        assert_eq!(details.value(), Some(&FlagValue::Bool(true)));
        assert_eq!((details.variant_name(), details.rule_name()), (Some("on"), Some("staff")));
        assert_eq!((details.reason(), details.error()), (Reason::TargetingMatch, None));
        assert!(CART.get(), "and it is the one decision");
        assert_eq!(COUNT.evaluate().error(), Some(FlagError::TypeMismatch));
        assert_eq!(CART.evaluate_for(&Subject::new("ada")), details);
    });
    assert_eq!(source.1.load(Ordering::SeqCst), 2, "once, and once for ada");
    let event = events.one("page");
    assert_eq!(event["flag.cart.variant"], "on");
    assert_eq!(event["flag.cart.rule"], "staff");
    assert_eq!(event["flag.cart.reason"], "targeting_match");
}

/// A job that asks about everybody neither keeps everybody nor fills its event.
#[test]
fn a_unit_remembers_so_many_named_subjects() {
    static CART: Flag<bool> = Flag::new("cart", false);
    let evaluation = Evaluation::new(FlagValue::Bool(true), Reason::Split).rule("half");
    let source = Always(evaluation, Arc::default());
    let events = Capture::builder().flags(source.clone()).start();
    let asked = || source.1.swap(0, Ordering::SeqCst);
    let users: Vec<_> = (0..200).map(|n| Subject::new(format!("user-{n}"))).collect();
    unit("job", || {
        for user in &users {
            assert!(CART.get_for(user));
        }
        assert_eq!(asked(), 200);
        for user in &users[..64] {
            assert!(CART.get_for(user));
        }
        assert_eq!(asked(), 0, "remembered");
        for user in &users[64..] {
            assert!(CART.get_for(user));
        }
        assert_eq!(asked(), 136, "asked anew");
        assert!(CART.get(), "the unit's own answer has its place");
        assert_eq!((asked(), CART.get(), asked()), (1, true, 0));
    });
    assert_eq!(events.one("job")["flag.cart.rule"], "half");
}

#[test]
fn the_subject_is_that_of_the_nearest_unit() {
    let _events = Capture::builder().start();
    let key = || Subject::current().and_then(|who| who.targeting_key().map(str::to_owned));
    assert_eq!(key(), None);
    unit("outer", || {
        assert_eq!(key(), None);
        subject(Subject::new("ada").with("plan", "pro").with("plan", "free"));
        unit("inner", || {
            assert_eq!(key().as_deref(), Some("ada"));
            let plan = Subject::current().and_then(|who| who.attribute("plan").cloned());
            assert_eq!(plan, Some("free".into()));
            subject(Subject::new("bob"));
            assert_eq!(key().as_deref(), Some("bob"));
        });
        assert_eq!(key().as_deref(), Some("ada"));
        ode_core::detached(|| assert_eq!(key(), None));
    });
}

/// What is ode's to write is nobody else's.
#[test]
fn names_of_decisions_are_not_for_users() {
    static CART: Flag<bool> = Flag::new("cart", false);
    ode_core::change!(Tidy = "tidy");
    let events = Capture::builder().flags(MemoryFlags::new().with("cart", true)).start();
    unit("page", || {
        assert!(CART.get());
        let _dry = ode_core::would::<Tidy>();
        let current = ode_core::current();
        for key in [
            "flag.cart.variant",
            "flag.cart",
            "change.tidy.stage",
            "change.tidy.variant",
            "would.tidy.act",
            "did.tidy.act",
            "experiment.tidy.match",
        ] {
            current.set(key, "mine");
        }
    });
    let event = events.one("page");
    assert_eq!(event["flag.cart.variant"], "true");
    assert_eq!(event["change.tidy.stage"], "dry_run");
    assert_eq!(event["would.tidy.act"], true);
    for moved in [
        "field.flag.cart.variant",
        "field.change.tidy.stage",
        "field.would.tidy.act",
        "field.did.tidy.act",
        "field.experiment.tidy.match",
    ] {
        assert_eq!(event[moved], "mine");
    }
    assert_eq!(event["ode.renamed_fields"], 7);
}
