//! The list of messages, its bound, and what is counted beyond.

use std::time::Duration;

use ode::OwnedValue;
use ode::testing::{Capture, Captured, TestClock};
use tracing::{debug, error, info, warn};
use tracing_subscriber::prelude::*;

use crate::support::{messages, unit_beside};

fn unit(layer: ode::tracing::Layer, work: impl FnOnce()) -> Captured {
    unit_beside(tracing_subscriber::registry().with(layer), work)
}

#[test]
fn time_level_target_and_text() {
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    let subscriber = tracing_subscriber::registry().with(ode::tracing::layer());
    tracing::subscriber::with_default(subscriber, || {
        ode::WideEvent::builder("unit").run(|| {
            info!(target: "shop", "begun");
            clock.advance(Duration::from_nanos(1_204_999));
            warn!(target: "shop::stock", sku = 4, "stock is {}", "low");
            clock.advance(Duration::from_secs(61));
            error!(target: "shop", "two\nlines");
        });
    });
    let expected = [
        "+0.000000s INFO shop: begun",
        "+0.001204s WARN shop::stock: stock is low",
        "+61.001204s ERROR shop: two\\nlines",
    ];
    assert_eq!(events.one("unit")["log.message"], expected);
}

#[test]
fn a_single_message_is_a_list_too() {
    let event = unit(ode::tracing::layer(), || info!("alone"));
    assert!(matches!(&event["log.message"], OwnedValue::Array(list) if list.len() == 1));
}

#[test]
fn a_message_of_any_type() {
    let event = unit(ode::tracing::layer(), || {
        info!(message = "as a field");
        info!(message = 42);
        info!(message = ?Some(1));
    });
    let said =
        ["as a field", "42", "Some(1)"].map(|text| format!("INFO tracing::messages: {text}"));
    assert_eq!(messages(&event), said);
}

fn burst() {
    for number in 0..10 {
        warn!(number, "warning {number}");
        error!(number, "error {number}");
    }
    debug!("below the level");
}

#[test]
fn past_the_bound_messages_are_counted_and_fields_are_not_lost() {
    let event = unit(ode::tracing::layer().max_messages(3), burst);
    assert_eq!(
        messages(&event),
        [
            "WARN tracing::messages: warning 0",
            "ERROR tracing::messages: error 0",
            "WARN tracing::messages: warning 1",
        ]
    );
    assert_eq!(event["log.dropped_count"], 17);
    assert_eq!(event["log.warn_count"], 10);
    assert_eq!(event["log.error_count"], 10);
    assert_eq!(event["log.number"], 9);
}

#[test]
fn without_messages_counts_and_fields_are_there() {
    let event = unit(ode::tracing::layer().messages(false), burst);
    assert_eq!(messages(&event), [""; 0]);
    event.assert_absent("log.dropped_count");
    assert_eq!(event["log.warn_count"], 10);
    assert_eq!(event["log.error_count"], 10);
    assert_eq!(event["log.number"], 9);
}

#[test]
fn thirty_two_unless_told_otherwise() {
    let event = unit(ode::tracing::layer(), || {
        for _ in 0..40 {
            info!("again");
        }
    });
    assert_eq!(messages(&event).len(), 32);
    assert_eq!(event["log.dropped_count"], 8);
    event.assert_absent("log.warn_count");
    event.assert_absent("log.error_count");
}

#[test]
fn each_unit_has_messages_of_its_own() {
    let events = ode::testing::capture();
    let subscriber = tracing_subscriber::registry().with(ode::tracing::layer().max_messages(1));
    tracing::subscriber::with_default(subscriber, || {
        ode::WideEvent::builder("outer").run(|| {
            info!("outer");
            ode::WideEvent::builder("inner").run(|| warn!(inner = true, "inner"));
            info!(after = true, "outer again");
        });
    });
    let (outer, inner) = (events.one("outer"), events.one("inner"));
    assert_eq!(messages(&outer), ["INFO tracing::messages: outer"]);
    assert_eq!(outer["log.dropped_count"], 1);
    assert_eq!(outer["log.after"], true);
    outer.assert_absent("log.warn_count");
    outer.assert_absent("log.inner");
    assert_eq!(messages(&inner), ["WARN tracing::messages: inner"]);
    inner.assert_absent("log.dropped_count");
}

#[test]
fn a_long_message_is_cut_and_marked() {
    let limits = ode::Limits::default().value_bytes(100);
    let events = Capture::builder().limits(limits).start();
    let subscriber = tracing_subscriber::registry().with(ode::tracing::layer());
    tracing::subscriber::with_default(subscriber, || {
        ode::WideEvent::builder("unit").run(|| info!(after = 1, "{}", "x".repeat(1_000)));
    });
    let event = events.one("unit");
    let said = messages(&event);
    assert!(said[0].starts_with("INFO tracing::messages: xxx") && said[0].len() < 100, "{said:?}");
    assert_eq!(event["ode.truncated_fields"], ["log.message"]);
    assert_eq!(event["log.after"], 1);
}
