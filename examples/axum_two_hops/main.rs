//! Two services, one trace: a shop that asks its stock, both with logs of `tracing` that were there
//! before.
//!
//! Read `shop.rs` and `stock.rs` first: they are plain axum, and all that ode adds to them is a
//! layer around the router and one word where a request is sent. For brevity both run in one process,
//! on two ports; `main` is the client that asks.
//!
//! What to notice, in the events on standard output:
//! - Each request is one event at each service. All events of one order have the same `trace_id`, and
//!   the `parent_span_id` at the stock is the `span_id` at the shop.
//! - What the handlers logged is on the event of its request: `log.message`, `log.item`,
//!   `log.warn_count`. The same lines are on standard error, by `fmt`, with the ids of the unit; what
//!   `RUST_LOG` takes away there stays on the event.
//! - Four orders end in four ways. `/orders/cup` is `ok`; `/orders/sofa` is `declined`, `http_404`, at
//!   both. For `/orders/slow` the shop's deadline passes: `cancelled`, `deadline` there, and at the
//!   stock, where nobody waits for the answer any more, `cancelled`, `client_gone`. `/orders/broken`
//!   panics at the stock: `panicked` there, `error` with status 502 at the shop.
//!
//! ```text
//! cargo run --example axum_two_hops
//! ```

#![expect(clippy::print_stderr, reason = "what the client got is for the terminal")]

mod serving;
mod shop;
mod stock;

use std::error::Error;
use std::io;
use std::time::Duration;

use serving::Serving;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::prelude::*;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Only a reqwest that was built with TLS and without a provider needs one; then no client can
    // be made before there is one. That it is there already is no problem.
    drop(rustls::crypto::ring::default_provider().install_default());

    let level = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let logs = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    tracing_subscriber::registry()
        .with(logs.with_filter(level.from_env_lossy()))
        .with(ode::tracing::layer().filtered())
        .init();
    let guard = ode::setup(ode::build_info!()).spans(true).init()?;

    let stock = Serving::start(stock::router()).await?;
    let shop = Serving::start(shop::router(stock.url())).await?;

    let client = reqwest::Client::builder().no_proxy().build()?;
    for item in ["cup", "sofa", "slow", "broken"] {
        let url = format!("{}/orders/{item}", shop.url());
        eprintln!("{item}: {}", client.get(url).send().await?.status());
    }

    // Their last requests have ended when the services have; only then are all events there.
    drop(client);
    shop.stop().await?;
    stock.stop().await?;
    let shutdown = guard.shutdown(Duration::from_secs(2));
    assert_eq!((shutdown.undelivered, shutdown.open_units), (0, 0));
    Ok(())
}
