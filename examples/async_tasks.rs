//! One event for work that is spread over tasks.
//!
//! What to notice:
//! - A spawned task joins the unit only when asked, by `.in_event()`; its fields land on the event.
//! - `hold` keeps the event open for work that goes on after the answer. The outcome and
//!   `duration_ns` are those of the answer; `held_ns` says when the rest was done.
//! - `.detached()` is for work that happens here and belongs elsewhere: its event has no parent, and
//!   what it sets does not land on this one.
//! - Two checkouts run at once on the same threads, and their fields do not mix.
//! - `shutdown` waits for events, not for work, so `main` waits for the mails before.
//!
//! ```text
//! cargo run --example async_tasks
//! ```

use std::time::Duration;

use ode::{FutureExt, instrument_event};
use tokio::task::{JoinError, JoinHandle};
use tokio::time::sleep;

/// Answers with the mail that is on its way.
#[instrument_event(name = "cart.checkout", fields(cart.id = cart))]
async fn checkout(cart: u64) -> Result<JoinHandle<()>, JoinError> {
    let stock = tokio::spawn(reserve_stock().in_event());
    let prices = refresh_prices().detached().await;
    ode::set! { cart.cents = ode::timed!("db.price", price(cart, prices).await) };
    stock.await?;

    // The answer does not wait for the mail, but the event does, and at most two seconds.
    let hold = ode::hold(Duration::from_secs(2));
    Ok(tokio::spawn(hold.run_async(async {
        sleep(Duration::from_millis(20)).await;
        ode::set! { mail.sent = true };
    })))
}

async fn reserve_stock() {
    sleep(Duration::from_millis(5)).await;
    ode::set! { stock.reserved = true };
}

/// Fills a cache that all checkouts share: a unit of its own.
#[instrument_event(name = "prices.refresh")]
async fn refresh_prices() -> u64 {
    sleep(Duration::from_millis(1)).await;
    ode::set! { prices.read = 40 };
    1_250
}

async fn price(cart: u64, each: u64) -> u64 {
    sleep(Duration::from_millis(2)).await;
    cart * each
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guard = ode::init(ode::build_info!())?;
    let (first, second) = tokio::join!(checkout(1), checkout(2));
    first?.await?;
    second?.await?;

    let shutdown = guard.shutdown(Duration::from_secs(2));
    assert_eq!((shutdown.undelivered, shutdown.open_units), (0, 0));
    Ok(())
}
