//! Where a unit stands: `root`, `parent`, `join`, `skip_if`.

use futures::executor::block_on;
use ode::testing::capture;
use ode::{TraceContext, WideEvent, instrument_event};

#[instrument_event(root)]
fn rooted() {}

#[instrument_event(parent = context)]
fn continued(context: Option<TraceContext>) {}

#[instrument_event(parent = context)]
async fn continued_async(context: Option<TraceContext>) {}

#[instrument_event(join, fields(joined = true))]
fn joining() {}

#[instrument_event(join, fields(joined = true))]
async fn joining_async() {}

#[test]
fn a_root_has_no_parent() {
    let events = capture();
    WideEvent::builder("outer").run(rooted);
    let event = events.one("rooted");
    assert_eq!(event.parent_span_id(), None);
    assert_ne!(event.trace_context().trace_id(), events.one("outer").trace_context().trace_id());
}

#[test]
fn a_parent_may_come_from_elsewhere() {
    let events = capture();
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let context = TraceContext::from_traceparent(header).expect("a header");
    continued(Some(context));
    block_on(continued_async(Some(context)));
    for name in ["continued", "continued_async"] {
        let event = events.one(name);
        assert_eq!(event.trace_context().trace_id(), context.trace_id(), "{name}");
        assert_eq!(event.parent_span_id(), Some(context.span_id()), "{name}");
    }
}

#[test]
fn no_parent_given_means_the_current_unit() {
    let events = capture();
    WideEvent::builder("outer").run(|| continued(None));
    let outer = events.one("outer").trace_context().span_id();
    assert_eq!(events.one("continued").parent_span_id(), Some(outer));
}

#[test]
fn joining_adds_to_the_current_unit() {
    let events = capture();
    WideEvent::builder("outer").run(|| {
        joining();
        ode::set! { after = true };
    });
    events.none("joining");
    let event = events.one("outer");
    assert_eq!(event["joined"], true);
    assert_eq!(event["after"], true);
}

#[test]
fn joining_opens_a_unit_when_there_is_none() {
    let events = capture();
    joining();
    block_on(joining_async());
    assert_eq!(events.one("joining")["joined"], true);
    assert_eq!(events.one("joining_async")["joined"], true);
}

#[test]
fn an_async_fn_joins_too() {
    let events = capture();
    block_on(WideEvent::builder("outer").run_async(joining_async()));
    events.none("joining_async");
    assert_eq!(events.one("outer")["joined"], true);
}

#[instrument_event(skip_if = path == "/health", fields(path), ok_fields(|v| seen = v))]
fn skipping(path: &str) -> u8 {
    ode::set! { body = path };
    1
}

#[instrument_event(skip_if = path == "/health", fields(path), ok_fields(|v| seen = v))]
async fn skipping_async(path: &str) -> u8 {
    ode::set! { body = path };
    1
}

#[test]
fn a_skipped_body_runs_without_a_unit_of_its_own() {
    let events = capture();
    assert_eq!(skipping("/health") + skipping("/cart"), 2);
    assert_eq!(block_on(skipping_async("/health")) + block_on(skipping_async("/cart")), 2);
    for name in ["skipping", "skipping_async"] {
        let event = events.one(name);
        assert_eq!(event["path"], "/cart", "{name}");
        assert_eq!(event["seen"], 1, "{name}");
    }
}

/// What the body writes goes to the unit around it; what the attribute writes goes nowhere.
#[test]
fn a_skipped_body_still_sees_the_unit_around_it() {
    let events = capture();
    WideEvent::builder("outer").run(|| skipping("/health"));
    let event = events.one("outer");
    assert_eq!(event["body"], "/health");
    assert!(event.get("path").is_none());
    assert!(event.get("seen").is_none());
}
