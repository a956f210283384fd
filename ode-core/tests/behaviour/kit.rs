//! The test kit itself: captures keep tests apart, and a failure says what there was.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;

use ode_core::testing::{Capture, capture};
use ode_core::{WideEvent, current, in_event, set};

use crate::support::{self, is_probe, probe};

/// What a failing assertion of the kit says.
fn failure(assertion: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(assertion)).unwrap_err();
    payload.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn parallel_captures_see_their_own_events_only() {
    let together = Barrier::new(16);
    thread::scope(|scope| {
        for test in 0..16 {
            let together = &together;
            scope.spawn(move || {
                let events = support::capture();
                together.wait();
                for n in 0..100 {
                    WideEvent::builder("unit").run(|| set! { test, n });
                }
                together.wait();
                assert_eq!(events.all().len(), 100);
                assert!(events.all().iter().all(|event| event["test"] == test));
            });
        }
    });
}

#[test]
fn a_capture_is_inherited_when_asked_and_entered_by_handle() {
    let events = support::capture();
    let handle = events.handle();
    thread::scope(|scope| {
        scope.spawn(in_event(|| WideEvent::builder("joined").run(|| ())));
        scope.spawn(|| handle.run(|| WideEvent::builder("by handle").run(|| ())));
        scope.spawn(|| WideEvent::builder("outside").run(|| ()));
    });
    let work = handle.run_async(async { WideEvent::builder("async").run(|| ()) });
    futures::executor::block_on(work);
    let mut names = events.names();
    names.sort();
    assert_eq!(names, ["async", "by handle", "joined"]);
}

#[test]
fn an_inner_capture_takes_over_until_it_is_dropped() {
    let outer = support::capture();
    let inner = support::capture();
    WideEvent::builder("first").run(|| ());
    assert_eq!((outer.all().len(), inner.all().len()), (0, 1));
    drop(inner);
    WideEvent::builder("second").run(|| ());
    assert_eq!(outer.names(), ["second"]);
}

#[test]
fn a_missing_event_is_reported_with_those_that_are_there() {
    let events = capture();
    WideEvent::builder("checkout").run(|| set! { cart.items = 3, user.plan = "pro" });
    let open = WideEvent::builder("open").start();
    let said = failure(|| drop(events.one("payment")));
    for part in [
        "\"payment\"",
        "found 0",
        "1 events",
        "1 units still open",
        "checkout",
        "cart.items",
        "pro",
    ] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
    open.end();
    WideEvent::builder("checkout").run(|| ());
    assert!(failure(|| drop(events.one("checkout"))).contains("found 2"));
    let said = failure(|| events.none("checkout"));
    assert!(
        said.contains("expected no event \"checkout\"") && said.contains("cart.items"),
        "{said}"
    );
    assert_eq!(events.stats().finished, 3);
    support::assert_ledger(&events.stats());
}

#[test]
fn a_missing_field_is_reported_with_the_whole_event() {
    let events = support::capture();
    WideEvent::builder("checkout").run(|| set! { cart.items = 3 });
    let event = events.one("checkout");
    let said = failure(|| assert_eq!(event["cart.total"], 1));
    assert!(said.contains("no field cart.total") && said.contains("cart.items"), "{said}");
    let said = failure(|| event.assert_absent("cart.items"));
    assert!(said.contains("cart.items = 3") && said.contains("checkout"), "{said}");
    event.assert_absent("cart.total");
}

#[test]
fn units_outside_every_capture_are_said() {
    probe("kit::outside_probe");
}

/// In a process of its own: units of other tests are outside as well.
#[test]
fn outside_probe() {
    if !is_probe("kit::outside_probe") {
        return;
    }
    WideEvent::builder("before any capture").run(|| ());
    let events = capture();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| WideEvent::builder("checkout").run(|| ()));
        }
    });
    let said = failure(|| drop(events.one("checkout")));
    assert!(said.contains("3 units ran outside every capture"), "{said}");
    assert!(said.contains("in_event") && said.contains("CaptureHandle"), "{said}");
    support::assert_ledger(&events.stats());
}

#[test]
fn strict_mode_fails_a_test_that_loses_writes() {
    let strict = || Capture::builder().strict().start();
    let orphan = failure(|| {
        let _events = strict();
        set! { nobody = 1 };
    });
    assert!(orphan.contains("strict: 1 writes found no unit and 0 came after"), "{orphan}");
    let late = failure(|| {
        let _events = strict();
        let handle = WideEvent::builder("unit").run(|| current().handle());
        handle.set("late", 1).set("late", 2);
    });
    assert!(late.contains("0 writes found no unit and 2 came after"), "{late}");
    let events = strict();
    WideEvent::builder("unit").run(|| set! { fine = true });
    support::assert_ledger(&events.stats());
    drop(events);
    // A test that fails anyway fails for its own reason.
    let own = failure(|| {
        let _events = strict();
        set! { nobody = 1 };
        panic!("{}", "its own reason");
    });
    assert_eq!(own, "its own reason");
}

#[test]
fn a_captured_event_has_its_fixed_part_as_fields() {
    let events = support::capture();
    WideEvent::builder("outer").run(|| WideEvent::builder("inner").run(|| ()));
    let inner = events.one("inner");
    assert_eq!(inner["name"], "inner");
    assert_eq!(inner["outcome"], "ok");
    assert_eq!(inner["build_id"], "test");
    assert_eq!(inner["service.name"], "test");
    assert_eq!(inner["span_id"], inner.trace_context().span_id().to_string());
    assert_eq!(inner["trace_id"], inner.trace_context().trace_id().to_string());
    assert_eq!(inner["parent_span_id"], events.one("outer").trace_context().span_id().to_string());
    assert_eq!(inner["event_id"], inner.event_id().to_string());
    events.one("outer").assert_absent("parent_span_id");
}
