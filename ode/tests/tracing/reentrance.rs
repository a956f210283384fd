//! Fields whose formatting does something itself: says another record, records on the unit, opens
//! a unit, panics. Where a subscriber is global, such a record does reach the layers.

use std::fmt::{Debug, Display, Formatter, Result};

use ode::WideEvent;
use ode::testing::Captured;
use tracing::{Level, error, info, warn};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, prelude::*};

use crate::processes::run;
use crate::support::{Written, fmt, messages, unit_beside};

/// Formats as `done`, after running what it holds.
struct Acts<F>(F);

impl<F: Fn()> Debug for Acts<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        (self.0)();
        f.write_str("done")
    }
}

impl<F: Fn()> Display for Acts<F> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Debug::fmt(self, f)
    }
}

/// Every kind of formatting that should not be, in one record, between two plain fields.
fn work() {
    let says = Acts(|| warn!(said.inside = 1, "inside"));
    let says_deeper = Acts(|| warn!(deeper = ?Acts(|| warn!(deepest = 1, "deepest")), "deep"));
    let sets = Acts(|| ode::set! { set_inside = true });
    let opens = Acts(|| WideEvent::builder("opened").run(|| info!(in_opened = 1, "opened")));
    let spans = Acts(|| tracing::info_span!("span", in_span = 1).in_scope(|| ()));
    info!(
        before = 1,
        says = ?says,
        says_deeper = %says_deeper,
        sets = ?sets,
        opens = ?opens,
        spans = ?spans,
        after = 2,
        "outer {}",
        Acts(|| ode::set! { set_by_message = true })
    );
    info!(and_on = 3, "goes on");
}

fn panicking_work() {
    work();
    let panics = || Acts(|| panic!("while formatting"));
    info!(panics = ?panics(), after_panic = 4, "{}", panics());
}

fn assert_outer(event: &Captured) {
    for (key, value) in [("log.before", 1), ("log.after", 2), ("log.and_on", 3)] {
        assert_eq!(event[key], value);
    }
    for key in ["log.says", "log.says_deeper", "log.sets", "log.opens", "log.spans"] {
        assert_eq!(event[key], "done");
    }
    assert_eq!(event["set_inside"], true);
    assert_eq!(event["set_by_message"], true);
    let said = messages(event);
    assert!(said.contains(&"INFO tracing::reentrance: outer done".to_owned()), "{said:?}");
    assert!(said.contains(&"INFO tracing::reentrance: goes on".to_owned()), "{said:?}");
}

fn assert_caught(event: &Captured) {
    assert_eq!(event["log.panics"], "[panicked while formatting]");
    assert_eq!(event["log.after_panic"], 4);
    let said = messages(event);
    assert_eq!(said.last().unwrap(), "INFO tracing::reentrance: [panicked while formatting]");
}

/// tracing itself keeps records inside a record from a subscriber that is not global.
#[test]
fn beside_a_subscriber_of_a_scope() {
    let events = ode::testing::capture();
    let subscriber = tracing_subscriber::registry().with(ode::tracing::layer());
    tracing::subscriber::with_default(subscriber, || {
        WideEvent::builder("unit").run(panicking_work);
    });
    assert_outer(&events.one("unit"));
    assert_caught(&events.one("unit"));
    events.one("opened");
    assert_eq!(events.all().len(), 2);
}

#[test]
fn a_field_that_is_not_looked_at_is_not_formatted() {
    let layer = ode::tracing::layer().level(Level::WARN).messages(false);
    let event = unit_beside(tracing_subscriber::registry().with(layer), || {
        let never = || Acts(|| panic!("nobody asked"));
        info!(never = ?never(), "{}", never());
        error!("{}", never());
    });
    event.assert_absent("log.never");
    assert_eq!(event["log.error_count"], 1);
}

#[test]
fn beside_a_global_subscriber() {
    for stack in ["alone", "filtered", "last", "filtered last", "first", "filtered first", "shown"]
    {
        run(&format!("reentrance/{stack}"));
    }
}

pub(crate) fn play(stack: &str) {
    let written = Written::default();
    let ode = ode::tracing::layer;
    let registry = tracing_subscriber::registry();
    let error = || EnvFilter::new("error");
    match stack {
        "alone" => registry.with(ode()).init(),
        "filtered" => registry.with(ode().filtered()).init(),
        "last" => registry.with(fmt(&written).with_filter(error())).with(ode()).init(),
        "filtered last" => {
            registry.with(fmt(&written).with_filter(error())).with(ode().filtered()).init();
        }
        "shown" => {
            let debug = EnvFilter::new("debug");
            registry.with(fmt(&written).with_filter(debug)).with(ode().filtered()).init();
        }
        "first" => registry.with(ode()).with(fmt(&written).with_filter(error())).init(),
        _ => registry.with(ode().filtered()).with(fmt(&written).with_filter(error())).init(),
    }
    let events = ode::testing::capture();
    if stack == "shown" {
        // What is said while fmt formats takes the place, in the state of the per-layer filters, of
        // what fmt formats: ode is shown that, and looks at its rules again.
        WideEvent::builder("unit").run(|| {
            tracing::debug!(unwanted = ?Acts(|| warn!("inside")), "not wanted");
        });
        assert!(written.text().contains("not wanted"));
        let event = events.one("unit");
        event.assert_absent("log.unwanted");
        assert!(!messages(&event).iter().any(|said| said.ends_with("not wanted")));
        return;
    }
    if stack.ends_with("first") {
        // What is said while ode formats mixes up the state of the per-layer filters that come
        // after it: fmt is shown what it did not want. ode loses nothing by it.
        WideEvent::builder("unit").run(work);
        assert_outer(&events.one("unit"));
        return;
    }
    // A task that joins writes behind a lock: what is formatted there must not run under it.
    WideEvent::builder("unit").run(panicking_work);
    WideEvent::builder("joined").run(|| {
        let task = ode::in_event(panicking_work);
        std::thread::scope(|scope| scope.spawn(task).join().unwrap());
    });
    for unit in ["unit", "joined"] {
        let event = events.one(unit);
        assert_outer(&event);
        assert_caught(&event);
        // What was said while formatting is there too.
        for key in ["log.said.inside", "log.deepest", "log.in_span"] {
            assert_eq!(event[key], 1);
        }
        assert_eq!(event["log.deeper"], "done");
        assert_eq!(event["log.warn_count"], 3);
        assert_eq!(messages(&event).len(), 6);
    }
    let opened: Vec<_> = events.all().into_iter().filter(|e| e.name() == "opened").collect();
    for event in &opened {
        assert_eq!(messages(event), ["INFO tracing::reentrance: opened"]);
        assert_eq!(event["log.in_opened"], 1);
    }
    assert_eq!((opened.len(), events.all().len()), (2, 4));
    let stats = events.stats();
    assert_eq!((stats.orphan_writes, stats.late_writes), (0, 0));
    assert_eq!(written.text(), "", "ode being there prints nothing");
}
