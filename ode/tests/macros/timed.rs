//! `timed!`: whichever way the expression is left, it is counted.

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};

use futures::executor::block_on;
use ode::WideEvent;
use ode::testing::capture;

/// How often `step` was timed while a unit did this.
fn counted(work: impl FnOnce()) -> i64 {
    let events = capture();
    WideEvent::builder("unit").run(work);
    let event = events.one("unit");
    let count = event
        .get("timed.step.count")
        .and_then(|v| v.to_owned_value());
    assert_eq!(count.is_some(), event.get("timed.step.total_ns").is_some());
    match count {
        Some(ode::OwnedValue::U64(count)) => count.try_into().expect("a small number"),
        Some(ode::OwnedValue::I64(count)) => count,
        Some(other) => panic!("not a count: {other:?}"),
        None => 0,
    }
}

#[test]
fn the_value_is_the_expressions() {
    assert_eq!(counted(|| assert_eq!(ode::timed!("step", 1 + 2), 3)), 1);
    assert_eq!(
        counted(|| assert_eq!(ode::timed!("step", 1) + ode::timed!("step", 2), 3)),
        2
    );
    assert_eq!(counted(|| ()), 0);
}

#[test]
fn without_a_unit_it_is_just_the_expression() {
    let _events = capture();
    assert_eq!(ode::timed!("step", 5), 5);
}

#[test]
fn every_way_out_is_counted() {
    fn question(fails: bool) -> Option<u8> {
        Some(ode::timed!("step", (!fails).then_some(1)?))
    }
    fn early() -> u8 {
        ode::timed!("step", {
            if question(false).is_some() {
                return 1;
            }
            2
        })
    }
    assert_eq!(counted(|| drop(question(true))), 1);
    assert_eq!(counted(|| assert_eq!(early(), 1)), 2);
    let looped = || {
        for n in 0..5 {
            ode::timed!(
                "step",
                match n {
                    0 => continue,
                    3 => break,
                    _ => (),
                }
            );
        }
    };
    assert_eq!(counted(looped), 4);
    let panicking = || {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            ode::timed!("step", panic!("on purpose"))
        }));
    };
    assert_eq!(counted(panicking), 1);
}

#[test]
fn awaits_are_inside_and_a_dropped_future_counts() {
    let events = capture();
    block_on(WideEvent::builder("finished").run_async(async {
        ode::timed!("step", ready(()).await);
    }));
    {
        let unit = WideEvent::builder("dropped").run_async(async {
            ode::timed!("step", pending::<()>().await);
        });
        let mut unit = pin!(unit);
        let mut context = Context::from_waker(Waker::noop());
        assert!(unit.as_mut().poll(&mut context).is_pending());
    }
    for name in ["finished", "dropped"] {
        assert_eq!(events.one(name)["timed.step.count"], 1, "{name}");
    }
}
