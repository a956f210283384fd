//! The checkout by `tracing` and the JSON format of `tracing-subscriber`, in three forms: a span whose
//! fields are recorded one by one, as is usual; the same with all that is known at once recorded at
//! once; and one event at the end, without a span.
//!
//! A span's line is written when it closes. What was current is on it, the list of spans is not.

use std::hint::black_box;
use std::time::Instant;

use ode_benches::cart::{Cart, carts};
use ode_benches::ids::Ids;
use ode_benches::measure::hot;
use ode_benches::side::Measure;
use tracing::Span;
use tracing::field::Empty;
use tracing::record_all;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::checked::through_lines;
use crate::lines::{self, Lines, To};
use crate::price::price;

/// It has no queue; the usual form is slow, so that this is little.
const EVERY: usize = 128;

fn subscribe(spans: FmtSpan) {
    tracing_subscriber::fmt()
        .json()
        .with_span_list(false)
        .with_target(false)
        .with_span_events(spans)
        .with_writer(|| Lines)
        .init();
}

pub(crate) fn one_by_one(measure: impl Measure, to: To) -> f64 {
    lines::open(to);
    subscribe(FmtSpan::CLOSE);
    through_lines(measure, EVERY, record_each, || ())
}

pub(crate) fn at_once(measure: impl Measure, to: To) -> f64 {
    lines::open(to);
    subscribe(FmtSpan::CLOSE);
    through_lines(measure, EVERY, record_together, || ())
}

pub(crate) fn event(measure: impl Measure, to: To) -> f64 {
    lines::open(to);
    subscribe(FmtSpan::NONE);
    through_lines(measure, EVERY, one_event, || ())
}

/// Without a subscriber.
pub(crate) fn one_by_one_off(units: usize) -> f64 {
    let carts = carts();
    hot(units, 16, |at| record_each(&carts[at]), || ())
}

/// As above.
pub(crate) fn at_once_off(units: usize) -> f64 {
    let carts = carts();
    hot(units, 16, |at| record_together(&carts[at]), || ())
}

/// As above.
pub(crate) fn event_off(units: usize) -> f64 {
    let carts = carts();
    hot(units, 16, |at| one_event(&carts[at]), || ())
}

/// With the first eight fields.
fn span(cart: &Cart) -> Span {
    let ids = Ids::new();
    tracing::info_span!(
        "cart.checkout",
        trace_id = ids.trace(),
        span_id = ids.span(),
        cart.id = cart.id,
        user.id = cart.user,
        user.country = cart.country,
        user.returning = cart.returning,
        http.route = "POST /cart/{id}/checkout",
        http.version = "1.1",
        cart.items = cart.items,
        cart.total_cents = cart.total_cents,
        price.currency = Empty,
        price.coupon = Empty,
        price.rate = Empty,
        price.discount = Empty,
        price.model = Empty,
        risk.score = Empty,
        risk.blocked = Empty,
        ship.weight_g = Empty,
        ship.shard = Empty,
        ship.parcels = Empty,
        order.id = Empty,
        order.state = Empty,
        order.lines = Empty,
        payment.attempts = Empty,
        payment.captured = Empty,
        payment.total_cents = Empty,
    )
}

#[inline(never)]
fn record_each(cart: &Cart) {
    span(cart).in_scope(|| {
        price_each(cart);
        let span = Span::current();
        span.record("order.id", black_box(77_123_u64));
        span.record("order.state", "paid");
        span.record("order.lines", cart.items);
        span.record("payment.attempts", black_box(1_u32));
        span.record("payment.captured", true);
        span.record("payment.total_cents", cart.total_cents);
    });
}

#[inline(never)]
fn price_each(cart: &Cart) {
    let span = Span::current();
    span.record("price.currency", cart.currency.as_str());
    span.record("price.coupon", cart.coupon.as_str());
    span.record("price.rate", cart.rate);
    span.record("price.discount", cart.discount);
    span.record("price.model", "v3-gradient");
    span.record("risk.score", cart.risk);
    span.record("risk.blocked", black_box(false));
    span.record("ship.weight_g", cart.weight);
    span.record("ship.shard", cart.shard.as_str());
    span.record("ship.parcels", black_box(2_i32));
}

#[inline(never)]
fn record_together(cart: &Cart) {
    span(cart).in_scope(|| {
        price_together(cart);
        let span = Span::current();
        record_all!(
            span,
            order.id = black_box(77_123_u64),
            order.state = "paid",
            order.lines = cart.items,
            payment.attempts = black_box(1_u32),
            payment.captured = true,
            payment.total_cents = cart.total_cents,
        );
    });
}

#[inline(never)]
fn price_together(cart: &Cart) {
    let span = Span::current();
    record_all!(
        span,
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
    );
}

#[inline(never)]
fn one_event(cart: &Cart) {
    let (ids, start) = (Ids::new(), Instant::now());
    let price = price(cart);
    tracing::info!(
        trace_id = ids.trace(),
        span_id = ids.span(),
        cart.id = cart.id,
        user.id = cart.user,
        user.country = cart.country,
        user.returning = cart.returning,
        http.route = "POST /cart/{id}/checkout",
        http.version = "1.1",
        cart.items = cart.items,
        cart.total_cents = cart.total_cents,
        price.currency = price.currency,
        price.coupon = price.coupon,
        price.rate = price.rate,
        price.discount = price.discount,
        price.model = price.model,
        risk.score = price.risk,
        risk.blocked = price.blocked,
        ship.weight_g = price.weight,
        ship.shard = price.shard,
        ship.parcels = price.parcels,
        order.id = black_box(77_123_u64),
        order.state = "paid",
        order.lines = cart.items,
        payment.attempts = black_box(1_u32),
        payment.captured = true,
        payment.total_cents = cart.total_cents,
        duration_ns = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
        "cart.checkout",
    );
}
