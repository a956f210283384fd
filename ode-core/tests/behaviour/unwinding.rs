//! Panics: what unwinds through a unit, and what only happens while something else unwinds.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ode_core::{WideEvent, in_event, set};

use crate::support::{capture, quiet_panic, survive};

/// Does something when it is dropped.
struct OnDrop<F: FnMut()>(F);
impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_panic_in_the_body_or_below_is_panicked() {
    fn deep(levels: u32) {
        if levels == 0 {
            quiet_panic();
        }
        deep(levels - 1);
    }
    let events = capture();
    assert!(survive(|| WideEvent::builder("body").run(|| -> () { quiet_panic() })).is_none());
    let deeper = survive(|| {
        WideEvent::builder("outer").run(|| {
            set! { before = 1 };
            WideEvent::builder("inner").run(|| deep(20));
        });
    });
    assert!(deeper.is_none());
    for name in ["body", "outer", "inner"] {
        assert_eq!(events.one(name).outcome(), "panicked", "{name}");
    }
    assert_eq!(events.one("outer")["before"], 1);
}

#[test]
fn the_host_gets_its_own_panic_back() {
    let events = capture();
    let caught = catch_unwind(|| {
        WideEvent::builder("unit").run(|| std::panic::resume_unwind(Box::new(42_u8)));
    });
    assert_eq!(caught.unwrap_err().downcast_ref::<u8>(), Some(&42));
    assert_eq!(events.one("unit").outcome(), "panicked");
}

#[test]
fn a_panic_caught_inside_is_the_units_own_business() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        assert!(survive(|| -> () { quiet_panic() }).is_none());
        set! { recovered = true };
    });
    assert_eq!(events.one("unit").outcome(), "ok");
}

#[test]
fn a_panic_in_a_users_display_is_a_placeholder() {
    struct Bursts;
    impl fmt::Display for Bursts {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half of it")?;
            quiet_panic()
        }
    }
    let events = capture();
    let result = WideEvent::builder("unit").run(|| {
        set! { before = 1, burst = %Bursts, after = 2 };
        7
    });
    assert_eq!(result, 7);
    let event = events.one("unit");
    assert_eq!(event.outcome(), "ok");
    assert_eq!(event["burst"], "[panicked while formatting]");
    assert!(event["before"] == 1 && event["after"] == 2, "{event:?}");
}

/// A unit that starts and ends while its thread already unwinds is judged as if it did not.
#[test]
fn units_of_destructors_are_judged_as_ever() {
    let events = capture();
    let in_a_destructor = || {
        WideEvent::builder("run").run(|| set! { done = true });
        let failed = WideEvent::builder("fails").try_run(|| "x".parse::<u8>());
        assert!(failed.is_err());
        WideEvent::builder("declines").run(|| ode_core::decline("no"));
        WideEvent::builder("ended").start().end();
        drop(WideEvent::builder("let go").start());
        let mut unit = WideEvent::builder("scoped").start();
        unit.scope(|| set! { done = true });
        unit.end();
        futures::executor::block_on(WideEvent::builder("async").run_async(async { 1 }));
        drop(WideEvent::builder("never polled").run_async(async { 1 }));
        let caught = survive(|| WideEvent::builder("bursts").run(|| -> () { quiet_panic() }));
        assert!(caught.is_none());
    };
    let unwound = survive(|| {
        WideEvent::builder("host").run(|| {
            let _destructor = OnDrop(in_a_destructor);
            quiet_panic();
        });
    });
    assert!(unwound.is_none());
    for (name, outcome) in [
        ("run", "ok"),
        ("fails", "error"),
        ("declines", "declined"),
        ("ended", "ok"),
        ("let go", "cancelled"),
        ("scoped", "ok"),
        ("async", "ok"),
        ("bursts", "panicked"),
        ("host", "panicked"),
    ] {
        assert_eq!(events.one(name).outcome(), outcome, "{name}");
    }
    events.none("never polled");
}

#[test]
fn what_a_destructor_writes_lands_on_the_unit_that_unwinds() {
    let events = capture();
    survive(|| {
        WideEvent::builder("host").run(|| {
            let _last_words = OnDrop(|| set! { last.words = "spoken" });
            quiet_panic();
        });
    });
    assert_eq!(events.one("host")["last.words"], "spoken");
}

#[test]
fn a_unit_dropped_by_unwinding_panicked_and_otherwise_was_cancelled() {
    let events = capture();
    survive(|| {
        let _open = WideEvent::builder("unwound").start();
        quiet_panic();
    });
    survive(|| {
        let open = WideEvent::builder("moved out").start();
        let caught = survive(|| -> () { quiet_panic() });
        assert!(caught.is_none());
        drop(open);
    });
    let unwound = events.one("unwound");
    assert_eq!(unwound.outcome(), "panicked");
    unwound.assert_absent("cancelled.cause");
    assert_eq!(events.one("moved out")["cancelled.cause"], "dropped");
}

#[test]
fn a_caught_panic_that_left_a_scope_stays_with_the_unit() {
    let events = capture();
    let mut unit = WideEvent::builder("unit").start();
    assert!(catch_unwind(AssertUnwindSafe(|| unit.scope(|| -> () { quiet_panic() }))).is_err());
    assert!(!ode_core::current().exists(), "the scope is left");
    unit.set("after", 1);
    unit.scope(|| set! { again = 2 });
    unit.end();
    let event = events.one("unit");
    assert_eq!(event.outcome(), "panicked");
    assert_eq!(event["after"], 1);
    assert_eq!(event["again"], 2);
}

#[test]
fn the_outer_unit_is_current_again_after_an_inner_panic() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        survive(|| WideEvent::builder("inner").run(|| -> () { quiet_panic() }));
        set! { lands = "outside" };
        survive(in_event(|| -> () { quiet_panic() }));
        set! { still = "outside" };
        survive(|| ode_core::detached(|| -> () { quiet_panic() }));
        set! { and_still = "outside" };
    });
    let outer = events.one("outer");
    assert_eq!(outer.field_count(), 3);
    assert_eq!(events.one("inner").field_count(), 0);
    assert_eq!(events.stats().orphan_writes, 0);
}

/// The payload of a panic is a value like any other: dropping it may panic as well.
#[test]
fn a_payload_whose_destructor_panics_does_not_reach_the_host() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                quiet_panic();
            }
        }
    }
    struct Nasty;
    impl fmt::Display for Nasty {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            std::panic::resume_unwind(Box::new(Payload))
        }
    }
    impl ode_core::ToArray for Nasty {
        fn for_each(&self, _: &mut dyn FnMut(ode_core::Value<'_>)) {
            std::panic::resume_unwind(Box::new(Payload))
        }
    }
    impl fmt::Debug for Nasty {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Nasty")
        }
    }
    impl std::error::Error for Nasty {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            std::panic::resume_unwind(Box::new(Payload))
        }
    }
    let events = capture();
    let survived = survive(|| {
        WideEvent::builder("unit").run(|| {
            set! { shown = %Nasty, listed = ode_core::Value::Array(&Nasty) };
            ode_core::record_error(&Nasty);
        });
    });
    assert!(survived.is_some());
    let event = events.one("unit");
    assert_eq!(event["shown"], "[panicked while formatting]");
    assert_eq!(event["listed"], ["[panicked while formatting]"]);
    assert_eq!(event.outcome(), "error");
}
