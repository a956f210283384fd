//! The checkout event: 24 fields, 8 at its start, 10 from a nested function that is handed
//! nothing, 6 at its end.

use std::hint::black_box;

use ode_core::WideEvent;

pub(crate) struct Cart {
    id: String,
    user: String,
    country: String,
    currency: String,
    coupon: String,
    shard: String,
    items: u64,
    total_cents: i64,
    weight: u64,
    rate: f64,
    discount: f64,
    risk: f64,
    returning: bool,
}

pub(crate) fn cart() -> Cart {
    Cart {
        id: "7f9c24e5-2f53-4b6e-8f0c-5d1d0a4c9b1e".to_owned(),
        user: "u4821973".to_owned(),
        country: "DE".to_owned(),
        currency: "EUR".to_owned(),
        coupon: "spring-04821".to_owned(),
        shard: "eu-west-2".to_owned(),
        items: 3,
        total_cents: 12_950,
        weight: 1_250,
        rate: 1.0842,
        discount: 0.15,
        risk: 0.031_25,
        returning: true,
    }
}

#[inline(never)]
pub(crate) fn checkout(cart: &Cart) {
    WideEvent::builder("cart.checkout").run(|| {
        begin(cart);
        price(cart);
        finish(cart);
    });
}

/// The same with the nested function in a unit of its own.
#[inline(never)]
pub(crate) fn checkout_with_child(cart: &Cart) {
    WideEvent::builder("cart.checkout").run(|| {
        begin(cart);
        WideEvent::builder("cart.price").run(|| price(cart));
        finish(cart);
    });
}

#[inline]
fn begin(cart: &Cart) {
    ode_core::set! {
        cart.id = cart.id,
        user.id = cart.user,
        user.country = cart.country,
        user.returning = cart.returning,
        http.route = "POST /cart/{id}/checkout",
        http.version = "1.1",
        cart.items = cart.items,
        cart.total_cents = cart.total_cents,
    }
}

#[inline(never)]
fn price(cart: &Cart) {
    ode_core::set! {
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

#[inline]
fn finish(cart: &Cart) {
    ode_core::set! {
        order.id = black_box(77_123_u64),
        order.state = "paid",
        order.lines = cart.items,
        payment.attempts = black_box(1_u32),
        payment.captured = true,
        payment.total_cents = cart.total_cents,
    }
}
