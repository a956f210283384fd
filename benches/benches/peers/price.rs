//! The nested function where there is no event to find: it returns what it has to say.

use std::hint::black_box;

use ode_benches::cart::Cart;

/// Its ten fields.
pub(crate) struct Price<'c> {
    pub(crate) currency: &'c str,
    pub(crate) coupon: &'c str,
    pub(crate) rate: f64,
    pub(crate) discount: f64,
    pub(crate) model: &'static str,
    pub(crate) risk: f64,
    pub(crate) blocked: bool,
    pub(crate) weight: u64,
    pub(crate) shard: &'c str,
    pub(crate) parcels: i32,
}

#[inline(never)]
pub(crate) fn price(cart: &Cart) -> Price<'_> {
    Price {
        currency: &cart.currency,
        coupon: &cart.coupon,
        rate: cart.rate,
        discount: cart.discount,
        model: "v3-gradient",
        risk: cart.risk,
        blocked: black_box(false),
        weight: cart.weight,
        shard: &cart.shard,
        parcels: black_box(2_i32),
    }
}
