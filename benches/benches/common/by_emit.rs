//! The checkout by `emit` and `emit_otlp`.
//!
//! `emit_otlp` takes no transport, so that its requests go over HTTP/1.1, uncompressed, to a server
//! in a process of its own, whose CPU does not count; its client's does. Ambient properties of `emit`
//! are for later events, so the nested function returns what the owner of the span adds.

use std::hint::black_box;

use emit::Value;
use emit::span::SpanGuard;
use ode_benches::cart::Cart;
use ode_benches::process::{LONG, PROCESS};
use ode_benches::side::{Measure, Side};

use super::checked::check;
use super::server::Server;

/// A fifth of the queue.
pub(crate) const EVERY: usize = 2_048;

pub(crate) fn emit(measure: impl Measure) -> f64 {
    let server = Server::start();
    let traces = emit_otlp::traces_http_proto(format!("http://{}/v1/traces", server.address));
    let otlp = emit_otlp::new().resource(PROCESS).traces(traces).spawn();
    let setup = emit::setup().emit_to(otlp).init();
    let checked = |record_all: &mut dyn FnMut(), carts: &[Cart]| {
        server.kept();
        record_all();
        check(&server.kept(), carts, false);
    };
    measure.measure(Side {
        record: |cart: &Cart| assert!(checkout(cart), "a span"),
        flush: || assert!(setup.blocking_flush(LONG), "flushed"),
        every: EVERY,
        arrived: &|| server.arrived(),
        check: Some(&checked),
    })
}

/// Whether a span was made of it.
#[inline(never)]
pub(crate) fn checkout(cart: &Cart) -> bool {
    let runtime = emit::runtime::shared();
    let first = [
        ("cart.id", Value::from(cart.id.as_str())),
        ("user.id", Value::from(cart.user.as_str())),
        ("user.country", Value::from(cart.country.as_str())),
        ("user.returning", Value::from(cart.returning)),
        ("http.route", Value::from("POST /cart/{id}/checkout")),
        ("http.version", Value::from("1.1")),
        ("cart.items", Value::from(cart.items)),
        ("cart.total_cents", Value::from(cart.total_cents)),
    ];
    let (span, frame) = SpanGuard::from_runtime(runtime, emit::Empty, emit::pkg!(), first);
    frame.call(move || {
        let mut span = span.with_name("cart.checkout");
        span.start();
        let span = span.push_props(price(cart));
        let last = [
            ("order.id", Value::from(black_box(77_123_u64))),
            ("order.state", Value::from("paid")),
            ("order.lines", Value::from(cart.items)),
            ("payment.attempts", Value::from(black_box(1_u32))),
            ("payment.captured", Value::from(true)),
            ("payment.total_cents", Value::from(cart.total_cents)),
        ];
        span.push_props(last).complete()
    })
}

#[inline(never)]
fn price(cart: &Cart) -> [(&'static str, Value<'_>); 10] {
    [
        ("price.currency", Value::from(cart.currency.as_str())),
        ("price.coupon", Value::from(cart.coupon.as_str())),
        ("price.rate", Value::from(cart.rate)),
        ("price.discount", Value::from(cart.discount)),
        ("price.model", Value::from("v3-gradient")),
        ("risk.score", Value::from(cart.risk)),
        ("risk.blocked", Value::from(black_box(false))),
        ("ship.weight_g", Value::from(cart.weight)),
        ("ship.shard", Value::from(cart.shard.as_str())),
        ("ship.parcels", Value::from(black_box(2_i32))),
    ]
}
