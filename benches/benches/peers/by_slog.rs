//! The checkout by `slog` and `slog-json`: one record at the end, which borrows everything.

use std::hint::black_box;
use std::sync::Mutex;
use std::time::Instant;

use ode_benches::cart::{Cart, carts};
use ode_benches::ids::Ids;
use ode_benches::measure::hot;
use ode_benches::side::Measure;
use slog::{Drain, Logger, o};
use slog_json::Json;

use crate::checked::through_lines;
use crate::lines::{self, Pieces, To};
use crate::price::price;

/// It has no queue.
const EVERY: usize = 256;

pub(crate) fn slog(measure: impl Measure, to: To) -> f64 {
    lines::open(to);
    let drain = Mutex::new(Json::default(Pieces::default())).map(slog::Fuse);
    let logger = Logger::root(drain, o!());
    through_lines(measure, EVERY, |cart| checkout(&logger, cart), || ())
}

/// Into its drain for nothing.
pub(crate) fn off(units: usize) -> f64 {
    let (carts, logger) = (carts(), Logger::root(slog::Discard, o!()));
    hot(units, 16, |at| checkout(&logger, &carts[at]), || ())
}

#[inline(never)]
fn checkout(logger: &Logger, cart: &Cart) {
    let (ids, start) = (Ids::new(), Instant::now());
    let price = price(cart);
    let order = black_box(77_123_u64);
    slog::info!(logger, "cart.checkout";
        "trace_id" => ids.trace(),
        "span_id" => ids.span(),
        "cart.id" => &cart.id,
        "user.id" => &cart.user,
        "user.country" => &cart.country,
        "user.returning" => cart.returning,
        "http.route" => "POST /cart/{id}/checkout",
        "http.version" => "1.1",
        "cart.items" => cart.items,
        "cart.total_cents" => cart.total_cents,
        "price.currency" => price.currency,
        "price.coupon" => price.coupon,
        "price.rate" => price.rate,
        "price.discount" => price.discount,
        "price.model" => price.model,
        "risk.score" => price.risk,
        "risk.blocked" => price.blocked,
        "ship.weight_g" => price.weight,
        "ship.shard" => price.shard,
        "ship.parcels" => price.parcels,
        "order.id" => order,
        "order.state" => "paid",
        "order.lines" => cart.items,
        "payment.attempts" => black_box(1_u32),
        "payment.captured" => true,
        "payment.total_cents" => cart.total_cents,
        "duration_ns" => u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX),
    );
}
