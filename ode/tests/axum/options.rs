//! What an application can say to the layer.

use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use ode::Failure;
use ode::tower::{NoEvent, ServerLayer};
use serde_json::{Value, json};

use crate::site::{Site, has, quiet_panic};

fn shop() -> Router {
    Router::new().route("/cart/{id}", get(|| async { ([("x-shard", "4")], "three") }))
}

#[test]
fn named_parameters_and_headers_only() {
    let layer = ServerLayer::new()
        .query("page")
        .query("missing")
        .request_header("X-Tenant")
        .request_header("authorization")
        .request_header("not a header")
        .response_header("x-shard");
    let site = Site::axum(shop(), layer);
    site.ask(
        "GET /cart/7?page=a%20b&other=c HTTP/1.1\r\nhost: a\r\nx-tenant: t1\r\nx-tenant: t2\r\n\
         authorization: Bearer abc\r\nx-other: d\r\n\r\n",
    );
    has(
        &site.event(),
        &json!({
            "http.request.query.page": "a b",
            "http.request.query.other": null,
            "http.request.query.missing": null,
            "http.request.header.x-tenant": ["t1", "t2"],
            "http.request.header.authorization": ["[redacted]"],
            "http.request.header.x-other": null,
            "http.response.header.x-shard": ["4"],
        }),
    );
}

#[test]
fn skipped_requests_find_no_unit() {
    let app = Router::new()
        .route("/healthz", get(|| async { format!("{}", ode::current().exists()) }))
        .route("/cart", get(|| async { format!("{}", ode::current().exists()) }));
    let layer = ServerLayer::new().skip(|request| request.uri.path() == "/healthz");
    let site = Site::axum(app, layer);
    let answer = site.get("/healthz");
    assert_eq!(answer.body, "false");
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(site.get("/cart").body, "true");
    has(&site.event(), &json!({ "name": "GET /cart" }));
}

#[test]
fn a_response_can_ask_for_no_event_unless_it_failed() {
    let health = |status: axum::extract::Path<u16>| async move {
        let mut response = http::Response::new(axum::body::Body::from("health"));
        *response.status_mut() = StatusCode::from_u16(status.0).unwrap();
        response.extensions_mut().insert(NoEvent);
        response
    };
    let site = Site::axum(Router::new().route("/{status}", get(health)), ServerLayer::new());
    assert_eq!(site.get("/200").body, "health");
    assert_eq!(site.get("/503").body, "health");
    has(&site.event(), &json!({ "url.path": "/503", "outcome": "error" }));
    // The ledger, checked at the end, counts one unit.
}

#[test]
fn routes_added_after_the_layer_leave_no_event() {
    let app = shop().layer(ServerLayer::new()).route("/healthz", get(|| async { "fine" }));
    let site = Site::axum(app, tower::layer::util::Identity::new());
    assert_eq!(site.get("/healthz").body, "fine");
    assert_eq!(site.get("/cart/7").body, "three");
    has(&site.event(), &json!({ "name": "GET /cart/{id}" }));
}

#[test]
fn closures_add_and_decide() {
    let layer = ServerLayer::new()
        .route(|request| request.uri.path().starts_with("/static/").then_some("/static/*"))
        .peer(|_request| Some(SocketAddr::from(([203, 0, 113, 9], 4711))))
        .scheme("https")
        .on_request(|event, request| {
            event.set("request.headers", request.headers.len());
        })
        .on_response(|event, response| {
            event.set("response.headers", response.headers.len());
            if response.status == StatusCode::NOT_FOUND {
                event.settle(Some(Failure::error("missing_asset")));
            }
        });
    let site = Site::axum(shop(), layer);
    site.get("/static/logo.png");
    has(
        &site.event(),
        &json!({
            "name": "GET /static/*",
            "http.route": "/static/*",
            "url.scheme": "https",
            "client.address": "203.0.113.9",
            "network.peer.port": 4711,
            "request.headers": 2,
            "outcome": "error",
        }),
    );
}

#[test]
fn closures_that_panic_change_nothing() {
    let layer = ServerLayer::new()
        .route(|_request| quiet_panic())
        .peer(|_request| quiet_panic())
        .skip(|_request| quiet_panic())
        .on_request(|_event, _request| quiet_panic())
        .on_response(|_event, _response| quiet_panic());
    let site = Site::axum(shop(), layer);
    assert_eq!(site.get("/cart/7").body, "three");
    let expected = json!({
        "name": "GET /cart/{id}",
        "outcome": "ok",
        "client.address": "127.0.0.1",
        "error.type": Value::Null,
    });
    has(&site.event(), &expected);
}
