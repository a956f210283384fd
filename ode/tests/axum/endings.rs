//! Requests that do not end as they should.

use std::convert::Infallible;
use std::future::pending;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::Full;
use ode::tower::ServerLayer;
use serde_json::json;
use tower::{Layer, ServiceBuilder, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::site::{LONG, Site, has, quiet_panic};

/// The deadline of what is meant to run into it.
const SHORT: Duration = Duration::from_millis(20);

/// Sets a field when it is dropped.
struct AtTheEnd;

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        ode::set! { handler.dropped = true };
    }
}

/// `/stuck` says that it began and never answers; `/panic` panics.
fn app() -> (Router, Receiver<()>) {
    let (begun, wait): (SyncSender<()>, _) = sync_channel(1);
    let stuck = move || async move {
        let _last = AtTheEnd;
        begun.send(()).unwrap();
        pending::<()>().await;
    };
    let panics = || async {
        let _last = AtTheEnd;
        if true {
            quiet_panic();
        }
    };
    (Router::new().route("/stuck", get(stuck)).route("/panic", get(panics)), wait)
}

#[test]
fn the_client_goes_while_the_handler_works() {
    let (app, begun) = app();
    let site = Site::axum(app, ServerLayer::new());
    let mut client = site.connect();
    client.send("GET /stuck HTTP/1.1\r\nhost: a\r\n\r\n");
    begun.recv_timeout(LONG).unwrap();
    drop(client);
    has(
        &site.event(),
        &json!({
            "name": "GET /stuck",
            "outcome": "cancelled",
            "cancelled.cause": "client_gone",
            "handler.dropped": true,
            "http.response.status_code": null,
        }),
    );
}

#[test]
fn a_handler_panics() {
    let (app, _) = app();
    let site = Site::axum(app, ServerLayer::new());
    let mut client = site.connect();
    client.send("GET /panic HTTP/1.1\r\nhost: a\r\n\r\n");
    let expected = json!({ "outcome": "panicked", "handler.dropped": true });
    has(&site.event(), &expected);
    assert!(client.is_closed());
}

#[test]
fn a_panic_that_is_caught_inside_is_a_500() {
    let (app, _) = app();
    let site = Site::axum(app.layer(CatchPanicLayer::new()), ServerLayer::new());
    assert_eq!(site.get("/panic").status, 500);
    has(&site.event(), &json!({ "outcome": "error", "error.type": "500" }));
}

#[test]
fn a_panic_that_is_caught_outside_is_a_panic() {
    let (app, _) = app();
    let layers = ServiceBuilder::new().layer(CatchPanicLayer::new()).layer(ServerLayer::new());
    let site = Site::axum(app, layers);
    assert_eq!(site.get("/panic").status, 500);
    has(&site.event(), &json!({ "outcome": "panicked" }));
}

#[test]
fn a_timeout_inside_is_its_status() {
    let (app, _begun) = app();
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, SHORT);
    let site = Site::axum(app.layer(timeout), ServerLayer::new());
    assert_eq!(site.get("/stuck").status, 408);
    has(
        &site.event(),
        &json!({ "outcome": "declined", "declined.reason": "http_408", "handler.dropped": true }),
    );
}

#[test]
fn a_deadline_of_the_layer() {
    let (app, _begun) = app();
    let site = Site::axum(app, ServerLayer::new().deadline(SHORT));
    let answer = site.get("/stuck");
    assert_eq!((answer.status, answer.body.as_str()), (503, ""));
    has(
        &site.event(),
        &json!({
            "outcome": "cancelled",
            "cancelled.cause": "deadline",
            "handler.dropped": true,
            "http.response.status_code": 503,
            "request.id": answer.header("x-request-id").unwrap(),
        }),
    );
}

#[test]
fn a_deadline_that_is_kept() {
    let app = Router::new().route("/", get(|| async { "in time" }));
    let site = Site::axum(app, ServerLayer::new().deadline(LONG));
    assert_eq!(site.get("/").body, "in time");
    has(&site.event(), &json!({ "outcome": "ok" }));
}

#[test]
fn a_service_that_fails() {
    let service = service_fn(|_request: http::Request<hyper::body::Incoming>| async {
        Err::<http::Response<Full<Bytes>>, _>(std::io::Error::other("no backend"))
    });
    let site = Site::hyper(ServerLayer::new().layer(service));
    let mut client = site.connect();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    let event = site.event();
    has(
        &event,
        &json!({ "outcome": "error", "error.type": "error::Error", "error.message": "no backend" }),
    );
    assert!(client.is_closed());
}

/// Panics where the service is called, before there is a future.
#[test]
fn a_service_panics_when_called() {
    let service = service_fn(|_request: http::Request<hyper::body::Incoming>| {
        if true {
            quiet_panic();
        }
        async { Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::new()))) }
    });
    let site = Site::hyper(ServerLayer::new().layer(service));
    let mut client = site.connect();
    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    has(&site.event(), &json!({ "name": "GET", "outcome": "panicked" }));
    assert!(client.is_closed());
}
