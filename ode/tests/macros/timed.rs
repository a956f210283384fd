//! `timed!`: whichever way the expression is left, it is counted.

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};

use futures::executor::block_on;
use ode::WideEvent;
use ode::testing::capture;

/// `step` is timed this often while a unit does this.
#[track_caller]
fn counts(expected: i32, work: impl FnOnce()) {
    let events = capture();
    WideEvent::builder("unit").run(work);
    let event = events.one("unit");
    if expected == 0 {
        assert!(event.get("timed.step.count").is_none());
        assert!(event.get("timed.step.total_ns").is_none());
    } else {
        assert_eq!(event["timed.step.count"], expected);
        assert!(event.get("timed.step.total_ns").is_some());
    }
}

#[test]
fn the_value_is_the_expressions() {
    counts(1, || assert_eq!(ode::timed!("step", 1 + 2), 3));
    let twice = || ode::timed!("step", 1) + ode::timed!("step", 2);
    counts(2, || assert_eq!(twice(), 3));
    counts(0, || ());
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
    counts(1, || assert_eq!(question(true), None));
    counts(2, || assert_eq!(early(), 1));
    counts(4, || {
        let mut kept = Vec::new();
        for n in 0..5 {
            kept.push(ode::timed!("step", {
                if n == 0 {
                    continue;
                }
                if n == 3 {
                    break;
                }
                n
            }));
        }
        assert_eq!(kept, [1, 2]);
    });
    counts(1, || {
        let panicking = || ode::timed!("step", panic!("on purpose"));
        assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    });
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
