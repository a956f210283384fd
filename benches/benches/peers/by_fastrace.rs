//! The checkout by `fastrace`, to a reporter that counts. As OTLP it is in `common/by_fastrace.rs`.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastrace::collector::{Config, Reporter, SpanRecord};
use fastrace::prelude::SpanContext;
use ode_benches::cart::{Cart, carts};
use ode_benches::measure::hot;
use ode_benches::side::{Arrived, Measure, Side};

use crate::common::by_fastrace::{EVERY, checkout};

static SPANS: AtomicUsize = AtomicUsize::new(0);

struct Null;

impl Reporter for Null {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        let full = spans.iter().filter(|span| span.properties.len() == 24);
        SPANS.fetch_add(full.count(), Ordering::Relaxed);
        black_box(spans);
    }
}

pub(crate) fn null(measure: impl Measure) -> f64 {
    fastrace::set_reporter(Null, Config::default());
    measure.measure(Side {
        record: |cart: &Cart| checkout(SpanContext::random(), cart),
        flush: fastrace::flush,
        every: EVERY,
        arrived: &|| Arrived { events: SPANS.load(Ordering::Relaxed), bytes: 0 },
        check: None,
    })
}

/// Not sampled.
pub(crate) fn off(units: usize) -> f64 {
    fastrace::set_reporter(Null, Config::default());
    let carts = carts();
    let unit = |at: usize| checkout(SpanContext::random().sampled(false), &carts[at]);
    hot(units, 16, unit, || ())
}
