//! `hold`: a unit stays open for background work; outcome and duration are those of its function.

use std::task::{Context, Waker};
use std::time::Duration;

use futures::executor::block_on;
use ode_core::testing::{Capture, TestClock};
use ode_core::{Hold, WideEvent, hold, in_event, set};

use crate::support::{Events, capture, capture_with, quiet_panic, survive};

const SECOND: Duration = Duration::from_secs(1);

fn clocked() -> (TestClock, Events) {
    let clock = TestClock::new();
    let events = capture_with(Capture::builder().clock(&clock));
    (clock, events)
}

/// Runs a unit of one second that is held by what `hold_it` gives.
fn held<R>(clock: &TestClock, hold_it: impl FnOnce() -> R) -> R {
    WideEvent::builder("unit").run(|| {
        let held = hold_it();
        clock.advance(SECOND);
        held
    })
}

#[test]
fn a_held_unit_waits_and_is_open_in_the_ledger() {
    let (clock, events) = clocked();
    let hold = held(&clock, || hold(60 * SECOND));
    events.none("unit");
    assert_eq!(events.stats().open, 1);
    clock.advance(2 * SECOND);
    hold.set("upload.bytes", 7);
    drop(hold);
    let event = events.one("unit");
    assert_eq!(event.duration(), SECOND);
    assert_eq!(event["held_ns"], 3_000_000_000_u64);
    assert_eq!(event["upload.bytes"], 7);
    assert_eq!(event.outcome(), "ok");
    event.assert_absent("incomplete");
}

#[test]
fn the_outcome_is_frozen_when_the_function_ends() {
    let (clock, events) = clocked();
    let hold = held(&clock, || {
        ode_core::decline("too_small");
        hold(60 * SECOND)
    });
    hold.run(|| {
        ode_core::record_error(&std::fmt::Error);
        set! { background = true };
    });
    let event = events.one("unit");
    assert_eq!(event.outcome(), "declined");
    assert_eq!(event["background"], true);
    assert_eq!(events.stats().late_writes, 1, "the word came too late");
}

#[test]
fn words_of_background_work_count_while_the_function_runs() {
    let (clock, events) = clocked();
    held(&clock, || hold(60 * SECOND).run(|| ode_core::decline("in time")));
    let event = events.one("unit");
    assert_eq!(event["declined.reason"], "in time");
    event.assert_absent("held_ns");
}

#[test]
fn at_the_deadline_the_event_leaves_incomplete() {
    let (clock, events) = clocked();
    let hold = held(&clock, || hold(10 * SECOND));
    clock.advance(8 * SECOND);
    events.none("unit");
    clock.advance(SECOND);
    let event = events.one("unit");
    assert_eq!(event["incomplete"], true);
    assert_eq!(event["held_ns"], 10_000_000_000_u64);
    assert_eq!(event.duration(), SECOND);
    hold.set("late", 1);
    drop(hold);
    assert_eq!(events.stats().late_writes, 1);
    assert_eq!(events.all().len(), 1);
}

#[test]
fn a_deadline_that_passes_while_the_function_runs_holds_no_longer() {
    let (clock, events) = clocked();
    let hold = WideEvent::builder("unit").run(|| {
        let hold = hold(SECOND);
        clock.advance(5 * SECOND);
        hold
    });
    let event = events.one("unit");
    assert_eq!(event["incomplete"], true);
    assert_eq!(event.duration(), 5 * SECOND);
    event.assert_absent("held_ns");
    drop(hold);
}

#[test]
fn the_last_of_several_holds_lets_go() {
    let (clock, events) = clocked();
    let mut holds = held(&clock, || vec![hold(60 * SECOND), hold(60 * SECOND), hold(60 * SECOND)]);
    for round in 1..=3_u64 {
        events.none("unit");
        clock.advance(SECOND);
        holds.pop().unwrap().set("last", round);
    }
    let event = events.one("unit");
    assert_eq!(event["last"], 3);
    assert_eq!(event["held_ns"], 4_000_000_000_u64);
    event.assert_absent("incomplete");
}

#[test]
fn a_forgotten_hold_does_not_keep_open_what_another_released() {
    let (clock, events) = clocked();
    let (forgotten, released) = held(&clock, || (hold(10 * SECOND), hold(60 * SECOND)));
    clock.advance(14 * SECOND);
    events.none("unit");
    drop(released);
    let event = events.one("unit");
    assert_eq!(event["incomplete"], true, "one of them never let go");
    assert_eq!(event["held_ns"], 15_000_000_000_u64);
    drop(forgotten);
}

#[test]
fn the_latest_deadline_counts() {
    let (clock, events) = clocked();
    let holds = held(&clock, || (hold(10 * SECOND), hold(20 * SECOND)));
    clock.advance(15 * SECOND);
    events.none("unit");
    clock.advance(5 * SECOND);
    assert_eq!(events.one("unit")["held_ns"], 21_000_000_000_u64);
    drop(holds);
}

#[test]
fn a_hold_released_before_the_function_ends_is_no_hold() {
    let (clock, events) = clocked();
    held(&clock, || drop(hold(60 * SECOND)));
    let event = events.one("unit");
    event.assert_absent("held_ns");
    event.assert_absent("incomplete");
}

#[test]
fn background_work_may_hold_on() {
    let (clock, events) = clocked();
    let first = held(&clock, || hold(60 * SECOND));
    let second = first.run(|| hold(60 * SECOND));
    events.none("unit");
    second.set("second", true);
    drop(second);
    assert_eq!(events.one("unit")["second"], true);
}

#[test]
fn a_hold_of_a_panicking_task_lets_go() {
    let (clock, events) = clocked();
    let hold = held(&clock, || hold(60 * SECOND));
    let unwound = survive(|| {
        hold.run(|| {
            set! { before = 1 };
            quiet_panic();
        });
    });
    assert!(unwound.is_none());
    let event = events.one("unit");
    assert_eq!(event["before"], 1);
    assert_eq!(event.outcome(), "ok", "the function had returned");
}

#[test]
fn a_hold_ends_with_its_future_done_or_dropped() {
    for polls in 0..3 {
        let (clock, events) = clocked();
        let hold = held(&clock, || hold(60 * SECOND));
        let mut yielded = false;
        let work = async move {
            futures::future::poll_fn(|_| {
                if std::mem::replace(&mut yielded, true) {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
            set! { upload.done = true };
        };
        let mut work = Box::pin(hold.run_async(work));
        let mut yielded_before = false;
        for _ in 0..polls {
            events.none("unit");
            let polled = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(polled.is_ready(), yielded_before);
            yielded_before = true;
        }
        if polls < 2 {
            events.none("unit");
        }
        drop(work);
        let event = events.one("unit");
        assert_eq!(event.field("upload.done").is_some(), polls == 2);
    }
}

#[test]
fn panicked_and_cancelled_units_can_be_held() {
    let (clock, events) = clocked();
    let mut kept: Vec<Hold> = Vec::new();
    survive(|| {
        WideEvent::builder("panicked").run(|| {
            kept.push(hold(60 * SECOND));
            quiet_panic();
        });
    });
    let mut open = WideEvent::builder("dropped").start();
    kept.push(open.scope(|| hold(60 * SECOND)));
    drop(open);
    assert_eq!(events.stats().open, 2);
    clock.advance(SECOND);
    drop(kept);
    assert_eq!(events.one("panicked").outcome(), "panicked");
    assert_eq!(events.one("dropped").outcome(), "cancelled");
}

#[test]
fn holds_in_other_threads_and_children() {
    let events = capture();
    let thread = WideEvent::builder("unit").run(|| {
        let hold = in_event(|| hold(60 * SECOND))();
        std::thread::Builder::new().spawn(move || {
            hold.run(|| {
                WideEvent::builder("child").run(|| ());
                set! { upload.done = true };
            });
        })
    });
    thread.unwrap().join().unwrap();
    let event = events.one("unit");
    assert_eq!(event["upload.done"], true);
    assert_eq!(events.one("child").parent_span_id(), Some(event.trace_context().span_id()));
}

#[test]
fn a_hold_without_a_unit_holds_nothing() {
    let events = capture();
    let hold = hold(SECOND);
    hold.set("a", 1);
    assert_eq!(hold.run(|| 7), 7);
    assert_eq!(block_on(ode_core::current().hold(SECOND).run_async(async { 8 })), 8);
    assert_eq!(events.stats().orphan_writes, 3);
}

#[test]
fn what_is_still_held_is_open() {
    let (clock, mut events) = clocked();
    let hold = held(&clock, || hold(60 * SECOND));
    assert_eq!(events.stats().open, 1);
    events.leave_open(1);
    drop(events);
    drop(hold);
}
