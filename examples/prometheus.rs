//! Metrics as a view of events: counters and a histogram for Prometheus, fed by the finished events.
//!
//! What to notice:
//! - Nothing is measured twice: `on_event` sees each event that the program makes anyway. What the
//!   metrics count is what the events say, and a query over events explains every spike.
//! - It sees all events, before any destination samples or drops one: the counts are exact.
//! - Labels have few values: the unit's name and its outcome, never an id.
//!
//! ```text
//! cargo run --example prometheus      # events to standard error, the metrics to standard output
//! ```

#![expect(clippy::print_stdout, reason = "this is where somebody would be serving `/metrics`")]

use std::error::Error;
use std::io;
use std::time::Duration;

use ode::exporters::JsonLines;
use ode::{Event, WideEvent};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    name: String,
    outcome: &'static str,
}

/// Both are shared: the registry reads what the observer writes.
#[derive(Clone)]
struct Metrics {
    units: Family<Labels, Counter>,
    durations: Family<Labels, Histogram>,
}

impl Metrics {
    fn register(registry: &mut Registry) -> Self {
        let units = Family::default();
        let durations = Family::<Labels, Histogram>::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.000_01, 10.0, 6))
        });
        registry.register("units", "Units of work that ended", units.clone());
        let help = "How long units of work took";
        registry.register_with_unit("unit_duration", help, Unit::Seconds, durations.clone());
        Self { units, durations }
    }

    /// Runs on the thread that did the work, so it only counts.
    fn observe(&self, event: &Event) {
        let labels = Labels { name: event.name().to_owned(), outcome: event.outcome().as_str() };
        self.units.get_or_create(&labels).inc();
        self.durations.get_or_create(&labels).observe(event.duration().as_secs_f64());
    }
}

fn checkout(cart: u64) {
    WideEvent::builder("cart.checkout").run(|| {
        ode::set! { cart.id = cart };
        WideEvent::builder("stock.reserve").run(|| ode::set! { stock.items = cart % 7 });
        match cart % 10 {
            0 => ode::decline("empty"),
            5 => ode::record_error(&io::Error::other("no stock")),
            _ => {}
        }
    });
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let guard = ode::setup(ode::build_info!())
        .export_to(JsonLines::writer(io::stderr()))
        .on_event(move |event| metrics.observe(event))
        .init()?;

    (1..=40).for_each(checkout);

    guard.shutdown(Duration::from_secs(2));
    let mut text = String::new();
    encode(&mut text, &registry)?;
    print!("{text}");
    Ok(())
}
