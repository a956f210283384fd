//! Servers and protocols other than axum on HTTP/1.

use std::convert::Infallible;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ode::tower::ServerLayer;
use serde_json::json;
use tokio::net::TcpStream;
use tower::{Layer, service_fn};

use crate::site::{Site, has};

#[test]
fn hyper_without_axum() {
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
        let length = request.into_body().collect().await.map_or(0, |body| body.to_bytes().len());
        ode::set! { seen.bytes = length };
        Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from_static(b"plain"))))
    });
    let site = Site::hyper(ServerLayer::new().layer(service));
    let answer = site.ask("PUT /a/b HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc");
    assert_eq!(answer.body, "plain");
    has(
        &site.event(),
        &json!({
            "name": "PUT",
            "http.route": null,
            "url.path": "/a/b",
            "seen.bytes": 3,
            "http.request.body.size": 3,
            "http.response.body.size": 5,
            "network.peer.address": null,
            "client.address": null,
            "outcome": "ok",
        }),
    );
}

#[test]
fn requests_on_one_connection_are_units_of_their_own() {
    let app = Router::new().route("/{n}", get(|| async { "ok" }));
    let site = Site::axum(app, ServerLayer::new());
    let mut client = site.connect();
    for n in 0..3 {
        client.send(&format!("GET /{n} HTTP/1.1\r\nhost: a\r\n\r\n"));
        assert_eq!(client.response().body, "ok");
    }
    let events = site.events(3);
    for (n, event) in events.iter().enumerate() {
        has(event, &json!({ "url.path": format!("/{n}"), "parent_span_id": null }));
    }
    assert_ne!(events[0]["trace_id"], events[1]["trace_id"]);
}

#[test]
fn http_2() {
    let app = Router::new().route("/cart/{id}", get(|| async { "three" }));
    let site = Site::axum(app, ServerLayer::new());
    let address = site.address;
    let body = site.run(async move {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let ask = |n: u32| {
            http::Request::builder()
                .uri(format!("http://shop.example:8443/cart/{n}"))
                .body(Empty::<Bytes>::new())
                .unwrap()
        };
        let (one, two) = (client.send_request(ask(1)), client.send_request(ask(2)));
        let (one, two) = (one.await.unwrap(), two.await.unwrap());
        let one = one.into_body().collect().await.unwrap().to_bytes();
        (one, two.into_body().collect().await.unwrap().to_bytes())
    });
    assert_eq!(body, (Bytes::from_static(b"three"), Bytes::from_static(b"three")));
    for event in site.events(2) {
        has(
            &event,
            &json!({
                "name": "GET /cart/{id}",
                "network.protocol.version": "2",
                "server.address": "shop.example",
                "server.port": 8443,
                "url.scheme": "http",
                "http.response.body.size": 5,
                "outcome": "ok",
            }),
        );
    }
}

#[test]
fn an_upgrade_ends_with_the_head() {
    let service = service_fn(|request: http::Request<hyper::body::Incoming>| async move {
        tokio::spawn(hyper::upgrade::on(request));
        let response = http::Response::builder()
            .status(101)
            .header("connection", "upgrade")
            .header("upgrade", "echo")
            .body(Empty::<Bytes>::new());
        Ok::<_, Infallible>(response.unwrap())
    });
    let site = Site::hyper(ServerLayer::new().layer(service));
    let mut client = site.connect();
    client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n");
    assert_eq!(client.head().status, 101);
    has(&site.event(), &json!({ "outcome": "ok", "http.response.status_code": 101 }));
}
