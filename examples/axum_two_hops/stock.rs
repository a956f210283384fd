//! The stock: knows how many there are of what.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use ode::tower::ServerLayer;
use tracing::{info, warn};

pub(crate) fn router() -> Router {
    Router::new()
        .route("/items/{item}", get(item))
        // Only services of ours can reach the stock: the traces they are in go on here.
        .layer(ServerLayer::new().trust_remote_context(true))
}

#[expect(clippy::panic, reason = "a handler with a bug in it")]
async fn item(Path(item): Path<String>) -> Result<String, StatusCode> {
    match item.as_str() {
        "cup" => {
            info!(item, left = 4, "taken from the shelf");
            ode::set! { stock.left = 4 };
            Ok("4".to_owned())
        }
        "slow" => {
            warn!("the shelf is far away");
            std::future::pending().await
        }
        "broken" => panic!("the shelf fell over"),
        _ => {
            warn!(item, "never heard of it");
            Err(StatusCode::NOT_FOUND)
        }
    }
}
