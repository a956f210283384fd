//! Fields of spans, and the time that spans took.

use std::time::Duration;

use ode::WideEvent;
use ode::testing::{Capture, TestClock};
use tracing::level_filters::LevelFilter;
use tracing::{debug_span, field, info_span, trace_span};
use tracing_subscriber::prelude::*;

use crate::support::{messages, unit_beside};

fn load(cart: u64, secret: &str) -> usize {
    info_span!("load", cart, result = field::Empty).in_scope(|| {
        tracing::Span::current().record("result", secret.len());
        secret.len()
    })
}

#[test]
fn fields_of_spans_are_recorded_where_they_are_given() {
    let subscriber = tracing_subscriber::registry().with(ode::tracing::layer());
    let event = unit_beside(subscriber, || {
        let span = info_span!("part", a = 1, b = field::Empty, message = "text");
        span.record("b", "later");
        load(7, "hidden");
    });
    assert_eq!(event["log.a"], 1);
    assert_eq!(event["log.b"], "later");
    assert_eq!(event["log.cart"], 7);
    assert_eq!(event["log.result"], 6);
    assert_eq!(messages(&event), [""; 0], "a span says nothing");
    assert_eq!(event["field.log.message"], "text");
    event.assert_absent("timed.part.count");
}

#[test]
fn spans_go_by_the_rules_too() {
    let layer = ode::tracing::layer().target("noise", LevelFilter::OFF).time_spans(true);
    let event = unit_beside(tracing_subscriber::registry().with(layer), || {
        let low = debug_span!("low", low = 1, more = field::Empty);
        low.record("more", 2);
        let noise = info_span!(target: "noise", "noise", noise = 1);
        drop((low, noise));
        info_span!("heard", heard = 1).in_scope(|| ());
    });
    for absent in ["log.low", "log.more", "log.noise", "timed.low.count", "timed.noise.count"] {
        event.assert_absent(absent);
    }
    assert_eq!(event["log.heard"], 1);
    assert_eq!(event["timed.heard.count"], 1);
}

/// Spans that stand for a unit say nothing that the unit does not know.
#[test]
fn spans_of_units_are_left_out() {
    for filtered in [false, true] {
        let layer = ode::tracing::layer().level(LevelFilter::TRACE).time_spans(true);
        let work = || {
            let span = info_span!("beside", trace_id = "1f", ode.unit = field::Empty);
            span.record("trace_id", "2f");
        };
        let registry = tracing_subscriber::registry();
        let event = if filtered {
            unit_beside(registry.with(layer.filtered()), work)
        } else {
            unit_beside(registry.with(layer), work)
        };
        event.assert_absent("log.trace_id");
        event.assert_absent("timed.beside.count");
    }
}

#[test]
fn time_goes_to_the_unit_that_is_current_at_the_close() {
    let clock = TestClock::new();
    let events = Capture::builder().clock(&clock).start();
    let layer = ode::tracing::layer().time_spans(true);
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        WideEvent::builder("outer").run(|| {
            for _ in 0..3 {
                info_span!("query").in_scope(|| clock.advance(Duration::from_millis(2)));
            }
            let idle = info_span!("idle");
            clock.advance(Duration::from_millis(5));
            drop(idle);
            let crosses = info_span!("crosses");
            WideEvent::builder("inner").run(|| {
                clock.advance(Duration::from_millis(1));
                drop(crosses);
            });
        });
        let left_over = WideEvent::builder("gone").run(|| info_span!("left_over"));
        drop(left_over);
    });
    let outer = events.one("outer");
    assert_eq!(outer["timed.query.count"], 3);
    assert_eq!(outer["timed.query.total_ns"], 6_000_000);
    assert_eq!(outer["timed.idle.total_ns"], 5_000_000, "from creation to close");
    outer.assert_absent("timed.crosses.count");
    assert_eq!(events.one("inner")["timed.crosses.total_ns"], 1_000_000);
    events.one("gone").assert_absent("timed.left_over.count");
    let stats = events.stats();
    assert_eq!((stats.orphan_writes, stats.late_writes), (0, 0), "a span is no write");
}

/// `instrument` on both: the span outside closes when the unit is over.
#[test]
fn a_span_from_before_the_unit_that_closes_in_it_counts() {
    let layer = ode::tracing::layer().time_spans(true).level(LevelFilter::TRACE);
    let subscriber = tracing_subscriber::registry().with(layer.clone()).with(layer);
    let events = ode::testing::capture();
    tracing::subscriber::with_default(subscriber, || {
        let before = trace_span!("before", late = field::Empty);
        WideEvent::builder("unit").run(|| {
            before.record("late", true);
            drop(before);
        });
    });
    let event = events.one("unit");
    assert_eq!(event["log.late"], true);
    assert_eq!(event["timed.before.count"], 1, "once, also with two layers");
}
