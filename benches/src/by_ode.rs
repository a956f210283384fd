//! The checkout event as an application records it with ode.

use std::hint::black_box;

use ode::{Batch, ExportError, Exporter, WideEvent};

use crate::cart::Cart;

/// One checkout: the 24 fields by the macros.
#[inline(never)]
pub fn checkout(cart: &Cart) {
    WideEvent::builder("cart.checkout").run(|| {
        ode::set! {
            cart.id = cart.id,
            user.id = cart.user,
            user.country = cart.country,
            user.returning = cart.returning,
            http.route = "POST /cart/{id}/checkout",
            http.version = "1.1",
            cart.items = cart.items,
            cart.total_cents = cart.total_cents,
        }
        price(cart);
        ode::set! {
            order.id = black_box(77_123_u64),
            order.state = "paid",
            order.lines = cart.items,
            payment.attempts = black_box(1_u32),
            payment.captured = true,
            payment.total_cents = cart.total_cents,
        }
    });
}

/// The nested function: it is handed no event and finds it.
#[inline(never)]
fn price(cart: &Cart) {
    ode::set! {
        price.currency = cart.currency,
        price.coupon = cart.coupon,
        price.rate = cart.rate,
        price.discount = cart.discount,
        price.model = "v3-gradient",
        risk.score = cart.risk,
        risk.blocked = black_box(false),
        ship.weight_g = cart.weight,
        ship.shard = cart.shard,
        ship.parcels = black_box(2_i32),
    }
}

/// As many integer fields as asked for.
#[inline(never)]
pub fn many_fields(keys: &[String]) {
    WideEvent::builder("many").run(|| {
        let event = ode::current();
        for (n, key) in keys.iter().enumerate() {
            event.set(key, n);
        }
    });
}

/// A destination that takes everything and does nothing.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a bench's own")]
pub struct Null;

impl Exporter for Null {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        black_box(batch.len());
        Ok(())
    }
}
