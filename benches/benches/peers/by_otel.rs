//! OpenTelemetry's SDK switched off, by itself and behind `tracing`: nothing is sampled.

use ode_benches::cart::carts;
use ode_benches::measure::hot;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use crate::common::by_otel::{checkout, subscribe, traced};
use crate::common::sink;

fn provider() -> SdkTracerProvider {
    let builder = SdkTracerProvider::builder().with_batch_exporter(sink::exporter());
    builder.with_sampler(Sampler::AlwaysOff).build()
}

pub(crate) fn sdk_off(units: usize) -> f64 {
    let (provider, carts) = (provider(), carts());
    let tracer = provider.tracer("bench");
    hot(units, 16, |at| checkout(&tracer, &carts[at]), || ())
}

pub(crate) fn tracing_off(units: usize) -> f64 {
    let (provider, carts) = (provider(), carts());
    subscribe(provider.tracer("bench"));
    hot(units, 16, |at| traced(&carts[at]), || ())
}
