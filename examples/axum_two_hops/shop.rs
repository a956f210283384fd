//! The shop: takes orders, and asks the stock.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use ode::reqwest::SendExt as _;
use ode::tower::ServerLayer;
use tracing::{info, warn};

#[derive(Clone)]
struct Shop {
    stock: String,
    client: reqwest::Client,
}

pub(crate) fn router(stock: String) -> Router {
    let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
    Router::new()
        .route("/orders/{item}", get(order))
        .with_state(Shop { stock, client })
        // Anybody can ask the shop, so a trace that somebody claims to be in is only a link.
        .layer(ServerLayer::new().deadline(Duration::from_secs(2)))
}

async fn order(Path(item): Path<String>, State(shop): State<Shop>) -> Result<String, StatusCode> {
    info!(item, "order came in");
    ode::set! { order.item = item };

    let url = format!("{}/items/{item}", shop.stock);
    let answer = shop.client.get(url).send_in_event().await.map_err(|error| {
        warn!(%error, "the stock does not answer");
        StatusCode::BAD_GATEWAY
    })?;
    if answer.status() == StatusCode::NOT_FOUND {
        return Err(StatusCode::NOT_FOUND);
    }
    let left = answer.text().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(format!("{item} is on its way, {left} are left\n"))
}
