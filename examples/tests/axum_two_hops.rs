//! Two services: one event a request at each, in one trace, with what was logged.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]

mod program;

use std::process::{Command, Output};

use serde_json::Value;

fn run(logs: &str) -> (Vec<Value>, String) {
    let Output { status, stdout, stderr } = Command::new(program::path("axum_two_hops"))
        .env_remove("ODE_OUTPUT")
        .env("RUST_LOG", logs)
        .env("NO_COLOR", "1")
        // Printing one takes longer than the shop waits, where the machine is busy.
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{stderr}");
    let events = str::from_utf8(&stdout).unwrap().lines();
    (events.map(|line| serde_json::from_str(line).unwrap()).collect(), stderr)
}

/// The events of one order: at the shop, and at the stock.
#[track_caller]
fn order<'e>(events: &'e [Value], item: &str) -> (&'e Value, &'e Value) {
    let one = |path: String| {
        let mut of_path = events.iter().filter(|event| event["url.path"] == path.as_str());
        let event = of_path.next().unwrap_or_else(|| panic!("no event of {path}: {events:#?}"));
        assert!(of_path.next().is_none(), "one event a request");
        event
    };
    let (shop, stock) = (one(format!("/orders/{item}")), one(format!("/items/{item}")));
    assert_eq!(shop["name"], "GET /orders/{item}");
    assert_eq!(stock["name"], "GET /items/{item}");
    assert_eq!(stock["trace_id"], shop["trace_id"], "one trace");
    assert_eq!(stock["parent_span_id"], shop["span_id"], "the stock was asked by the shop");
    assert!(shop.get("parent_span_id").is_none(), "and the shop by nobody we know");
    assert_eq!(shop["log.item"], item);
    (shop, stock)
}

#[track_caller]
fn ended(event: &Value, outcome: &str, key: &str, value: &str) {
    assert_eq!((&event["outcome"], &event[key]), (&outcome.into(), &value.into()), "{event:#}");
}

#[test]
fn each_order_is_an_event_at_both_services() {
    let (events, logs) = run("info");
    let requests = events.iter().filter(|event| event.get("url.path").is_some());
    assert_eq!(requests.count(), 8);

    let (shop, stock) = order(&events, "cup");
    ended(shop, "ok", "order.item", "cup");
    assert_eq!(shop["http.response.status_code"], 200);
    assert_eq!(shop["timed.http.client.count"], 1);
    assert_eq!(stock["outcome"], "ok");
    assert_eq!(stock["log.left"], 4, "a number stays a number");
    let message = stock["log.message"][0].as_str().unwrap();
    assert!(message.ends_with("taken from the shelf"), "{message}");

    let (shop, stock) = order(&events, "sofa");
    ended(shop, "declined", "declined.reason", "http_404");
    ended(stock, "declined", "declined.reason", "http_404");
    assert_eq!(shop["http.client.error_count"], 1);
    assert_eq!(stock["log.warn_count"], 1);

    let (shop, stock) = order(&events, "slow");
    ended(shop, "cancelled", "cancelled.cause", "deadline");
    ended(stock, "cancelled", "cancelled.cause", "client_gone");
    assert_eq!(shop["timed.http.client.count"], 1, "the time it waited in vain");

    let (shop, stock) = order(&events, "broken");
    ended(shop, "error", "error.type", "502");
    assert_eq!(stock["outcome"], "panicked");

    for status in ["cup: 200", "sofa: 404", "slow: 503", "broken: 502"] {
        assert!(logs.contains(status), "{status} in {logs}");
    }
    // The same logs as ever, which now say where they belong.
    let (shop, _) = order(&events, "cup");
    let line = logs.lines().find(|line| line.contains("order came in") && line.contains("cup"));
    let line = line.unwrap_or_else(|| panic!("{logs}"));
    assert!(line.contains(shop["trace_id"].as_str().unwrap()), "{line}");
}

#[test]
fn a_filter_of_other_layers_takes_nothing_from_the_events() {
    let (events, logs) = run("off");
    assert!(!logs.contains("order came in"), "{logs}");
    let (shop, stock) = order(&events, "cup");
    assert_eq!(shop["log.message"].as_array().map(Vec::len), Some(1));
    assert_eq!(stock["log.left"], 4);
}
