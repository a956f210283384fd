//! How a unit ends, each way, through real units. The order: panicked, cancelled, the explicit
//! word, the returned `Err`, ok.

use std::fmt;

use ode_core::testing::Captured;
use ode_core::{
    CancelCause, Failure, WideEvent, current, decline, fail, in_event, record_error, set,
};

use crate::support::{capture, survive};

#[derive(Debug)]
struct Oops;
impl fmt::Display for Oops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("oops")
    }
}
impl std::error::Error for Oops {}

fn judged(event: &Captured) -> (String, Option<String>) {
    let detail = event.field("declined.reason").or_else(|| event.field("cancelled.cause"));
    (event.outcome().to_string(), detail.map(ToString::to_string))
}

fn expected(outcome: &str, detail: Option<&str>) -> (String, Option<String>) {
    (outcome.to_owned(), detail.map(str::to_owned))
}

/// Every explicit word with every returned value.
#[test]
fn the_explicit_word_beats_the_returned_error() {
    type Word = (&'static str, fn());
    let words: [Word; 6] = [
        ("nothing", || ()),
        ("decline", || decline("why_not")),
        ("record_error", || record_error(&Oops)),
        ("fail error", || fail(Failure::error("kind"))),
        ("decline, then error", || {
            decline("why_not");
            record_error(&Oops);
        }),
        ("error, then decline", || {
            record_error(&Oops);
            decline("why_not");
        }),
    ];
    for (said, say) in words {
        for (returned, fails, declines) in
            [("Ok", false, false), ("Err", true, false), ("Err as decline", true, true)]
        {
            let events = capture();
            let classify = |_: &Oops| {
                if declines {
                    Failure::declined("mapped").because(&Oops)
                } else {
                    Failure::of(&Oops)
                }
            };
            let result = WideEvent::builder("unit").try_run_with(classify, || {
                say();
                if fails { Err(Oops) } else { Ok(1) }
            });
            assert_eq!(result.is_err(), fails, "the host's own result is unchanged");
            let event = events.one("unit");
            let wanted = match (said, returned) {
                ("nothing", "Ok") => expected("ok", None),
                ("nothing", "Err") => expected("error", None),
                ("nothing", _) => expected("declined", Some("mapped")),
                ("decline", _) => expected("declined", Some("why_not")),
                _ => expected("error", None),
            };
            assert_eq!(judged(&event), wanted, "{said} and {returned}");
            // Whatever the outcome, a returned error stays to be seen.
            if fails {
                assert_eq!(event["error.message"], "oops", "{said} and {returned}");
            }
        }
    }
}

#[test]
fn the_later_of_two_declines_stands() {
    let events = capture();
    WideEvent::builder("alone").run(|| {
        decline("first");
        decline("second");
    });
    WideEvent::builder("joined").run(|| {
        let handle = current().handle();
        handle.run(|| decline("from a task"));
        decline("from the owner");
    });
    WideEvent::builder("joined last").run(|| {
        let handle = current().handle();
        decline("from the owner");
        handle.run(|| decline("from a task"));
    });
    assert_eq!(events.one("alone")["declined.reason"], "second");
    assert_eq!(events.one("joined")["declined.reason"], "from the owner");
    assert_eq!(events.one("joined last")["declined.reason"], "from a task");
}

#[test]
fn an_error_beats_a_decline_across_tasks() {
    for owner_declines_first in [true, false] {
        for task_fails in [true, false] {
            let events = capture();
            WideEvent::builder("unit").run(|| {
                let say = |error: bool| {
                    if error { record_error(&Oops) } else { decline("no") }
                };
                if owner_declines_first {
                    say(!task_fails);
                }
                let task = in_event(move || say(task_fails));
                std::thread::scope(|scope| scope.spawn(task).join()).unwrap();
                if !owner_declines_first {
                    say(!task_fails);
                }
            });
            let event = events.one("unit");
            assert_eq!(event.outcome(), "error");
            event.assert_absent("declined.reason");
            assert_eq!(event["error.message"], "oops");
        }
    }
}

#[test]
fn closing_words_of_an_owned_unit() {
    let events = capture();
    WideEvent::builder("end").start().end();
    WideEvent::builder("decline").start().decline("closed");
    WideEvent::builder("fail").start().fail(Failure::error("kind").message("text"));
    WideEvent::builder("fail softly").start().fail(Failure::declined("soft").message("text"));
    for (cause, name) in [
        (CancelCause::Dropped, "dropped"),
        (CancelCause::Deadline, "deadline"),
        (CancelCause::ClientGone, "client_gone"),
        (CancelCause::Shutdown, "shutdown"),
    ] {
        WideEvent::builder(name).start().cancel(cause);
        assert_eq!(judged(&events.one(name)), expected("cancelled", Some(name)));
    }
    drop(WideEvent::builder("let go").start());
    assert_eq!(judged(&events.one("end")), expected("ok", None));
    assert_eq!(judged(&events.one("decline")), expected("declined", Some("closed")));
    assert_eq!(judged(&events.one("fail")), expected("error", None));
    assert_eq!(events.one("fail")["error.type"], "kind");
    assert_eq!(judged(&events.one("fail softly")), expected("declined", Some("soft")));
    assert_eq!(events.one("fail softly")["error.message"], "text");
    assert_eq!(judged(&events.one("let go")), expected("cancelled", Some("dropped")));
}

#[test]
fn cancelling_beats_every_word() {
    let events = capture();
    let mut unit = WideEvent::builder("cancelled").start();
    unit.scope(|| record_error(&Oops));
    unit.cancel(CancelCause::Deadline);
    let mut unit = WideEvent::builder("dropped").start();
    unit.scope(|| decline("no"));
    drop(unit);
    assert_eq!(judged(&events.one("cancelled")), expected("cancelled", Some("deadline")));
    assert_eq!(events.one("cancelled")["error.message"], "oops");
    assert_eq!(judged(&events.one("dropped")), expected("cancelled", Some("dropped")));
    events.one("dropped").assert_absent("declined.reason");
}

#[test]
fn what_was_said_in_a_scope_holds_at_the_end() {
    let events = capture();
    let mut unit = WideEvent::builder("unit").start();
    unit.scope(|| set! { step = 1 });
    unit.scope(|| decline("too_small"));
    unit.set("step", 2);
    unit.end();
    let event = events.one("unit");
    assert_eq!(judged(&event), expected("declined", Some("too_small")));
    assert_eq!(event["step"], 2);
}

#[test]
fn a_nested_unit_has_an_outcome_of_its_own() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        let recovered = WideEvent::builder("inner").try_run(|| Err::<(), _>(Oops));
        assert!(recovered.is_err());
        survive(|| WideEvent::builder("bursts").run(|| crate::support::quiet_panic()));
        drop(WideEvent::builder("let go").start());
    });
    assert_eq!(events.one("inner").outcome(), "error");
    assert_eq!(events.one("bursts").outcome(), "panicked");
    assert_eq!(events.one("let go").outcome(), "cancelled");
    let outer = events.one("outer");
    assert_eq!(outer.outcome(), "ok");
    assert_eq!(outer.field_count(), 0, "{outer:?}");
}
