//! Answers compared path by path, and what of them is on events.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

use ode_core::testing::{Capture, Captured, capture};
use ode_core::{Comparison, Diff, DifferenceKind, Experiment, NotRunCause, Stage, WideEvent};
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
struct Cart {
    items: Vec<Item>,
    total: f64,
    computed_at: u64,
    user: User,
}

#[derive(Clone, Debug, Serialize)]
struct Item {
    sku: u64,
    price: f64,
}

#[derive(Clone, Debug, Serialize)]
struct User {
    password: String,
    home: String,
}

fn cart(at: u64) -> Cart {
    let items = (1..=3).map(|sku| Item { sku, price: 2.5 }).collect();
    let user = User { password: "hunter2".to_owned(), home: "the house by the sea".to_owned() };
    Cart { items, total: 7.5, computed_at: at, user }
}

static RULES: Diff = Diff::new().relative(1e-9).ignore("computed_at");

fn trial(
    events: &Capture,
    experiment: &'static Experiment,
    change: impl FnOnce(&mut Cart) + Send + 'static,
) -> Captured {
    WideEvent::builder("page").run(|| {
        experiment.on(&7).diff(&RULES).run(
            |at| cart(*at),
            |at| {
                let mut cart = cart(at + 1);
                change(&mut cart);
                cart
            },
        )
    });
    events.settle();
    let sides = events.all().into_iter().filter(|event| event.name().ends_with(".candidate"));
    sides.last().unwrap()
}

#[test]
fn what_differs_is_on_the_event_with_a_fingerprint() {
    static CART: Experiment = Experiment::new("cart").default_stage(Stage::Shadow);
    let events = capture();
    let same = trial(&events, &CART, |cart| cart.total += 1e-12);
    assert_eq!(same["experiment.cart.match"], true);
    same.assert_absent("experiment.cart.mismatch");
    let one = trial(&events, &CART, |cart| cart.items[1].price = 3.0);
    let other = trial(&events, &CART, |cart| {
        cart.items[0].price = 1.0;
        cart.items[2].price = 1.0;
    });
    assert_eq!(one["experiment.cart.paths"].to_string(), "[\"items[].price value\"]");
    let exemplars = one["experiment.cart.exemplars"].to_string();
    assert_eq!(exemplars, "[\"items[1].price: 2.5 -> 3\"]");
    assert_eq!(one["experiment.cart.mismatch"], other["experiment.cart.mismatch"]);
    let third = trial(&events, &CART, |cart| {
        cart.items.pop();
    });
    assert_eq!(third["experiment.cart.paths"].to_string(), "[\"items length\"]");
    assert_ne!(one["experiment.cart.mismatch"], third["experiment.cart.mismatch"]);
    let stats = CART.stats();
    assert_eq!((stats.trials.matched, stats.trials.mismatched), (1, 3));
    let hex = format!("{:016x}", stats.fingerprints[0].0);
    assert_eq!(one["experiment.cart.mismatch"], *hex.as_str());
    assert_eq!(stats.fingerprints.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn exemplars_are_redacted_and_few() {
    static SECRET: Experiment = Experiment::new("secretive").default_stage(Stage::Shadow);
    let events = capture();
    let event = trial(&events, &SECRET, |cart| {
        cart.user.password = "letmein".to_owned();
        cart.user.home = "postgres://ada:pw@db/home".to_owned();
    });
    let exemplars = event["experiment.secretive.exemplars"].to_string();
    for secret in ["hunter2", "letmein", "ada:pw"] {
        assert!(!exemplars.contains(secret), "{exemplars}");
    }
    assert!(exemplars.contains("user.password: [redacted]"), "{exemplars}");
    assert!(exemplars.contains("postgres://[redacted]@db/home"), "{exemplars}");
    let with: usize = (0..20)
        .map(|_| trial(&events, &SECRET, |cart| cart.total = 1.0))
        .filter(|event| event.field("experiment.secretive.exemplars").is_some())
        .count();
    assert_eq!(with, 5, "of a fingerprint the first five");
    let long = trial(&events, &SECRET, |cart| cart.user.home = "x".repeat(10_000));
    let exemplars = long["experiment.secretive.exemplars"].to_string();
    assert!(exemplars.contains("text of 10000 bytes"), "{exemplars}");
}

#[test]
fn lines_are_bounded_however_much_differs() {
    static MANY: Experiment = Experiment::new("many").default_stage(Stage::Shadow);
    let events = capture();
    let answer = |prefix: &'static str| {
        move |_: &u64| -> std::collections::BTreeMap<String, String> {
            (0..500)
                .map(|n| (format!("key{n}"), format!("{prefix} {n} {}", "y".repeat(200))))
                .collect()
        }
    };
    WideEvent::builder("page").run(|| MANY.on(&7).diff(&RULES).run(answer("old"), answer("new")));
    events.settle();
    let event = events.one("many.candidate");
    let lines = |key: &str| event[key].to_string().matches("\", \"").count() + 1;
    assert_eq!(lines("experiment.many.paths"), 32);
    assert!(event["experiment.many.exemplars"].to_string().len() < 3_000);
}

#[test]
fn an_observer_is_shown_each_difference() {
    fn look(comparison: &Comparison) {
        let [found] = comparison.differences() else { panic!("{comparison:?}") };
        assert_eq!((found.path(), found.pattern()), ("items[1].sku", "items[].sku"));
        assert_eq!((found.kind(), found.values()), (DifferenceKind::Value, ("2", "9")));
        ode_core::set! { looked = true };
    }
    static SHOWN: Experiment = Experiment::new("shown").default_stage(Stage::Live).observe(look);
    let events = capture();
    WideEvent::builder("page").run(|| {
        SHOWN.on(&7).diff(&RULES).run(
            |at| cart(*at),
            |at| {
                let mut cart = cart(*at);
                cart.items[1].sku = 9;
                cart
            },
        )
    });
    events.settle();
    assert_eq!(events.one("shown.control")["looked"], true);
}

#[test]
fn what_cannot_be_compared_is_counted_so() {
    static LARGE: Experiment = Experiment::new("large").default_stage(Stage::Shadow);
    let events = capture();
    let large = |n: &usize| vec![1_u8; *n];
    for n in [10, 100_000] {
        WideEvent::builder("page").run(|| LARGE.on(&n).diff(&RULES).run(large, large));
        events.settle();
    }
    let trials = LARGE.stats().trials;
    assert_eq!((trials.matched, trials.not_run.get(NotRunCause::NotComparable)), (1, 1));
    assert!(trials.is_balanced());
}

#[test]
fn by_what_is_made_of_the_answer() {
    struct Opaque(Vec<u64>);
    static OPAQUE: Experiment = Experiment::new("opaque").default_stage(Stage::Shadow);
    let events = capture();
    let answer = WideEvent::builder("page").run(|| {
        OPAQUE
            .on(&3)
            .diff_by(|answer: &Opaque| answer.0.clone(), &RULES)
            .ignore(|n, old, new| *n == 3 && old.len() + 1 == new.len())
            .run(|n| Opaque((0..*n).collect()), |n| Opaque((0..=*n).collect()))
    });
    assert_eq!(answer.0.len(), 3);
    events.settle();
    assert_eq!(OPAQUE.stats().trials.ignored, 1);
}
