//! Exporters of OpenTelemetry's SDK as destinations: those in memory, that of `opentelemetry-stdout`,
//! `opentelemetry-otlp` at a real receiver, and some that misbehave.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail"
)]

#[path = "../otlp_encode/events.rs"]
mod events;
mod failures;
mod lifecycle;
mod otlp;
mod outputs;
mod places;
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of OTLP, which need more of it"
)]
#[path = "../otlp/receiver/mod.rs"]
mod receiver;
mod same;
mod support;
