//! Many requests over many connections at once.

use std::collections::HashSet;
use std::thread;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use ode::tower::ServerLayer;

use crate::site::{Site, has};

const REQUESTS: u64 = 10_000;
const CONNECTIONS: u64 = 64;

/// What becomes of the request of this number.
fn fate(n: u64) -> (u16, &'static str, Option<&'static str>) {
    match n % 5 {
        0 => (200, "ok", None),
        1 => (404, "declined", Some("http_404")),
        2 => (500, "error", None),
        3 => (200, "declined", Some("enough")),
        _ => (206, "ok", None),
    }
}

async fn answer(Path(n): Path<u64>) -> Response {
    ode::set! { n = n };
    tokio::task::yield_now().await;
    let (status, ..) = fate(n);
    if status == 206 {
        let pieces =
            ["one", "two", "three"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
        let body = Body::from_stream(futures::stream::iter(pieces));
        return (StatusCode::PARTIAL_CONTENT, body).into_response();
    }
    if n % 5 == 3 {
        ode::decline("enough");
    }
    (StatusCode::from_u16(status).unwrap(), n.to_string()).into_response()
}

#[test]
fn one_event_each_with_the_right_outcome() {
    let site = Site::axum(Router::new().route("/n/{n}", get(answer)), ServerLayer::new());
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let site = &site.address;
            thread::Builder::new()
                .spawn_scoped(scope, move || {
                    let mut client = crate::client::Client::connect(*site);
                    for n in (connection..REQUESTS).step_by(64) {
                        client.send(&format!("GET /n/{n} HTTP/1.1\r\nhost: a\r\n\r\n"));
                        let response = client.response();
                        assert_eq!(response.status, fate(n).0);
                        let expected =
                            if n % 5 == 4 { "onetwothree".to_owned() } else { n.to_string() };
                        assert_eq!(response.body, expected);
                    }
                })
                .unwrap();
        }
    });
    let mut seen = HashSet::new();
    for event in site.events(usize::try_from(REQUESTS).unwrap()) {
        let n = event["n"].as_u64().unwrap();
        let (status, outcome, reason) = fate(n);
        has(
            &event,
            &serde_json::json!({
                "name": "GET /n/{n}",
                "url.path": format!("/n/{n}"),
                "http.response.status_code": status,
                "outcome": outcome,
                "declined.reason": reason,
                "http.response.body.size": if n % 5 == 4 { 11 } else { n.to_string().len() },
            }),
        );
        assert!(seen.insert(n), "two events for {n}");
    }
    // That there are no more, and that the ledger is exact, is checked when the site ends.
}
