//! Keys: what they may be, and what happens to those that ode itself writes.

use std::time::Duration;

use ode_core::{Value, WideEvent, append, current, incr, set};

use crate::support::capture;

#[test]
fn dotted_and_unicode_keys_are_kept_as_they_are() {
    let events = capture();
    let runtime =
        ["a.b.c", "größe", "日本", "with space", "quote\"and\\slash", "line\nbreak", "😀.x"];
    WideEvent::builder("unit").run(|| {
        set! { order.line.count = 1, "Ünï.cödé" = 2 };
        for key in runtime {
            current().set(key, key.len());
        }
    });
    let event = events.one("unit");
    assert_eq!(event["order.line.count"], 1);
    assert_eq!(event["Ünï.cödé"], 2);
    for key in runtime {
        assert_eq!(event[key], key.len());
    }
}

#[test]
fn an_empty_run_time_key_is_an_underscore() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        current().set("", 1);
        let runtime = String::new();
        set! { [runtime] = 2 };
    });
    let event = events.one("unit");
    assert_eq!(event["_"], 2);
    assert_eq!(event.field_count(), 1);
}

#[test]
fn a_counter_under_an_odd_key_is_one_field() {
    let events = capture();
    let (empty, long, reserved) = (String::new(), "k".repeat(3_000), String::from("outcome"));
    WideEvent::builder("unit").run(|| {
        for _ in 0..1_000 {
            incr! { [empty], [long], [reserved] };
        }
    });
    let event = events.one("unit");
    assert_eq!(event["_"], 1_000);
    assert_eq!(event["field.outcome"], 1_000);
    assert_eq!(event[&*"k".repeat(1_024)], 1_000);
    assert_eq!(event.outcome(), "ok");
}

#[test]
fn a_very_long_key_is_cut_at_a_character_and_says_so() {
    let events = capture();
    let long = "é".repeat(100_000);
    WideEvent::builder("unit").run(|| {
        current().set(&long, 1).set("short", 2);
    });
    let event = events.one("unit");
    let kept = "é".repeat(512);
    assert_eq!(event[&*kept], 1);
    assert_eq!(event["ode.truncated_fields"], [kept]);
}

#[test]
fn reserved_keys_move_out_of_the_way() {
    let events = capture();
    let reserved = [
        "timestamp",
        "name",
        "outcome",
        "duration_ns",
        "event_id",
        "trace_id",
        "span_id",
        "parent_span_id",
        "sample_rate",
        "build_id",
        "build.source",
        "service.name",
        "service.version",
        "vcs.ref.head.revision",
        "deployment.environment.name",
        "host.name",
        "process.pid",
        "declined.reason",
        "cancelled.cause",
        "error.type",
        "error.message",
        "error.chain",
        "error.own",
        "held_ns",
        "incomplete",
        "ode.truncated_fields",
        "ode.anything",
        "flag.x.variant",
        "change.x.stage",
        "would.x",
        "did.x",
        "experiment.x",
        "timed.x.count",
        "sample.x",
        "field.x",
        "name.first",
        "error",
        "ode",
        "host",
        "service",
    ];
    WideEvent::builder("unit").run(|| {
        for key in reserved {
            current().set(key, format!("mine: {key}"));
        }
    });
    let event = events.one("unit");
    assert_eq!(event.name(), "unit");
    assert_eq!(event.outcome(), "ok");
    for key in reserved {
        assert_eq!(event[&*format!("field.{key}")], format!("mine: {key}"));
        assert!(event.fields().all(|(known, _)| known != key), "{key} was overwritten");
    }
    assert_eq!(event["ode.renamed_fields"], reserved.len());
    assert_eq!(event.field_count(), reserved.len() + 1);
}

#[test]
fn every_way_of_recording_respects_reserved_keys() {
    let events = capture();
    let keys = [String::from("outcome"), String::from("error.type"), String::from("name")];
    let [outcome, kind, name] = &keys;
    let mut unit = WideEvent::builder("unit").start();
    unit.set("trace_id", 1).set_inherited("span_id", 2);
    unit.handle().set("timestamp", 3);
    unit.run(|| {
        append! { [outcome] += "a" };
        incr! { [kind] += 5 };
        ode_core::set_inherited! { [name] = 6 };
    });
    let event = events.one("unit");
    assert_eq!(event["field.trace_id"], 1);
    assert_eq!(event["field.span_id"], 2);
    assert_eq!(event["field.timestamp"], 3);
    assert_eq!(event["field.outcome"], ["a"]);
    assert_eq!(event["field.error.type"], 5);
    assert_eq!(event["field.name"], 6);
    assert_eq!(event["ode.renamed_fields"], 6);
    assert_eq!(event.outcome(), "ok");
}

#[test]
fn a_field_moved_twice_is_one_renamed_field() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        current().set("name", 1).set("name", 2);
    });
    let event = events.one("unit");
    assert_eq!(event["field.name"], 2);
    assert_eq!(event["ode.renamed_fields"], 1);
}

/// A duration's key gets a suffix, and it is the whole key that must not be ode's.
#[test]
fn a_duration_cannot_slip_into_a_reserved_key() {
    let events = capture();
    let second = Duration::from_secs(1);
    WideEvent::builder("unit").run(|| {
        set! { duration = second };
        current().set("held", second).set("duration_ns", second);
        current().set("ode.own", second).set("error", second);
    });
    let event = events.one("unit");
    let keys: Vec<_> = event.fields().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(
        keys,
        [
            "field.duration_ns",
            "field.held_ns",
            "field.ode.own_ns",
            "error_ns",
            "ode.renamed_fields"
        ]
    );
    assert_ne!(event["duration_ns"], 1_000_000_000);
    assert_eq!(event["field.duration_ns"], 1_000_000_000);
}

#[test]
fn keys_that_only_look_reserved_stay() {
    let events = capture();
    let free = ["names", "user.name", "host.arch", "timeds", "outcomes", "service.instance.id"];
    WideEvent::builder("unit").run(|| {
        for key in free {
            current().set(key, Value::Bool(true));
        }
    });
    let event = events.one("unit");
    for key in free {
        assert_eq!(event[key], true);
    }
    event.assert_absent("ode.renamed_fields");
}

#[test]
fn one_key_written_every_way_is_one_field() {
    let events = capture();
    let mut unit = WideEvent::builder("unit").start();
    unit.set("k", 0);
    unit.handle().set("k", 1);
    unit.run(|| {
        set! { k = 2 };
        set! { "k" = 3 };
        set! { ["k".to_owned()] = 4 };
        current().set("k", 5);
        ode_core::set_inherited! { k = 6 };
        ode_core::root().set("k", 7);
    });
    let event = events.one("unit");
    assert_eq!(event.field_count(), 1);
    assert_eq!(event["k"], 7);
}
