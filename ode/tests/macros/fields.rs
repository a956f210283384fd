//! `set!`, `set_inherited!`, `incr!` and `append!`.

use std::cell::Cell;
use std::future::ready;

use futures::executor::block_on;
use ode::testing::{Captured, capture};
use ode::{OwnedValue, WideEvent};

struct Cart {
    id: u64,
}

/// The event of a unit that does this.
fn recorded(work: impl FnOnce()) -> Captured {
    let events = capture();
    WideEvent::builder("unit").run(work);
    events.one("unit")
}

fn list(values: &[&str]) -> OwnedValue {
    OwnedValue::Array(values.iter().map(|v| OwnedValue::Str((*v).into())).collect())
}

#[test]
fn every_spelling_of_a_key() {
    let key = String::from("from.a.string");
    let event = recorded(|| {
        ode::set! {
            plain = 1, dotted.path = 2, column.type = 3, r#match = 4,
            "any text, \"quoted\"" = 5, "naïve" = 6, [key] = 7, [format!("made.{}", 8)] = 8,
            trailing = 9,
        }
    });
    let expected = [
        ("plain", 1),
        ("dotted.path", 2),
        ("column.type", 3),
        ("match", 4),
        ("any text, \"quoted\"", 5),
        ("naïve", 6),
        ("from.a.string", 7),
        ("made.8", 8),
        ("trailing", 9),
    ];
    for (key, value) in expected {
        assert_eq!(event[key], value, "{key}");
    }
}

#[test]
fn every_form_of_a_value() {
    let (user, cart) = ("ada", Cart { id: 7 });
    let event = recorded(|| {
        ode::set! {
            user, cart.id, debugged = ?user, displayed = %user,
            none = None::<u8>, some = Some(1), less = 1 < 2, more = 2 > 1,
        }
    });
    assert_eq!(event["user"], "ada");
    assert_eq!(event["cart.id"], 7);
    assert_eq!(event["debugged"], "\"ada\"");
    assert_eq!(event["displayed"], "ada");
    assert_eq!(event["some"], 1);
    assert_eq!(event["less"], true);
    assert_eq!(event["more"], true);
    assert!(event.get("none").is_none());
}

#[test]
fn shorthand_with_a_sign_names_and_formats() {
    let (debugged, displayed) = ("a", "b");
    let event = recorded(|| ode::set! { ?debugged, %displayed });
    assert_eq!(event["debugged"], "\"a\"");
    assert_eq!(event["displayed"], "b");
}

#[test]
fn the_last_value_of_a_key_wins() {
    let event = recorded(|| {
        ode::set! { a = 1, b = 1, a = 2 };
        ode::set! { b = 2 };
    });
    assert_eq!(event["a"], 2);
    assert_eq!(event["b"], 2);
}

#[test]
fn counters_add_and_lists_grow() {
    let event = recorded(|| {
        for n in 1..=3_u64 {
            ode::incr! { calls, rows += n, ["by.name"] += 2 };
            ode::append! { seen += %n };
        }
        ode::append! { seen += ?"x" };
    });
    assert_eq!(event["calls"], 3);
    assert_eq!(event["rows"], 6);
    assert_eq!(event["by.name"], 6);
    assert_eq!(event["seen"], list(&["1", "2", "3", "\"x\""]));
}

#[test]
fn inherited_fields_reach_units_opened_below() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        WideEvent::builder("before").run(|| ());
        ode::set_inherited! { tenant.id = 7 };
        WideEvent::builder("inner").run(|| WideEvent::builder("innermost").run(|| ()));
    });
    WideEvent::builder("after").run(|| ());
    for name in ["outer", "inner", "innermost"] {
        assert_eq!(events.one(name)["tenant.id"], 7, "{name}");
    }
    for name in ["before", "after"] {
        assert!(events.one(name).get("tenant.id").is_none(), "{name}");
    }
}

#[test]
fn without_a_unit_no_expression_is_evaluated() {
    let _events = capture();
    let evaluated = Cell::new(0);
    let count = || {
        evaluated.set(evaluated.get() + 1);
        1
    };
    let everything = || {
        ode::set! { a = count(), [format!("b{}", count())] = 1 };
        ode::set_inherited! { a = count() };
        ode::incr! { b += count() };
        ode::append! { c += count() };
    };
    everything();
    assert_eq!(evaluated.get(), 0);
    WideEvent::builder("unit").run(everything);
    assert_eq!(evaluated.get(), 5);
}

#[test]
fn values_are_evaluated_once_and_in_order() {
    let order = Cell::new(0);
    let next = || {
        order.set(order.get() + 1);
        order.get()
    };
    let event = recorded(|| ode::set! { a = next(), b = next(), c = next() });
    for (key, expected) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(event[key], expected, "{key}");
    }
}

#[test]
fn values_may_await_and_leave_the_function() {
    async fn work(text: &str) -> Result<(), std::num::ParseIntError> {
        ode::set! { before = ready(1).await, parsed = text.parse::<u8>()?, after = ready(2).await };
        Ok(())
    }
    let events = capture();
    for (name, text) in [("good", "5"), ("bad", "x")] {
        let unit = WideEvent::builder(name).run_async(async {
            ode::set! { left.early = work(text).await.is_err() };
        });
        block_on(unit);
    }
    let good = events.one("good");
    assert_eq!(good["before"], 1);
    assert_eq!(good["parsed"], 5);
    assert_eq!(good["after"], 2);
    let bad = events.one("bad");
    assert_eq!(bad["before"], 1);
    assert_eq!(bad["left.early"], true);
    assert!(bad.get("after").is_none());
}

/// A value whose own code writes to the event: nothing of ode's may be held meanwhile.
#[test]
fn values_may_record_fields_themselves() {
    let event = recorded(|| {
        ode::set! { outer = { ode::set! { inner = 1 }; 2 }, formatted = %Nosy };
    });
    assert_eq!(event["inner"], 1);
    assert_eq!(event["outer"], 2);
    assert_eq!(event["formatted"], "nosy");
    assert_eq!(event["nosy.was.formatted"], true);
}

struct Nosy;

impl std::fmt::Display for Nosy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        ode::set! { nosy.was.formatted = true };
        f.write_str("nosy")
    }
}
