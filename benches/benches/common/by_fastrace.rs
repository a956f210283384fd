//! The checkout by `fastrace`, through `fastrace-opentelemetry`.
//!
//! Its properties are text only, so numbers are written by `itoa` and `ryu`.

use std::borrow::Cow;
use std::hint::black_box;

use fastrace::collector::Config;
use fastrace::local::LocalSpan;
use fastrace::prelude::{Span, SpanContext};
use fastrace_opentelemetry::OpenTelemetryReporter;
use ode_benches::cart::Cart;
use ode_benches::side::Measure;
use opentelemetry::InstrumentationScope;

use super::by_otel::resource;
use super::checked::through_sink;
use super::sink;

/// A tenth of its queue, in which an event takes more than one place.
pub(crate) const EVERY: usize = 1_024;

type Property = (&'static str, Cow<'static, str>);

pub(crate) fn fastrace(measure: impl Measure) -> f64 {
    let scope = InstrumentationScope::builder("bench").build();
    let reporter = OpenTelemetryReporter::new(sink::exporter(), Cow::Owned(resource()), scope);
    fastrace::set_reporter(reporter, Config::default());
    let record = |cart: &Cart| checkout(SpanContext::random(), cart);
    through_sink(measure, (EVERY, false), record, fastrace::flush)
}

#[inline(never)]
pub(crate) fn checkout(parent: SpanContext, cart: &Cart) {
    let span = Span::root("cart.checkout", parent).with_properties(|| {
        [
            text("cart.id", &cart.id),
            text("user.id", &cart.user),
            text("user.country", &cart.country),
            flag("user.returning", cart.returning),
            ("http.route", Cow::Borrowed("POST /cart/{id}/checkout")),
            ("http.version", Cow::Borrowed("1.1")),
            int("cart.items", cart.items),
            int("cart.total_cents", cart.total_cents),
        ]
    });
    let here = span.set_local_parent();
    price(cart);
    LocalSpan::add_properties(|| {
        [
            int("order.id", black_box(77_123_u64)),
            ("order.state", Cow::Borrowed("paid")),
            int("order.lines", cart.items),
            int("payment.attempts", black_box(1_u32)),
            flag("payment.captured", true),
            int("payment.total_cents", cart.total_cents),
        ]
    });
    drop(here);
}

#[inline(never)]
fn price(cart: &Cart) {
    LocalSpan::add_properties(|| {
        [
            text("price.currency", &cart.currency),
            text("price.coupon", &cart.coupon),
            float("price.rate", cart.rate),
            float("price.discount", cart.discount),
            ("price.model", Cow::Borrowed("v3-gradient")),
            float("risk.score", cart.risk),
            flag("risk.blocked", black_box(false)),
            int("ship.weight_g", cart.weight),
            text("ship.shard", &cart.shard),
            int("ship.parcels", black_box(2_i32)),
        ]
    });
}

fn text(key: &'static str, value: &str) -> Property {
    (key, Cow::Owned(value.to_owned()))
}

fn flag(key: &'static str, value: bool) -> Property {
    (key, Cow::Borrowed(if value { "true" } else { "false" }))
}

fn int(key: &'static str, value: impl itoa::Integer) -> Property {
    text(key, itoa::Buffer::new().format(value))
}

fn float(key: &'static str, value: f64) -> Property {
    text(key, ryu::Buffer::new().format(value))
}
