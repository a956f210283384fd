//! What becomes of the fields of an event.

use std::error::Error;
use std::{fmt, io};

use ode::OwnedValue;
use ode::testing::Captured;
use tracing::{info, warn};
use tracing_subscriber::prelude::*;

use crate::support::{messages, unit_beside};

fn unit(work: impl FnOnce()) -> Captured {
    unit_beside(tracing_subscriber::registry().with(ode::tracing::layer()), work)
}

#[derive(Debug)]
#[expect(dead_code, reason = "shown by `Debug`")]
struct Point {
    x: i32,
}

#[derive(Debug)]
struct Failed(io::Error);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no stock")
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn values_keep_their_types() {
    let error = Failed(io::Error::other("disk is gone"));
    let event = unit(|| {
        info!(
            u64 = u64::MAX,
            i64 = -7_i64,
            u8 = 7_u8,
            f64 = 1.5,
            flag = true,
            small_i128 = -5_i128,
            large_i128 = i128::from(u64::MAX),
            huge_i128 = i128::MIN,
            small_u128 = 5_u128,
            huge_u128 = u128::MAX,
            text = "plain",
            display = %Point2(3),
            debug = ?Point { x: 3 },
            error = &error as &(dyn Error + 'static),
            bytes = b"\x00\xff".as_slice(),
            absent = Option::<u64>::None,
            present = Some(3),
            a.dotted.name = 1,
            r#type = "keyword",
            "all of them"
        );
    });
    assert!(matches!(event["log.u64"], OwnedValue::U64(u64::MAX)));
    assert!(matches!(event["log.i64"], OwnedValue::I64(-7)));
    assert_eq!(event["log.u8"], 7);
    assert!(
        matches!(event["log.f64"], OwnedValue::F64(value) if value.to_bits() == 1.5_f64.to_bits())
    );
    assert_eq!(event["log.flag"], true);
    assert_eq!(event["log.small_i128"], -5);
    assert_eq!(event["log.large_i128"], u64::MAX);
    assert_eq!(event["log.huge_i128"], i128::MIN.to_string());
    assert_eq!(event["log.small_u128"], 5);
    assert_eq!(event["log.huge_u128"], u128::MAX.to_string());
    assert_eq!(event["log.text"], "plain");
    assert_eq!(event["log.display"], "<3>");
    assert_eq!(event["log.debug"], "Point { x: 3 }");
    assert_eq!(event["log.error"], "no stock: disk is gone");
    assert!(matches!(&event["log.bytes"], OwnedValue::Bytes(bytes) if bytes == b"\x00\xff"));
    event.assert_absent("log.absent");
    assert_eq!(event["log.present"], 3);
    assert_eq!(event["log.a.dotted.name"], 1);
    assert_eq!(event["log.type"], "keyword");
    assert_eq!(messages(&event), ["INFO tracing::fields: all of them"]);
}

struct Point2(i32);

impl fmt::Display for Point2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

#[test]
fn the_last_write_wins() {
    let event = unit(|| {
        for attempt in 1..=3 {
            info!(attempt, done = attempt == 3);
        }
    });
    assert_eq!(event["log.attempt"], 3);
    assert_eq!(event["log.done"], true);
    assert_eq!(messages(&event), [""; 0], "an event without a message adds none");
}

#[test]
fn names_that_are_taken_move() {
    let event = unit(|| {
        warn!(warn_count = 70, dropped_count = "x", message.length = 8, "one");
        ode::set! { log.own = 1 };
    });
    assert_eq!(event["log.warn_count"], 1);
    event.assert_absent("log.dropped_count");
    assert_eq!(event["field.log.warn_count"], 70);
    assert_eq!(event["field.log.dropped_count"], "x");
    assert_eq!(event["field.log.message.length"], 8);
    assert_eq!(event["ode.renamed_fields"], 3);
    assert_eq!(event["log.own"], 1);
    assert_eq!(messages(&event), ["WARN tracing::fields: one"]);
}

#[test]
fn a_prefix_of_ones_own_or_none() {
    let layer = || ode::tracing::layer().max_messages(1);
    let registry = tracing_subscriber::registry;
    let work = || {
        for _ in 0..2 {
            warn!(order = 7, name = "x", "low");
        }
    };
    let event = unit_beside(registry().with(layer().prefix("app.log.")), work);
    assert_eq!(event["app.log.order"], 7);
    assert_eq!(event["app.log.name"], "x");
    assert_eq!(event["app.log.warn_count"], 2);
    assert_eq!(event["app.log.dropped_count"], 1);
    event.assert_absent("log.order");

    let event = unit_beside(registry().with(layer().prefix("")), work);
    assert_eq!(event["order"], 7);
    assert_eq!(event["field.name"], "x", "ode's own name stays as it is");
    assert_eq!(event["name"], "unit");
    assert_eq!(event["warn_count"], 2);
    assert!(event.field("message").is_some());
}

#[test]
fn without_a_unit_nothing_happens() {
    let events = ode::testing::capture();
    let subscriber = tracing_subscriber::registry().with(ode::tracing::layer().time_spans(true));
    tracing::subscriber::with_default(subscriber, || {
        warn!(order = 7, "stock is low");
        let span = tracing::info_span!("outside", order = 7);
        span.in_scope(|| tracing::error!("gone"));
        span.record("order", 8);
    });
    assert!(events.all().is_empty());
    let stats = events.stats();
    assert_eq!((stats.opened, stats.orphan_writes, stats.late_writes), (0, 0, 0));
}
