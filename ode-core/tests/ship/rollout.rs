//! Rollouts: sticky, monotone, as wide as they say, and the same everywhere.

#![expect(clippy::print_stdout, reason = "a child says it to its parent")]

use std::collections::BTreeMap;
use std::process::Command;

use ode_core::testing::{Capture, capture};
use ode_core::{Flag, MemoryFlags, Ring, Rollout, Stage, Subject, WideEvent, subject, testing};

const MILLION: u32 = 1_000_000;

fn unit<R>(name: &'static str, f: impl FnOnce() -> R) -> R {
    WideEvent::builder(name).run(f)
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

/// What an event says of a subject: the bucket, and whether it was included.
#[test]
fn buckets_are_as_published() {
    let events = capture();
    let mut rows = 0_u32;
    for row in include_str!("rollout-vectors.tsv").lines() {
        let columns: Vec<&str> = row.split('\t').collect();
        let [salt, key, gate, variant] = *columns.as_slice() else { panic!("{row}") };
        let (gate, variant): (u32, u32) = (gate.parse().unwrap(), variant.parse().unwrap());
        // The widest that does not include it, and the narrowest that does.
        for (limit, included) in [(gate, false), (gate + 1, true)] {
            let rollout = Rollout::new("vectors")
                .salt(leaked(salt))
                .ring(Ring::percent(f64::from(limit) / 10_000.0))
                .variants(&[("low", 0.5), ("high", 0.5)]);
            let name = leaked(&format!("{row}{limit}"));
            let (includes, chosen) = unit(name, || {
                subject(Subject::new(key));
                (rollout.includes(), rollout.variant())
            });
            let event = events.one(name);
            if key.is_empty() {
                assert!(!includes, "an empty key is none");
                event.assert_absent("change.vectors.bucket");
            } else {
                assert_eq!(includes, included, "{row}");
                assert_eq!(event["change.vectors.bucket"], u64::from(gate), "{row}");
                let expected = if variant < MILLION / 2 { "low" } else { "high" };
                assert_eq!(chosen, included.then_some(expected), "{row}");
            }
        }
        rows += 1;
    }
    assert!(rows >= 200);
}

/// T57: a million keys, from nobody to everybody.
#[test]
fn widening_adds_and_never_takes_away() {
    let _events = capture();
    let percents = [0.0, 0.01, 1.0, 2.0, 50.0, 51.0, 100.0];
    let rollouts = percents.map(|percent| Rollout::new("sweep").ring(Ring::percent(percent)));
    let mut counts = [0_u32; 7];
    unit("sweep", || {
        for n in 0..MILLION {
            let subject = Subject::new(format!("user-{n}"));
            let mut was_included = false;
            for (rollout, count) in rollouts.iter().zip(&mut counts) {
                let included = rollout.includes_for(&subject);
                assert!(included || !was_included, "{n} fell out of {rollout:?}");
                *count += u32::from(included);
                was_included = included;
            }
        }
    });
    assert_eq!((counts[0], counts[6]), (0, MILLION));
    // 100 of a million, by three standard deviations.
    assert!((70..=130).contains(&counts[1]), "0.01 %: {}", counts[1]);
    for (percent, count) in percents.into_iter().zip(counts) {
        let actual = f64::from(count) / 10_000.0;
        assert!((actual - percent).abs() <= 0.2, "{percent} %: {actual} %");
    }
}

/// Two flags at 30 and 50 %, the gate and the variant of one: four boxes each, one degree of freedom.
/// Above 10.8 is what chance does once in a thousand times.
#[test]
fn rollouts_draw_apart() {
    const KEYS: u32 = 200_000;
    let _events = capture();
    let one = Rollout::new("one").ring(Ring::percent(30.0));
    let two = Rollout::new("two").ring(Ring::percent(50.0));
    let same = Rollout::new("three").salt("one").ring(Ring::percent(30.0));
    let mut boxes = [0_u32; 4];
    unit("draws", || {
        for n in 0..KEYS {
            let subject = Subject::new(format!("user-{n}"));
            let includes = |rollout: &Rollout| usize::from(rollout.includes_for(&subject));
            boxes[includes(&one) * 2 + includes(&two)] += 1;
            assert_eq!(includes(&one), includes(&same), "one salt draws one way");
        }
    });
    let found = chi_squared(boxes);
    assert!(found < 10.8, "{found}: {boxes:?}");

    // Of those included at 10 %, as many get each variant as the weights say.
    let split = Rollout::new("split").ring(Ring::percent(10.0));
    let split = split.variants(&[("none", 0.0), ("a", 1.0), ("b", 3.0)]);
    let mut counts: BTreeMap<_, u32> = BTreeMap::new();
    for n in 0..KEYS / 10 {
        let variant = unit("split", || {
            subject(Subject::new(format!("user-{n}")));
            split.variant()
        });
        *counts.entry(variant).or_default() += 1;
    }
    let of = |name| f64::from(counts.get(&name).copied().unwrap_or_default());
    assert_eq!(counts.get(&Some("none")), None);
    let (a, b) = (of(Some("a")), of(Some("b")));
    let expected = (a + b) / 4.0;
    let found = (a - expected).powi(2) / expected + (b - 3.0 * expected).powi(2) / (3.0 * expected);
    assert!(found < 10.8, "{found}: {counts:?}");
    assert!((a + b - f64::from(KEYS) / 100.0).abs() < 200.0, "{counts:?}");
}

/// Of a table of two by two.
fn chi_squared(boxes: [u32; 4]) -> f64 {
    let [a, b, c, d] = boxes.map(f64::from);
    let all = a + b + c + d;
    all * (a * d - b * c).powi(2) / ((a + b) * (c + d) * (a + c) * (b + d))
}

const CHILD: &str = "ODE_TEST_ROLLOUT_CHILD";

#[test]
fn another_process_decides_the_same() {
    let _events = capture();
    let rollout = Rollout::new("processes").ring(Ring::percent(20.0));
    let included: Vec<u32> =
        (0..20_000).filter(|n| rollout.includes_for(&Subject::new(format!("app-{n}")))).collect();
    if std::env::var_os(CHILD).is_some() {
        println!("included: {included:?}");
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--nocapture", "rollout::another_process_decides_the_same"]);
    let output = child.env(CHILD, "1").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("included: {included:?}\n")), "{text}");
    assert!(included.len() > 3_800 && included.len() < 4_200, "{}", included.len());
}

#[test]
fn a_flag_widens_without_a_new_build() {
    static WIDENING: Rollout = Rollout::new("widening")
        .ring(Ring::attribute("internal", "plan", "staff"))
        .percent_flag("widening.percent");
    let flags = MemoryFlags::new();
    let events = Capture::builder().flags(flags.clone()).start();
    let included = || -> Vec<u32> {
        let is = |n: &u32| {
            unit("job", || {
                subject(Subject::new(format!("user-{n}")));
                WIDENING.includes()
            })
        };
        (0..2_000).filter(is).collect()
    };
    let nobody = Vec::<u32>::new();
    assert_eq!(included(), nobody, "no source knows the flag");
    flags.set("widening.percent", 10.0);
    let narrow = included();
    flags.set("widening.percent", 11_i64);
    let wide = included();
    assert!((150..250).contains(&narrow.len()) && wide.len() > narrow.len());
    assert!(narrow.iter().all(|n| wide.contains(n)));
    flags.set("widening.percent", 100.0);
    assert_eq!(included().len(), 2_000);
    for no_percentage in [-1.0, 100.1, f64::NAN, f64::INFINITY] {
        flags.set("widening.percent", no_percentage);
        assert_eq!(included(), nobody, "{no_percentage}");
    }
    flags.set("widening.percent", "half of them");
    assert_eq!(included(), nobody);
    let staff = unit("staff", || {
        subject(Subject::new("ada").with("plan", "staff"));
        WIDENING.includes()
    });
    assert!(staff, "an inner ring needs no percentage");
    let event = events.one("staff");
    assert_eq!(event["change.widening.ring"], "internal");
    event.assert_absent("flag.widening.percent.variant");
}

/// The percentage is decided once in a unit, as any flag.
#[test]
fn a_rollout_does_not_widen_midway() {
    static STEADY: Rollout = Rollout::new("steady").percent_flag("steady.percent");
    let flags = MemoryFlags::new().with("steady.percent", 100.0);
    let events = Capture::builder().flags(flags.clone()).start();
    unit("page", || {
        subject(Subject::new("ada"));
        assert!(STEADY.includes());
        flags.set("steady.percent", 0.0);
        assert!(STEADY.includes());
        assert!(STEADY.includes_for(&Subject::new("bob")), "at the unit's percentage");
        unit("part", || assert!(STEADY.includes()));
    });
    assert!(!unit("next", || STEADY.includes()));
    assert_eq!(events.one("page")["flag.steady.percent.variant"], "100");
    assert_eq!(events.one("page")["change.steady.reason"], "rollout");
}

#[test]
fn attributes_of_every_type() {
    let _events = capture();
    let someone = Subject::anonymous()
        .with("text", "staff")
        .with("owned", String::from("Straße"))
        .with("yes", true)
        .with("no", false)
        .with("whole", -7)
        .with("id", u64::MAX)
        .with("small", 7_u64)
        .with("share", 0.25)
        .with("nan", f64::NAN);
    let includes = |attribute, equals| {
        let ring = Ring::attribute("ring", leaked(attribute), leaked(equals));
        Rollout::new("attributes").ring(ring).includes_for(&someone)
    };
    for (attribute, equals) in [
        ("text", "staff"),
        ("owned", "Straße"),
        ("yes", "true"),
        ("no", "false"),
        ("whole", "-7"),
        ("id", "18446744073709551615"),
        ("small", "7"),
        ("share", "0.25"),
        ("share", "2.5e-1"),
    ] {
        assert!(includes(attribute, equals), "{attribute} = {equals}");
    }
    for (attribute, equals) in [
        ("text", "Staff"),
        ("text", ""),
        ("owned", "Strasse"),
        ("yes", "1"),
        ("no", ""),
        ("whole", "7"),
        ("id", "18446744073709551616"),
        ("small", "seven"),
        ("share", "0.3"),
        ("nan", "NaN"),
        ("missing", ""),
    ] {
        assert!(!includes(attribute, equals), "{attribute} = {equals}");
    }
}

#[test]
fn the_first_ring_that_includes_is_the_one() {
    static RINGS: Rollout = Rollout::new("rings")
        .ring(Ring::attribute("internal", "plan", "staff"))
        .ring(Ring::attribute("beta", "cohort", "beta"))
        .ring(Ring::percent(100.0));
    let events = capture();
    let cases = [
        ("both", Subject::new("a").with("cohort", "beta").with("plan", "staff"), Some("internal")),
        ("beta", Subject::new("b").with("cohort", "beta"), Some("beta")),
        ("known", Subject::new("c"), Some("percent")),
        ("nobody", Subject::anonymous(), None),
    ];
    for (name, who, ring) in cases {
        let included = unit(name, || {
            subject(who);
            RINGS.includes()
        });
        assert_eq!(included, ring.is_some(), "{name}");
        match ring {
            Some(ring) => assert_eq!(events.one(name)["change.rings.ring"], ring),
            None => events.one(name).assert_absent("change.rings.ring"),
        }
    }
}

/// One answer a unit is on its event: the first.
#[test]
fn named_subjects_do_not_write_over_each_other() {
    static NAMED: Rollout =
        Rollout::new("named").ring(Ring::attribute("internal", "plan", "staff"));
    static PLAN: Flag<bool> = Flag::new("plan", false);
    let flags = MemoryFlags::new().with("plan", true);
    let events = Capture::builder().flags(flags.clone()).start();
    let (staff, other) = (Subject::new("a").with("plan", "staff"), Subject::new("b"));
    unit("named", || {
        assert!(NAMED.includes_for(&staff) && !NAMED.includes_for(&other));
        assert!(PLAN.get_for(&staff));
        flags.set("plan", false);
        assert!(PLAN.get_for(&staff) && !PLAN.get_for(&other) && !PLAN.get());
    });
    unit("own", || {
        subject(other.clone());
        assert!(!NAMED.includes() && NAMED.includes_for(&staff));
    });
    let event = events.one("named");
    assert_eq!(event["change.named.stage"], "live");
    assert_eq!(event["flag.plan.variant"], "true");
    assert_eq!(events.one("own")["change.named.stage"], "dry_run");
    events.one("own").assert_absent("change.named.ring");
}

/// A kill by code, a kill by a flag, a forced dry run, and a test's stage for another change.
#[test]
fn what_withholds_comes_before_every_ring() {
    static ALL: Rollout = Rollout::new("all").ring(Ring::percent(100.0));
    ode_core::change!(Wide = "wide", rollout = ALL);
    let flags = MemoryFlags::new();
    let events = Capture::builder().flags(flags.clone()).start();
    let ada = Subject::new("ada");
    let both = || {
        subject(ada.clone());
        (ALL.includes(), ALL.includes_for(&ada))
    };
    assert_eq!(unit("on", both), (true, true));
    ode_core::kill("all", "alice");
    assert_eq!(unit("killed", both), (false, false));
    assert!(!ALL.includes_for(&ada), "also without a unit");
    testing::stage::<Wide>(Stage::Live);
    let wide = unit("wide", || {
        subject(ada.clone());
        ode_core::stage::<Wide>()
    });
    assert_eq!(wide, Stage::Off, "who kills the rollout means what it lets through");
    ode_core::revive("all", "alice");
    flags.set("kill.all", true);
    assert_eq!(unit("flagged", both), (false, false));
    flags.set("kill.all", "perhaps");
    assert_eq!(unit("in doubt", both), (false, false));
    flags.set("kill.all", false);
    unit("midway", || {
        assert_eq!(both(), (true, true));
        ode_core::kill("all", "bob");
        assert_eq!(both(), (false, false));
        ode_core::revive("all", "bob");
        assert_eq!(both(), (false, true), "asked anew each time");
    });
    unit("dry", || {
        assert_eq!(both(), (true, true));
        ode_core::force_dry_run();
        assert_eq!(both(), (false, false));
    });
    assert_eq!(events.one("killed")["change.all.reason"], "killed");
    assert_eq!(events.one("dry")["change.all.reason"], "forced_dry_run");
}
