//! What is recorded of a request, and what is not.

use axum::Router;
use axum::routing::{any, get, post};
use ode::tower::ServerLayer;
use serde_json::json;

use crate::site::{Site, has};

fn shop() -> Router {
    Router::new().route("/cart/{id}", get(|| async { "three" }))
}

#[test]
fn a_plain_request() {
    let site = Site::axum(shop(), ServerLayer::new());
    let mut client = site.connect();
    client.send(
        "GET /cart/7?page=secret HTTP/1.1\r\nHost: shop.example:81\r\nauthorization: secret\r\n\r\n",
    );
    assert_eq!(client.response().body, "three");
    let event = site.event();
    has(
        &event,
        &json!({
            "name": "GET /cart/{id}",
            "outcome": "ok",
            "ode.kind": "server",
            "http.request.method": "GET",
            "http.request.method_original": null,
            "http.route": "/cart/{id}",
            "url.path": "/cart/7",
            "url.scheme": "http",
            "network.protocol.name": "http",
            "network.protocol.version": "1.1",
            "server.address": "shop.example",
            "server.port": 81,
            "network.peer.address": "127.0.0.1",
            "client.address": "127.0.0.1",
            "http.request.body.size": null,
            "http.response.status_code": 200,
            "http.response.body.size": 5,
            "error.type": null,
            "parent_span_id": null,
        }),
    );
    assert!(event["network.peer.port"].is_u64(), "{event:#}");
    assert!(!event.to_string().contains("secret"), "nobody named it: {event:#}");
}

#[test]
fn without_a_route() {
    let site = Site::axum(shop(), ServerLayer::new());
    assert_eq!(site.get("/nowhere/4711").status, 404);
    has(
        &site.event(),
        &json!({
            "name": "GET",
            "http.route": null,
            "url.path": "/nowhere/4711",
            "outcome": "declined",
            "declined.reason": "http_404",
            "http.response.status_code": 404,
            "http.response.body.size": 0,
        }),
    );
}

#[test]
fn a_method_nobody_knows() {
    let app = Router::new().route("/cache/{key}", any(|| async {}));
    let site = Site::axum(app, ServerLayer::new());
    site.ask("PURGE /cache/a HTTP/1.0\r\n\r\n");
    has(
        &site.event(),
        &json!({
            "name": "HTTP /cache/{key}",
            "http.request.method": "_OTHER",
            "http.request.method_original": "PURGE",
            "network.protocol.version": "1.0",
            "server.address": null,
        }),
    );
}

#[test]
fn the_size_of_a_request_is_what_it_declares() {
    let app = Router::new().route("/items", post(|body: String| async move { body }));
    let site = Site::axum(app, ServerLayer::new());
    site.ask("POST /items HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
    let echoed = json!({ "http.request.body.size": 5, "http.response.body.size": 5 });
    has(&site.event(), &echoed);
    site.ask(
        "POST /items HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    );
    let echoed = json!({ "http.request.body.size": null, "http.response.body.size": 2 });
    has(&site.event(), &echoed);
}

#[test]
fn ids_of_requests() {
    let site = Site::axum(shop(), ServerLayer::new());
    let longest = "x".repeat(128);
    for (sent, is_kept) in [
        (None, false),
        (Some("abc-123"), true),
        (Some(longest.as_str()), true),
        (Some(&*format!("{longest}x")), false),
        (Some("gr\u{fc}n"), false),
        (Some("two words"), false),
        (Some(""), false),
    ] {
        let header = sent.map(|id| format!("x-request-id: {id}\r\n")).unwrap_or_default();
        let answer = site.ask(&format!("GET /cart/7 HTTP/1.1\r\nhost: a\r\n{header}\r\n"));
        let id = answer.header("x-request-id").unwrap();
        has(&site.event(), &json!({ "request.id": id, "outcome": "ok" }));
        if is_kept {
            assert_eq!(Some(id), sent);
        } else {
            assert_eq!(id.len(), 36, "{sent:?} became {id:?}");
        }
    }
}

#[test]
fn a_request_id_of_another_name_and_none() {
    let layer =
        ServerLayer::new().request_id_header(http::HeaderName::from_static("x-correlation-id"));
    let site = Site::axum(shop(), layer);
    let answer = site.ask("GET /cart/7 HTTP/1.1\r\nhost: a\r\nx-correlation-id: 7\r\n\r\n");
    assert_eq!(answer.header("x-correlation-id"), Some("7"));
    assert_eq!(answer.header("x-request-id"), None);
    has(&site.event(), &json!({ "request.id": "7" }));

    let site = Site::axum(shop(), ServerLayer::new().without_request_ids());
    let answer = site.ask("GET /cart/7 HTTP/1.1\r\nhost: a\r\nx-request-id: 7\r\n\r\n");
    assert_eq!(answer.header("x-request-id"), None);
    has(&site.event(), &json!({ "request.id": null }));
}

#[test]
fn who_the_client_is_behind_a_proxy() {
    let request =
        "GET /cart/7 HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 1.1.1.1, 198.51.100.7\r\n\r\n";
    for (trusted, client) in [("127.0.0.0/8", "198.51.100.7"), ("10.0.0.0/8", "127.0.0.1")] {
        let site = Site::axum(shop(), ServerLayer::new().trust_proxies([trusted]).unwrap());
        site.ask(request);
        let expected = json!({ "client.address": client, "network.peer.address": "127.0.0.1" });
        has(&site.event(), &expected);
    }
}
