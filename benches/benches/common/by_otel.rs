//! The checkout by `opentelemetry_sdk`, and by `tracing` in front of it.
//!
//! The batch processor has its defaults: a queue of 2048 spans, batches of 512.

use std::hint::black_box;

use ode_benches::cart::Cart;
use ode_benches::otlp_by_hand::event_id;
use ode_benches::process::{BUILD_ID, PROCESS};
use ode_benches::side::Measure;
use opentelemetry::trace::{Span as _, TraceContextExt, Tracer, TracerProvider, get_active_span};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use tracing::field::Empty;
use tracing::record_all;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::checked::through_sink;
use super::sink;

/// Half of the queue.
const EVERY: usize = 1_024;

pub(crate) fn resource() -> Resource {
    let attributes = PROCESS.iter().map(|(key, value)| KeyValue::new(*key, *value));
    Resource::builder_empty().with_attributes(attributes).build()
}

fn provider() -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_batch_exporter(sink::exporter())
        .with_resource(resource())
        .build()
}

/// Like for like: the nested function finds the span through the context, and there are the event's
/// id, outcome and build.
pub(crate) fn sdk(measure: impl Measure) -> f64 {
    let provider = provider();
    let tracer = provider.tracer("bench");
    let flush = || provider.force_flush().expect("flushed");
    through_sink(measure, (EVERY, true), |cart| checkout(&tracer, cart), flush)
}

#[inline(never)]
pub(crate) fn checkout(tracer: &SdkTracer, cart: &Cart) {
    let builder = tracer.span_builder("cart.checkout").with_attributes(first(cart));
    let context = Context::current_with_span(tracer.build(builder));
    let here = context.attach();
    price(cart);
    get_active_span(|span| {
        span.set_attributes(last(cart));
        span.set_attributes(automatic());
        span.end();
    });
    drop(here);
}

#[inline(never)]
fn price(cart: &Cart) {
    get_active_span(|span| span.set_attributes(priced(cart)));
}

/// The cheapest that it allows: the 24 fields alone, and the span is handed down by reference.
pub(crate) fn least(measure: impl Measure) -> f64 {
    let provider = provider();
    let tracer = provider.tracer("bench");
    let flush = || provider.force_flush().expect("flushed");
    through_sink(measure, (EVERY, false), |cart| least_checkout(&tracer, cart), flush)
}

#[inline(never)]
fn least_checkout(tracer: &SdkTracer, cart: &Cart) {
    let builder = tracer.span_builder("cart.checkout").with_attributes(first(cart));
    let mut span = tracer.build(builder);
    least_price(&mut span, cart);
    span.set_attributes(last(cart));
    span.end();
}

#[inline(never)]
fn least_price(span: &mut Span, cart: &Cart) {
    span.set_attributes(priced(cart));
}

fn first(cart: &Cart) -> [KeyValue; 8] {
    [
        KeyValue::new("cart.id", cart.id.clone()),
        KeyValue::new("user.id", cart.user.clone()),
        KeyValue::new("user.country", cart.country.clone()),
        KeyValue::new("user.returning", cart.returning),
        KeyValue::new("http.route", "POST /cart/{id}/checkout"),
        KeyValue::new("http.version", "1.1"),
        KeyValue::new("cart.items", cart.items.cast_signed()),
        KeyValue::new("cart.total_cents", cart.total_cents),
    ]
}

fn priced(cart: &Cart) -> [KeyValue; 10] {
    [
        KeyValue::new("price.currency", cart.currency.clone()),
        KeyValue::new("price.coupon", cart.coupon.clone()),
        KeyValue::new("price.rate", cart.rate),
        KeyValue::new("price.discount", cart.discount),
        KeyValue::new("price.model", "v3-gradient"),
        KeyValue::new("risk.score", cart.risk),
        KeyValue::new("risk.blocked", black_box(false)),
        KeyValue::new("ship.weight_g", cart.weight.cast_signed()),
        KeyValue::new("ship.shard", cart.shard.clone()),
        KeyValue::new("ship.parcels", i64::from(black_box(2_i32))),
    ]
}

fn last(cart: &Cart) -> [KeyValue; 6] {
    [
        KeyValue::new("order.id", black_box(77_123_i64)),
        KeyValue::new("order.state", "paid"),
        KeyValue::new("order.lines", cart.items.cast_signed()),
        KeyValue::new("payment.attempts", i64::from(black_box(1_u32))),
        KeyValue::new("payment.captured", true),
        KeyValue::new("payment.total_cents", cart.total_cents),
    ]
}

/// What ode adds to every event, beside what the span has anyway; without reading another clock.
fn automatic() -> [KeyValue; 3] {
    let id = event_id(0, [fastrand::u64(..), fastrand::u64(..)]);
    let id = String::from_utf8_lossy(&id).into_owned();
    [
        KeyValue::new("event_id", id),
        KeyValue::new("outcome", "ok"),
        KeyValue::new("build_id", BUILD_ID),
    ]
}

/// The 24 fields alone; everything that the layer adds by itself is off.
pub(crate) fn tracing(measure: impl Measure) -> f64 {
    let provider = provider();
    subscribe(provider.tracer("bench"));
    let flush = || provider.force_flush().expect("flushed");
    through_sink(measure, (EVERY, false), traced, flush)
}

/// Puts a tracer behind `tracing`.
pub(crate) fn subscribe(tracer: SdkTracer) {
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    tracing_subscriber::registry().with(layer).init();
}

#[inline(never)]
pub(crate) fn traced(cart: &Cart) {
    let span = tracing::info_span!(
        "cart.checkout",
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
    );
    span.in_scope(|| {
        traced_price(cart);
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
fn traced_price(cart: &Cart) {
    let span = tracing::Span::current();
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
