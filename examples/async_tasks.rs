//! One event for work that is spread over tasks.
//!
//! What to notice:
//! - A spawned task joins the unit only when asked, by `.in_event()`; its fields land on the event.
//! - `hold` keeps the event open for work that goes on after the answer. The outcome and
//!   `duration_ns` are those of the answer; `held_ns` says how long the rest took.
//! - `detached` is for work that is nobody's: what it sets does not land on this event.
//! - Two requests run at once on the same threads, and their fields do not mix.
//!
//! ```text
//! cargo run --example async_tasks
//! ```

use std::time::Duration;

use ode::{FutureExt, instrument_event};
use tokio::time::sleep;

#[instrument_event(name = "cart.checkout", fields(cart.id = cart))]
async fn checkout(cart: u64) -> Result<(), tokio::task::JoinError> {
    let stock = tokio::spawn(reserve_stock().in_event());
    let price = ode::timed!("db.price", price(cart).await);
    stock.await?;
    ode::set! { cart.cents = price };

    // The answer does not wait for the mail, but the event does, and at most two seconds.
    let hold = ode::hold(Duration::from_secs(2));
    tokio::spawn(hold.run_async(async {
        sleep(Duration::from_millis(20)).await;
        ode::set! { mail.sent = true };
    }));

    // A refresh of a cache that all requests share.
    ode::detached(|| tokio::spawn(refresh_prices()));
    Ok(())
}

async fn reserve_stock() {
    sleep(Duration::from_millis(5)).await;
    ode::set! { stock.reserved = true };
}

async fn price(cart: u64) -> u64 {
    sleep(Duration::from_millis(2)).await;
    cart * 1_250
}

/// A unit of its own, with no parent.
#[instrument_event(name = "prices.refresh", root)]
async fn refresh_prices() {
    sleep(Duration::from_millis(1)).await;
    ode::set! { prices.read = 40 };
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let guard = ode::init(ode::build_info!())?;
    let (first, second) = tokio::join!(checkout(1), checkout(2));
    first?;
    second?;

    // Units that are still open, such as those held for a mail, get the time to finish.
    let shutdown = guard.shutdown(Duration::from_secs(2));
    assert_eq!(shutdown.undelivered, 0);
    Ok(())
}
