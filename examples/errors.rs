//! How a unit of work ends: `ok`, `error` or `declined`, and what each one records.
//!
//! What to notice:
//! - A returned `Err` makes the outcome `error`, with type, message and chain. Nothing is switched on.
//! - Your own error type says by `err(with = ..)` which of its cases are errors and which are not.
//! - A problem that was handled is a warning on the event, and the outcome stays `ok`.
//! - A function that recovers from a failure which still counts says so by `record_error`.
//!
//! ```text
//! cargo run --example errors
//! ```

use std::num::ParseIntError;

use ode::{Failure, instrument_event};

#[instrument_event(fields(text))]
fn parse(text: &str) -> Result<u64, ParseIntError> {
    text.parse()
}

/// `anyhow` errors keep their chain, but not a type of their own: `err(with = ..)` can name one.
#[instrument_event]
fn total(texts: &[&str]) -> anyhow::Result<u64> {
    use anyhow::Context;
    let mut sum = 0;
    for text in texts {
        sum += text.parse::<u64>().with_context(|| format!("{text:?} is no amount"))?;
    }
    Ok(sum)
}

/// Need not be a `std::error::Error`.
enum PayError {
    CardDeclined,
    Network(std::io::Error),
}

fn classify(error: &PayError) -> Failure {
    match error {
        PayError::CardDeclined => Failure::declined("card_declined"),
        PayError::Network(e) => Failure::error("network").because(e),
    }
}

#[instrument_event(fields(pay.cents = cents), err(with = classify))]
fn charge(cents: u64) -> Result<(), PayError> {
    match cents {
        0..10_000 => Ok(()),
        10_000..20_000 => Err(PayError::CardDeclined),
        _ => Err(PayError::Network(std::io::ErrorKind::TimedOut.into())),
    }
}

/// Handled: the event is `ok` and carries a warning.
#[instrument_event]
fn parse_or_zero(text: &str) -> u64 {
    text.parse().unwrap_or_else(|e: ParseIntError| {
        ode::append! { warnings += %e };
        0
    })
}

/// Recovered, but somebody has to look: the event is an `error` although the function returns.
#[instrument_event]
fn balance_or_last_known() -> u64 {
    if let Err(e) = std::fs::read_to_string("/nonexistent/balance") {
        ode::record_error(&e);
        return 100;
    }
    0
}

fn main() -> Result<(), ode::SetupError> {
    let _ode = ode::init(ode::build_info!())?;
    assert!(parse("12").is_ok());
    assert!(parse("twelve").is_err());
    assert!(total(&["1", "two"]).is_err());
    assert!(charge(500).is_ok());
    assert!(charge(15_000).is_err());
    assert!(charge(99_000).is_err());
    assert_eq!(parse_or_zero("many"), 0);
    assert_eq!(balance_or_last_known(), 100);
    Ok(())
}
