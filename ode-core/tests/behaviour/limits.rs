//! Limits: what does not fit is cut or dropped, never silently, and memory stays bounded.

use ode_core::testing::Capture;
use ode_core::{Limits, WideEvent, current, set};

use crate::support::{capture, capture_with};

fn limited(limits: Limits) -> crate::support::Events {
    capture_with(Capture::builder().limits(limits))
}

#[test]
fn fields_beyond_the_limit_are_dropped_and_counted() {
    let events = capture();
    WideEvent::builder("full").run(|| {
        for n in 0..4_096 {
            current().set(&format!("field_{n:05}"), n);
        }
    });
    let full = events.one("full");
    assert_eq!(full.field_count(), 4_096);
    full.assert_absent("ode.dropped_fields");
    for (name, written) in [("one more", 4_097), ("many more", 10_000)] {
        WideEvent::builder(name).run(|| {
            for n in 0..written {
                current().set(&format!("field_{n:05}"), n);
            }
        });
        let event = events.one(name);
        assert_eq!(event.field_count(), 4_097, "4,096 and the note");
        assert_eq!(event["field_00000"], 0);
        assert_eq!(event["field_04095"], 4_095);
        event.assert_absent("field_04096");
        assert_eq!(event["ode.dropped_fields"], written - 4_096);
    }
}

#[test]
fn fields_under_static_keys_are_limited_too() {
    let events = limited(Limits::default().fields(3));
    WideEvent::builder("unit").run(|| {
        set! { a = 1, b = 2, c = 3, d = 4, e = "five" };
        set! { a = 10 };
    });
    let event = events.one("unit");
    assert!(event["a"] == 10 && event["b"] == 2 && event["c"] == 3, "{event:?}");
    event.assert_absent("d");
    assert_eq!(event["ode.dropped_fields"], 2);
}

#[test]
fn known_fields_can_be_overwritten_when_the_event_is_full() {
    let events = limited(Limits::default().fields(4));
    WideEvent::builder("unit").run(|| {
        for round in 0..100 {
            for key in ["a", "b", "c", "d"] {
                current().set(key, round);
            }
        }
    });
    let event = events.one("unit");
    for key in ["a", "b", "c", "d"] {
        assert_eq!(event[key], 99);
    }
    event.assert_absent("ode.dropped_fields");
}

/// Which fields are dropped must not depend on how often the record was cleaned up meanwhile.
#[test]
fn a_dropped_field_is_counted_once_however_often_it_is_written() {
    let events = limited(Limits::default().fields(4));
    WideEvent::builder("unit").run(|| {
        set! { a = 1, b = 2, c = 3, d = 4 };
        for n in 0..1_000 {
            set! { e = n };
            current().set("f", n);
        }
    });
    let event = events.one("unit");
    assert_eq!(event["ode.dropped_fields"], 2);
    event.assert_absent("e");
}

#[test]
fn a_long_value_is_cut_at_a_character_and_listed() {
    let events = capture();
    let (long, fits) = ("é".repeat(40_000), "x".repeat(64 << 10));
    WideEvent::builder("unit").run(|| {
        set! { long, fits, shown = %long, debugged = ?long };
        current().set("bytes", vec![7_u8; 100_000]);
        set! { short = "s" };
    });
    let event = events.one("unit");
    let kept = "é".repeat(32 << 10);
    assert!(event["long"] == kept && event["shown"] == kept && event["fits"] == fits);
    assert!(event["bytes"] == ode_core::OwnedValue::Bytes(vec![7; 64 << 10]));
    assert_eq!(event["ode.truncated_fields"], ["long", "shown", "debugged", "bytes"]);
}

#[test]
fn a_value_overwritten_by_a_short_one_is_not_truncated() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { v = "x".repeat(100_000) };
        set! { v = "short" };
    });
    let event = events.one("unit");
    assert_eq!(event["v"], "short");
    event.assert_absent("ode.truncated_fields");
}

#[test]
fn long_lists_are_cut_and_listed() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { numbers = vec![1_u64; 100_000], texts = vec!["abc".repeat(1_000); 100] };
    });
    let event = events.one("unit");
    let bytes = event.size_hint();
    assert!(bytes < 160 << 10, "{bytes} bytes");
    assert_eq!(event["ode.truncated_fields"], ["numbers", "texts"]);
}

/// The same limits hold for what other tasks write.
#[test]
fn limits_hold_for_joined_writers() {
    let events = limited(Limits::default().value_bytes(100).fields(3));
    WideEvent::builder("unit").run(|| {
        let handle = current().handle();
        let long = "y".repeat(1_000);
        handle.set("text", &long).set("list", vec![1_u64; 1_000]);
        handle.run(|| set! { shown = %long, one_too_many = 4 });
    });
    let event = events.one("unit");
    assert_eq!(event["text"], "y".repeat(100));
    assert_eq!(event["shown"], "y".repeat(100));
    assert!(event.size_hint() < 1_000, "{event:?}");
    assert_eq!(event["ode.truncated_fields"], ["text", "list", "shown"]);
    assert_eq!(event["ode.dropped_fields"], 1);
}

#[test]
fn larger_limits_hold_for_joined_writers_too() {
    let events = limited(Limits::default().value_bytes(200_000));
    let long = "y".repeat(150_000);
    WideEvent::builder("unit").run(|| {
        let handle = current().handle();
        handle.set("text", &long);
        handle.run(|| set! { shown = %long });
    });
    let event = events.one("unit");
    assert!(event["text"] == long && event["shown"] == long, "{} bytes", event.size_hint());
    event.assert_absent("ode.truncated_fields");
}

#[test]
fn an_event_is_at_most_a_mebibyte() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        for n in 0..100 {
            current().set(&format!("value_{n:03}"), "v".repeat(60_000));
        }
        set! { small = 1 };
    });
    let event = events.one("unit");
    let text: usize = event
        .fields()
        .map(|(_, value)| if let ode_core::Value::Str(text) = value { text.len() } else { 0 })
        .sum();
    assert!(text <= 1 << 20, "{text} bytes of text");
    assert!(text > 900_000, "{text} bytes of text");
    assert!(event["value_000"] == "v".repeat(60_000));
    let kept = event.fields().filter(|(key, _)| key.starts_with("value_")).count();
    assert_eq!(event["ode.dropped_fields"], 100 - kept);
}

#[test]
fn the_last_value_of_a_million_writes_is_kept() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        set! { before = "stays" };
        for n in 0..1_000_000_u64 {
            set! { progress = n };
        }
        for n in 0..100_000_u64 {
            set! { note = %format_args!("at {n}"), ["dynamic".to_owned()] = "x" };
        }
    });
    let event = events.one("unit");
    assert_eq!(event["before"], "stays");
    assert_eq!(event["progress"], 999_999);
    assert_eq!(event["note"], "at 99999");
    // The event carries what its record held: overwritten values were thrown out on the way.
    assert!(event.size_hint() < 2 << 20, "{} bytes", event.size_hint());
    event.assert_absent("ode.dropped_fields");
}

#[test]
fn an_error_message_is_at_most_a_kibibyte() {
    let events = capture();
    let message = "ü".repeat(5_000);
    WideEvent::builder("unit")
        .run(|| ode_core::fail(ode_core::Failure::error("big").message(&message)));
    let event = events.one("unit");
    assert_eq!(event["error.message"], "ü".repeat(512));
    assert_eq!(event["ode.truncated_fields"], ["error.message"]);
}

#[test]
fn inherited_values_that_were_cut_say_so_below() {
    let events = limited(Limits::default().value_bytes(10));
    WideEvent::builder("outer").run(|| {
        ode_core::set_inherited! { user.agent = "a long, long text" };
        WideEvent::builder("inner").run(|| ());
    });
    for name in ["outer", "inner"] {
        assert_eq!(events.one(name)["ode.truncated_fields"], ["user.agent"], "{name}");
    }
}
