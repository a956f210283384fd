//! Types that do not fit are reported in the author's code.
use ode::{Failure, instrument_event};

fn classify(_: &u8) -> Failure {
    Failure::error("x")
}

struct Opaque;

#[instrument_event(err(with = classify))]
fn wrong_error() -> Result<(), u16> {
    Ok(())
}

#[instrument_event(err(with = classify))]
fn no_result() -> u8 {
    1
}

#[instrument_event(parent = 3)]
fn wrong_parent() {}

#[instrument_event(skip_if = 1)]
fn wrong_condition() {}

#[instrument_event(fields(value = value))]
fn no_value(value: Opaque) {}

#[instrument_event]
fn wrong_body() -> u8 {
    "text"
}

#[instrument_event]
async fn wrong_async_body() -> u8 {
    "text"
}

#[instrument_event(fields(timestamp = 1))]
fn reserved() {}

fn main() {}
