//! The checkout by `wide-event`, found through its task-local.
//!
//! The future is polled once, by nobody's runtime.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ode_benches::cart::{Cart, carts};
use ode_benches::ids::Ids;
use ode_benches::measure::hot;
use ode_benches::side::Measure;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;
use wide_event::{JsonFormatter, WideEventLayer, context};

use crate::checked::through_lines;
use crate::lines::{self, Pieces, To};

/// It has no queue.
const EVERY: usize = 256;

pub(crate) fn wide_event(measure: impl Measure, to: To) -> f64 {
    lines::open(to);
    registry().with(WideEventLayer::new(Pieces::default(), JsonFormatter)).init();
    through_lines(measure, EVERY, checkout, || ())
}

/// Without a subscriber.
pub(crate) fn off(units: usize) -> f64 {
    let carts = carts();
    hot(units, 16, |at| checkout(&carts[at]), || ())
}

#[inline(never)]
fn checkout(cart: &Cart) {
    let scope = pin!(context::scope("cart.checkout", async { within(cart) }));
    let polled = scope.poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(()), "nothing waits");
}

fn within(cart: &Cart) {
    let event = context::current().expect("an event");
    let ids = Ids::new();
    event.set_str("trace_id", ids.trace());
    event.set_str("span_id", ids.span());
    event.set_str("cart.id", &cart.id);
    event.set_str("user.id", &cart.user);
    event.set_str("user.country", &cart.country);
    event.set_bool("user.returning", cart.returning);
    event.set_str("http.route", "POST /cart/{id}/checkout");
    event.set_str("http.version", "1.1");
    event.set_u64("cart.items", cart.items);
    event.set_i64("cart.total_cents", cart.total_cents);
    price(cart);
    event.set_u64("order.id", black_box(77_123_u64));
    event.set_str("order.state", "paid");
    event.set_u64("order.lines", cart.items);
    event.set_u64("payment.attempts", black_box(1_u32).into());
    event.set_bool("payment.captured", true);
    event.set_i64("payment.total_cents", cart.total_cents);
}

#[inline(never)]
fn price(cart: &Cart) {
    let event = context::current().expect("an event");
    event.set_str("price.currency", &cart.currency);
    event.set_str("price.coupon", &cart.coupon);
    event.set_f64("price.rate", cart.rate);
    event.set_f64("price.discount", cart.discount);
    event.set_str("price.model", "v3-gradient");
    event.set_f64("risk.score", cart.risk);
    event.set_bool("risk.blocked", black_box(false));
    event.set_u64("ship.weight_g", cart.weight);
    event.set_str("ship.shard", &cart.shard);
    event.set_i64("ship.parcels", black_box(2_i32).into());
}
