//! The checkout by `wide-log`, whose keys are declared at the root of the crate.
//!
//! The line is written into a buffer that is kept, by the function that the builder is given: its
//! default writes to standard output, by a thread of its own and a buffer that is not kept.

use std::cell::RefCell;
use std::hint::black_box;

use ode_benches::cart::{Cart, carts};
use ode_benches::ids::Ids;
use ode_benches::measure::hot;
use ode_benches::side::Measure;
use wide_log::WideEvent;

use crate::checked::through_lines;
use crate::lines::{self, To};
use crate::{EventKey, WideLogGuard};

/// It has no queue.
const EVERY: usize = 256;

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn wide_log(measure: impl Measure, to: To) -> f64 {
    lines::open(to);
    through_lines(measure, EVERY, |cart| checkout(cart, write), || ())
}

/// There is no switch; the event is made and not written.
pub(crate) fn off(units: usize) -> f64 {
    let carts = carts();
    hot(units, 16, |at| checkout(&carts[at], ignore), || ())
}

fn ignore(event: &WideEvent<EventKey>) {
    black_box(event);
}

fn write(event: &WideEvent<EventKey>) {
    LINE.with_borrow_mut(|line| {
        line.clear();
        event.serialize_to(line).expect("JSON");
        line.push(b'\n');
        lines::take(line);
    });
}

#[inline(never)]
fn checkout(cart: &Cart, emit: fn(&WideEvent<EventKey>)) {
    let ids = Ids::new();
    let trace = ids.trace().to_owned();
    let event = WideLogGuard::builder().with_id(|| trace).with_emit(emit).build();
    wl_set!("name", "cart.checkout");
    wl_set!("span_id", ids.span());
    wl_set!("cart.id", cart.id.as_str());
    wl_set!("user.id", cart.user.as_str());
    wl_set!("user.country", cart.country.as_str());
    wl_set!("user.returning", cart.returning);
    wl_set!("http.route", "POST /cart/{id}/checkout");
    wl_set!("http.version", "1.1");
    wl_set!("cart.items", cart.items);
    wl_set!("cart.total_cents", cart.total_cents);
    price(cart);
    wl_set!("order.id", black_box(77_123_u64));
    wl_set!("order.state", "paid");
    wl_set!("order.lines", cart.items);
    wl_set!("payment.attempts", u64::from(black_box(1_u32)));
    wl_set!("payment.captured", true);
    wl_set!("payment.total_cents", cart.total_cents);
    drop(event);
}

#[inline(never)]
fn price(cart: &Cart) {
    wl_set!("price.currency", cart.currency.as_str());
    wl_set!("price.coupon", cart.coupon.as_str());
    wl_set!("price.rate", cart.rate);
    wl_set!("price.discount", cart.discount);
    wl_set!("price.model", "v3-gradient");
    wl_set!("risk.score", cart.risk);
    wl_set!("risk.blocked", black_box(false));
    wl_set!("ship.weight_g", cart.weight);
    wl_set!("ship.shard", cart.shard.as_str());
    wl_set!("ship.parcels", i64::from(black_box(2_i32)));
}
