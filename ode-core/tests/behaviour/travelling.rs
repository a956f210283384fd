//! From a request to its unit, and from a unit to the calls it makes.

use std::collections::BTreeMap;

use ode_core::propagation::{extract, inject, outgoing, set_baggage};
use ode_core::testing::capture;
use ode_core::{Incoming, OwnedValue, TraceContext, WideEvent, in_event};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn came_in() -> Incoming {
    extract(&[
        ("traceparent", PARENT),
        ("tracestate", "ot=th:8,vendor=x"),
        ("baggage", "tenant=acme,secret=4111"),
    ])
}

fn sent() -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    if let Some(outgoing) = outgoing() {
        outgoing.inject(&mut headers);
    }
    headers
}

fn trace_of(traceparent: &str) -> &str {
    traceparent.get(3..35).unwrap()
}

fn own_traceparent() -> Option<String> {
    ode_core::current().trace_context().map(TraceContext::to_traceparent)
}

#[test]
fn a_trusted_context_is_the_parent_and_travels_on() {
    let events = capture();
    let incoming = came_in().trust_remote_context(true).allow_baggage(&["tenant"]);
    let (here, below, elsewhere) = WideEvent::builder("request").incoming(&incoming).run(|| {
        let below = WideEvent::builder("query").run(|| (own_traceparent(), sent()));
        let elsewhere = std::thread::scope(|scope| scope.spawn(in_event(sent)).join().unwrap());
        ((own_traceparent(), sent()), below, elsewhere)
    });
    let remote = TraceContext::from_traceparent(PARENT).unwrap();
    let (request, query) = (events.one("request"), events.one("query"));
    assert_eq!(request.parent_span_id(), Some(remote.span_id()));
    for event in [&request, &query] {
        assert_eq!(event.trace_context().trace_id(), remote.trace_id());
        assert_eq!(event["trace_state"], "ot=th:8,vendor=x");
        assert_eq!(event["baggage.tenant"], "acme");
        assert!(event.get("baggage.secret").is_none() && event.get("links").is_none());
    }
    for (own, headers) in [&here, &below] {
        assert_eq!(headers.get("traceparent"), own.as_ref());
        assert_eq!(headers["tracestate"], "ot=th:8,vendor=x");
        assert_eq!(headers["baggage"], "tenant=acme");
    }
    assert_eq!(elsewhere, here.1, "a task that joined sends what the unit sends");
}

#[test]
fn a_context_that_is_not_trusted_is_a_link() {
    let events = capture();
    let headers = WideEvent::builder("request").incoming(&came_in()).run(sent);
    let event = events.one("request");
    assert_eq!(event.parent_span_id(), None);
    assert_ne!(trace_of(&event.trace_context().to_traceparent()), trace_of(PARENT));
    assert_eq!(event["links"], OwnedValue::Array(vec![OwnedValue::Str(PARENT.to_owned())]));
    assert!(event.get("trace_state").is_none() && event.get("baggage.tenant").is_none());
    assert_eq!(headers.keys().collect::<Vec<_>>(), ["traceparent"]);
}

#[test]
fn nothing_that_came_in_is_nothing_on_the_unit() {
    let events = capture();
    let incoming = Incoming::default().trust_remote_context(true);
    WideEvent::builder("outer").run(|| {
        WideEvent::builder("request").incoming(&incoming).run(|| ());
    });
    let outer = events.one("outer");
    let event = events.one("request");
    assert_eq!(event.parent_span_id(), Some(outer.trace_context().span_id()));
    assert_eq!(event.field_count(), 0);
}

#[test]
fn the_state_of_one_trace_does_not_travel_in_another() {
    let events = capture();
    let incoming = came_in().trust_remote_context(true).allow_baggage(&["tenant"]);
    let other =
        TraceContext::from_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .unwrap();
    let headers = WideEvent::builder("request").incoming(&incoming).run(|| {
        let root = WideEvent::builder("root").root().run(sent);
        (WideEvent::builder("other").parent(other).run(sent), root)
    });
    assert!(events.one("other").get("trace_state").is_none());
    assert_eq!(trace_of(&headers.0["traceparent"]), trace_of(&other.to_traceparent()));
    assert!(!headers.0.contains_key("tracestate") && !headers.1.contains_key("tracestate"));
    assert_eq!(headers.0["baggage"], "tenant=acme", "baggage belongs to the request");
}

#[test]
fn baggage_set_here_travels_and_a_call_to_strangers_has_none() {
    let events = capture();
    let (with, without) = WideEvent::builder("request").run(|| {
        set_baggage("tenant", "späti & co");
        set_baggage("tenant", "acme, inc");
        set_baggage("no token", "stays here");
        WideEvent::builder("call").run(|| {
            let mut headers = BTreeMap::new();
            assert!(inject(&mut headers));
            (sent(), headers)
        })
    });
    assert_eq!(with["baggage"], "tenant=acme%2C%20inc");
    assert!(!without.contains_key("baggage"));
    assert_eq!(events.one("call")["baggage.tenant"], "acme, inc");
    assert_eq!(events.one("call")["baggage.no token"], "stays here");
}

#[test]
fn without_a_unit_nothing_is_sent() {
    let mut headers = BTreeMap::from([("traceparent".to_owned(), PARENT.to_owned())]);
    assert!(!inject(&mut headers));
    assert!(outgoing().is_none());
    assert_eq!(headers["traceparent"], PARENT);
}
