//! The checkout by `metrique`: a typed struct through a typed queue, its documented fast path.
//!
//! Its JSON is the nearest of its formats. A signed integer becomes a float, which is what it has.
#![expect(unused_qualifications, reason = "what the macro expands to")]

use std::hint::black_box;
use std::time::SystemTime;

use futures::executor::block_on;
use metrique::json::Json;
use metrique::timers::Timer;
use metrique::unit_of_work::metrics;
use metrique::writer::sink::{BackgroundQueue, DevNullSink};
use metrique::writer::{EntrySink, FormatExt, Value, ValueWriter};
use metrique::{CloseValue, RootMetric};
use ode_benches::cart::{Cart, carts};
use ode_benches::ids::Ids;
use ode_benches::measure::hot;
use ode_benches::side::Measure;

use crate::checked::through_lines;
use crate::lines::{self, Pieces, To};

/// A quarter of the queue.
const EVERY: usize = 16 << 10;

#[metrics]
struct Checkout {
    #[metrics(timestamp)]
    timestamp: SystemTime,
    duration: Timer,
    name: &'static str,
    trace_id: Trace,
    span_id: Span,
    #[metrics(name = "cart.id")]
    cart_id: String,
    #[metrics(name = "user.id")]
    user_id: String,
    #[metrics(name = "user.country")]
    user_country: String,
    #[metrics(name = "user.returning")]
    user_returning: bool,
    #[metrics(name = "http.route")]
    http_route: &'static str,
    #[metrics(name = "http.version")]
    http_version: &'static str,
    #[metrics(name = "cart.items")]
    cart_items: u64,
    #[metrics(name = "cart.total_cents")]
    cart_total_cents: f64,
    #[metrics(name = "price.currency")]
    price_currency: String,
    #[metrics(name = "price.coupon")]
    price_coupon: String,
    #[metrics(name = "price.rate")]
    price_rate: f64,
    #[metrics(name = "price.discount")]
    price_discount: f64,
    #[metrics(name = "price.model")]
    price_model: &'static str,
    #[metrics(name = "risk.score")]
    risk_score: f64,
    #[metrics(name = "risk.blocked")]
    risk_blocked: bool,
    #[metrics(name = "ship.weight_g")]
    ship_weight_g: u64,
    #[metrics(name = "ship.shard")]
    ship_shard: String,
    #[metrics(name = "ship.parcels")]
    ship_parcels: f64,
    #[metrics(name = "order.id")]
    order_id: u64,
    #[metrics(name = "order.state")]
    order_state: &'static str,
    #[metrics(name = "order.lines")]
    order_lines: u64,
    #[metrics(name = "payment.attempts")]
    payment_attempts: u32,
    #[metrics(name = "payment.captured")]
    payment_captured: bool,
    #[metrics(name = "payment.total_cents")]
    payment_total_cents: f64,
}

type Entry = RootMetric<Checkout>;

/// An id that becomes text where the line is written.
struct Trace([u64; 2]);

/// As above.
struct Span(u64);

impl Value for Trace {
    fn write(&self, writer: impl ValueWriter) {
        writer.string(Ids::of([self.0[0], self.0[1], 0]).trace());
    }
}

impl Value for Span {
    fn write(&self, writer: impl ValueWriter) {
        writer.string(Ids::of([0, 0, self.0]).span());
    }
}

impl CloseValue for Trace {
    type Closed = Self;

    fn close(self) -> Self {
        self
    }
}

impl CloseValue for Span {
    type Closed = Self;

    fn close(self) -> Self {
        self
    }
}

pub(crate) fn metrique(measure: impl Measure, to: To) -> f64 {
    lines::open(to);
    let (queue, worker) = BackgroundQueue::<Entry>::new(Json::new().output_to(Pieces::default()));
    let flush = || block_on(queue.flush_async());
    let figure = through_lines(measure, EVERY, |cart| checkout(&queue, cart), flush);
    worker.shut_down();
    figure
}

/// Into its sink for nothing.
pub(crate) fn off(units: usize) -> f64 {
    let (carts, sink) = (carts(), DevNullSink::new());
    hot(units, 16, |at| checkout(&sink, &carts[at]), || ())
}

#[inline(never)]
fn checkout(queue: &impl EntrySink<Entry>, cart: &Cart) {
    let mut event = Checkout {
        timestamp: SystemTime::now(),
        duration: Timer::start_now(),
        name: "cart.checkout",
        trace_id: Trace([fastrand::u64(..), fastrand::u64(..)]),
        span_id: Span(fastrand::u64(..)),
        cart_id: cart.id.clone(),
        user_id: cart.user.clone(),
        user_country: cart.country.clone(),
        user_returning: cart.returning,
        http_route: "POST /cart/{id}/checkout",
        http_version: "1.1",
        cart_items: cart.items,
        cart_total_cents: float(cart.total_cents),
        price_currency: String::new(),
        price_coupon: String::new(),
        price_rate: 0.0,
        price_discount: 0.0,
        price_model: "",
        risk_score: 0.0,
        risk_blocked: false,
        ship_weight_g: 0,
        ship_shard: String::new(),
        ship_parcels: 0.0,
        order_id: 0,
        order_state: "",
        order_lines: 0,
        payment_attempts: 0,
        payment_captured: false,
        payment_total_cents: 0.0,
    };
    price(&mut event, cart);
    event.order_id = black_box(77_123_u64);
    event.order_state = "paid";
    event.order_lines = cart.items;
    event.payment_attempts = black_box(1_u32);
    event.payment_captured = true;
    event.payment_total_cents = float(cart.total_cents);
    queue.append(Entry::new(event.close()));
}

#[inline(never)]
fn price(event: &mut Checkout, cart: &Cart) {
    event.price_currency.clone_from(&cart.currency);
    event.price_coupon.clone_from(&cart.coupon);
    event.price_rate = cart.rate;
    event.price_discount = cart.discount;
    event.price_model = "v3-gradient";
    event.risk_score = cart.risk;
    event.risk_blocked = black_box(false);
    event.ship_weight_g = cart.weight;
    event.ship_shard.clone_from(&cart.shard);
    event.ship_parcels = f64::from(black_box(2_i32));
}

#[expect(clippy::cast_precision_loss, reason = "it has no signed integers")]
fn float(value: i64) -> f64 {
    value as f64
}
