//! The event ends with the body.

use std::convert::Infallible;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use axum::routing::get;
use bytes::Bytes;
use futures::Stream;
use ode::tower::ServerLayer;
use serde_json::json;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::site::{Site, has, quiet_panic};

/// What a test sends down a body; dropping the sender ends it.
type Piece = Result<Bytes, std::io::Error>;

/// A body that says when it is dropped.
struct Pieces(Receiver<Piece>);

impl Stream for Pieces {
    type Item = Piece;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Piece>> {
        let polled = self.0.poll_recv(cx);
        ode::incr! { body.polls };
        if matches!(&polled, Poll::Ready(Some(Ok(piece))) if piece == "panic") {
            quiet_panic();
        }
        polled
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        ode::set! { body.dropped = true };
    }
}

/// A site whose `/stream` sends what it is given.
fn streaming(length: Option<u64>) -> (Site, Sender<Piece>) {
    let (send, receive) = channel(8);
    let once = std::sync::Arc::new(std::sync::Mutex::new(Some(Pieces(receive))));
    let handler = move || async move {
        let mut response = Response::new(Body::from_stream(once.lock().unwrap().take().unwrap()));
        if let Some(length) = length {
            response.headers_mut().insert("content-length", length.into());
        }
        response
    };
    let app = Router::new().route("/stream", get(handler));
    (Site::axum(app, ServerLayer::new()), send)
}

const STREAM: &str = "GET /stream HTTP/1.1\r\nhost: a\r\n\r\n";

#[test]
fn a_stream_is_measured_to_its_end() {
    let (site, pieces) = streaming(None);
    let mut client = site.connect();
    client.send(STREAM);
    pieces.blocking_send(Ok("one".into())).unwrap();
    assert_eq!(client.head().status, 200);
    assert_eq!(client.chunk().as_deref(), Some("one"));
    site.no_event(); // the head is out, the event is not
    pieces.blocking_send(Ok("three".into())).unwrap();
    assert_eq!(client.chunk().as_deref(), Some("three"));
    drop(pieces);
    assert_eq!(client.chunk(), None);
    let event = site.event();
    has(&event, &json!({ "outcome": "ok", "http.response.body.size": 8, "body.dropped": true }));
    assert!(event["body.polls"].as_u64() >= Some(3), "{event:#}");
}

#[test]
fn a_body_dropped_half_way() {
    let (site, pieces) = streaming(None);
    let mut client = site.connect();
    client.send(STREAM);
    pieces.blocking_send(Ok("one".into())).unwrap();
    client.head();
    assert_eq!(client.chunk().as_deref(), Some("one"));
    drop(client);
    has(
        &site.event(),
        &json!({
            "outcome": "cancelled",
            "cancelled.cause": "client_gone",
            "http.response.status_code": 200,
            "http.response.body.size": 3,
            "body.dropped": true,
        }),
    );
}

#[test]
fn a_body_that_fails() {
    let (site, pieces) = streaming(None);
    let mut client = site.connect();
    client.send(STREAM);
    pieces.blocking_send(Ok("one".into())).unwrap();
    client.head();
    assert_eq!(client.chunk().as_deref(), Some("one"));
    pieces.blocking_send(Err(std::io::Error::other("the disk is gone"))).unwrap();
    has(
        &site.event(),
        &json!({
            "outcome": "error",
            "error.type": "error::Error",
            "error.message": "the disk is gone",
            "http.response.status_code": 200,
            "http.response.body.size": 3,
        }),
    );
    assert!(client.is_closed());
}

#[test]
fn a_body_that_panics() {
    let (site, pieces) = streaming(None);
    let mut client = site.connect();
    client.send(STREAM);
    pieces.blocking_send(Ok("panic".into())).unwrap();
    has(&site.event(), &json!({ "outcome": "panicked", "body.dropped": true }));
    assert!(client.is_closed());
}

#[test]
fn a_declared_length_is_the_end() {
    let (site, pieces) = streaming(Some(3));
    let mut client = site.connect();
    client.send(STREAM);
    pieces.blocking_send(Ok("one".into())).unwrap();
    assert_eq!(client.response().body, "one");
    // The sender lives: the body itself never says that it is over.
    let expected = json!({ "outcome": "ok", "http.response.body.size": 3, "body.dropped": true });
    has(&site.event(), &expected);
    drop(pieces);
}

#[test]
fn fewer_bytes_than_declared_are_no_end() {
    let (site, pieces) = streaming(Some(7));
    let mut client = site.connect();
    client.send(STREAM);
    pieces.blocking_send(Ok("one".into())).unwrap();
    client.head();
    drop(client);
    let expected = json!({ "outcome": "cancelled", "cancelled.cause": "client_gone" });
    has(&site.event(), &expected);
}

#[test]
fn answers_without_a_body() {
    let app = Router::new()
        .route("/text", get(|| async { "text" }))
        .route("/204", get(|| async { StatusCode::NO_CONTENT }))
        .route("/304", get(|| async { StatusCode::NOT_MODIFIED }))
        .route("/empty", get(|| async {}));
    let site = Site::axum(app, ServerLayer::new());
    for (method, path, status) in [
        ("HEAD", "/text", 200),
        ("GET", "/204", 204),
        ("GET", "/304", 304),
        ("GET", "/empty", 200),
        ("HEAD", "/nowhere", 404),
    ] {
        let mut client = site.connect();
        client.send(&format!("{method} {path} HTTP/1.1\r\nhost: a\r\n\r\n"));
        assert_eq!(client.head().status, status);
        let outcome = if status < 400 { "ok" } else { "declined" };
        has(
            &site.event(),
            &json!({
                "outcome": outcome,
                "http.request.method": method,
                "http.response.status_code": status,
                "http.response.body.size": 0,
            }),
        );
    }
}

/// Bodies that are there and that nobody asks for: hyper drops them unpolled.
#[test]
fn a_body_that_is_not_asked_for_is_complete() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let service = tower::service_fn(move |_request: http::Request<hyper::body::Incoming>| {
            let mut response =
                Response::new(http_body_util::Full::new(Bytes::from_static(b"unasked")));
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            async move { Ok::<_, Infallible>(response) }
        });
        let site = Site::hyper(tower::Layer::layer(&ServerLayer::new(), service));
        let mut client = site.connect();
        client.send(&format!("{method} / HTTP/1.1\r\nhost: a\r\n\r\n"));
        assert_eq!(client.head().status, status);
        has(&site.event(), &json!({ "outcome": "ok", "http.response.status_code": status }));
    }
}
