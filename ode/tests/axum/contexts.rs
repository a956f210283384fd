//! The caller's trace, believed or not.

use axum::Router;
use axum::routing::get;
use ode::tower::ServerLayer;
use serde_json::{Value, json};

use crate::site::{Site, has};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn ask(layer: ServerLayer, headers: &str) -> Value {
    let site = Site::axum(Router::new().route("/", get(|| async {})), layer);
    site.ask(&format!("GET / HTTP/1.1\r\nhost: a\r\n{headers}\r\n"));
    site.event()
}

fn traceparent() -> String {
    format!("traceparent: 00-{TRACE}-{SPAN}-01\r\nbaggage: tenant=t7,user=u1\r\n")
}

#[test]
fn a_stranger_becomes_a_link() {
    let event = ask(ServerLayer::new(), &traceparent());
    let link = format!("00-{TRACE}-{SPAN}-01");
    has(&event, &json!({ "parent_span_id": null, "links": [link], "baggage.tenant": null }));
    assert_ne!(event["trace_id"], TRACE);
}

#[test]
fn a_trusted_caller_becomes_the_parent() {
    let event = ask(ServerLayer::new().trust_remote_context(true), &traceparent());
    has(&event, &json!({ "parent_span_id": SPAN, "trace_id": TRACE, "links": null }));
}

#[test]
fn only_named_baggage_becomes_fields() {
    let layer = ServerLayer::new().trust_remote_context(true).baggage(["tenant"]);
    let event = ask(layer, &traceparent());
    has(&event, &json!({ "baggage.tenant": "t7", "baggage.user": null }));
}

#[test]
fn what_is_no_context_is_none() {
    for headers in ["", "traceparent: 00-zz-1-01\r\n"] {
        let event = ask(ServerLayer::new().trust_remote_context(true), headers);
        has(&event, &json!({ "parent_span_id": null, "links": null }));
    }
}

#[test]
fn baggage_without_a_context() {
    let event = ask(ServerLayer::new().baggage(["tenant"]), "baggage: tenant=t7\r\n");
    has(&event, &json!({ "baggage.tenant": "t7", "parent_span_id": null }));
}
