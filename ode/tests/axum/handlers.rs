//! What handlers add, and what they say about the outcome.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use ode::axum::CurrentEvent;
use ode::tower::{RequestId, ServerLayer};
use serde_json::{Value, json};

use crate::site::{Site, has};

fn site() -> Site {
    let app = Router::new()
        .route("/joined", get(joined))
        .route("/child", get(child))
        .route("/fails", get(fails))
        .route("/declines/{status}", get(declines))
        .route("/errs", get(errs))
        .route("/extracted", get(extracted))
        .route("/spawned", get(spawned));
    Site::axum(app, ServerLayer::new())
}

#[ode::instrument_event(join, fields(joined = true))]
async fn joined() {
    tokio::task::yield_now().await;
    ode::set! { after.the_await = true };
}

#[ode::instrument_event(name = "cart.load")]
async fn child() {
    ode::set! { cart.items = 3 };
}

#[derive(Debug, Clone, Copy)]
struct NoSuchCart;

impl std::fmt::Display for NoSuchCart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no such cart")
    }
}

impl std::error::Error for NoSuchCart {}

#[ode::instrument_event(join)]
fn look() -> Result<u64, NoSuchCart> {
    Err(NoSuchCart)
}

async fn fails() -> StatusCode {
    look().map_or(StatusCode::NOT_FOUND, |_| StatusCode::OK)
}

async fn declines(status: axum::extract::Path<u16>) -> StatusCode {
    ode::decline("not_today");
    StatusCode::from_u16(status.0).unwrap()
}

async fn errs() -> &'static str {
    ode::record_error(&NoSuchCart);
    "fine"
}

async fn extracted(event: CurrentEvent, id: RequestId, again: Option<RequestId>) -> String {
    event.set("from.the_extractor", true);
    assert_eq!(Some(&id), again.as_ref());
    id.to_string()
}

async fn spawned(event: CurrentEvent) {
    let task = tokio::spawn(async move {
        event.set("from.the_task", true);
    });
    task.await.unwrap();
}

#[test]
fn a_joined_handler_adds_to_the_one_event() {
    let site = site();
    site.get("/joined");
    let expected = json!({ "name": "GET /joined", "joined": true, "after.the_await": true });
    has(&site.event(), &expected);
}

#[test]
fn a_plain_instrumented_handler_is_a_child() {
    let site = site();
    let id = site.get("/child").header("x-request-id").unwrap().to_owned();
    let (child, request) = (site.event(), site.event());
    has(&request, &json!({ "name": "GET /child", "cart.items": null }));
    has(
        &child,
        &json!({
            "name": "cart.load",
            "cart.items": 3,
            "trace_id": request["trace_id"],
            "parent_span_id": request["span_id"],
            "request.id": id,
        }),
    );
}

#[test]
fn the_status_decides_over_a_joined_err() {
    let site = site();
    assert_eq!(site.get("/fails").status, 404);
    has(
        &site.event(),
        &json!({
            "outcome": "declined",
            "declined.reason": "http_404",
            "error.type": "handlers::NoSuchCart",
            "error.message": "no such cart",
        }),
    );
}

#[test]
fn an_explicit_word_decides_over_the_status() {
    let site = site();
    for status in [200, 404, 500] {
        assert_eq!(site.get(&format!("/declines/{status}")).status, status);
        has(&site.event(), &json!({ "outcome": "declined", "declined.reason": "not_today" }));
    }
    assert_eq!(site.get("/errs").status, 200);
    let expected = json!({ "outcome": "error", "error.type": "handlers::NoSuchCart" });
    has(&site.event(), &expected);
}

#[test]
fn extractors() {
    let site = site();
    let answer = site.get("/extracted");
    assert_eq!(Some(answer.body.as_str()), answer.header("x-request-id"));
    has(&site.event(), &json!({ "from.the_extractor": true, "request.id": answer.body }));
    site.get("/spawned");
    has(&site.event(), &json!({ "from.the_task": true, "outcome": "ok" }));
}

#[test]
fn without_the_layer_there_is_no_id() {
    let app = Router::new()
        .route("/id", get(|id: RequestId| async move { id.to_string() }))
        .route("/maybe", get(|id: Option<RequestId>| async move { format!("{id:?}") }));
    let site = Site::axum(app, tower::layer::util::Identity::new());
    let answer = site.get("/id");
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("ServerLayer"), "{}", answer.body);
    assert_eq!(site.get("/maybe").body, "None");
}

#[test]
fn statuses_of_handlers() {
    let app =
        Router::new().route(
            "/{status}",
            get(|status: axum::extract::Path<u16>| async move {
                StatusCode::from_u16(status.0).unwrap()
            }),
        );
    let site = Site::axum(app, ServerLayer::new());
    for (status, outcome, reason, kind) in [
        (200, "ok", Value::Null, Value::Null),
        (302, "ok", Value::Null, Value::Null),
        (400, "declined", json!("http_400"), Value::Null),
        (499, "declined", json!("http_499"), Value::Null),
        (500, "error", Value::Null, json!("500")),
        (503, "error", Value::Null, json!("503")),
    ] {
        assert_eq!(site.get(&format!("/{status}")).status, status);
        has(
            &site.event(),
            &json!({
                "http.response.status_code": status,
                "outcome": outcome,
                "declined.reason": reason,
                "error.type": kind,
            }),
        );
    }
}
