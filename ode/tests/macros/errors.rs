//! What is recorded of a returned `Err`: the best that its type allows.

use std::error::Error;
use std::fmt::{self, Display};
use std::io;

use futures::executor::block_on;
use ode::testing::{Captured, capture};
use ode::{Failure, WideEvent, instrument_event};

#[derive(Debug)]
struct Outer(io::Error);

impl Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

struct Shown;

impl Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("only displayed")
    }
}

struct Opaque;

/// The one event of a function that fails.
#[track_caller]
fn failed<T>(name: &str, call: impl FnOnce() -> T) -> Captured {
    let events = capture();
    call();
    let event = events.one(name);
    assert_eq!(event.outcome(), "error");
    event
}

#[test]
fn an_error_has_type_message_and_chain() {
    #[instrument_event]
    fn std_error() -> Result<(), Outer> {
        Err(Outer(io::Error::other("inner")))
    }
    let event = failed("std_error", std_error);
    assert_eq!(event["error.message"], "outer");
    assert!(format!("{:?}", event["error.type"]).contains("Outer"));
    assert!(format!("{:?}", event["error.chain"]).contains("inner"));
}

#[test]
fn an_io_error() {
    #[instrument_event]
    fn io_error() -> io::Result<()> {
        Err(io::Error::other("disk"))
    }
    assert_eq!(failed("io_error", io_error)["error.message"], "disk");
}

#[test]
fn anyhow() {
    #[instrument_event]
    fn any() -> anyhow::Result<u64> {
        use anyhow::Context;
        "x".parse::<u64>().context("reading the number")
    }
    let event = failed("any", any);
    assert_eq!(event["error.message"], "reading the number");
    assert!(format!("{:?}", event["error.chain"]).contains("invalid digit"));
}

#[test]
fn a_boxed_error() {
    #[instrument_event]
    fn boxed() -> Result<(), Box<dyn Error + Send + Sync>> {
        Err(Outer(io::Error::other("inner")).into())
    }
    let event = failed("boxed", boxed);
    assert_eq!(event["error.message"], "outer");
    assert!(format!("{:?}", event["error.chain"]).contains("inner"));
}

#[test]
fn what_can_only_be_displayed() {
    #[instrument_event]
    fn displayed() -> Result<(), Shown> {
        Err(Shown)
    }
    let event = failed("displayed", displayed);
    assert_eq!(event["error.message"], "only displayed");
    assert!(event.get("error.chain").is_none());
}

#[test]
fn what_can_do_nothing() {
    #[instrument_event]
    fn opaque() -> Result<(), Opaque> {
        Err(Opaque)
    }
    let event = failed("opaque", opaque);
    assert!(format!("{:?}", event["error.type"]).contains("Opaque"));
    assert!(event.get("error.message").is_none());
}

#[test]
fn in_a_generic_function_the_bounds_count() {
    #[instrument_event]
    fn generic<E: Send>(error: E) -> Result<(), E> {
        Err(error)
    }
    let event = failed("generic", || generic(io::Error::other("hidden")));
    assert!(event.get("error.message").is_none());
    assert!(format!("{:?}", event["error.type"]).contains("Error"));
}

#[test]
fn what_is_no_result_is_ok() {
    #[instrument_event]
    fn number() -> u8 {
        1
    }
    #[instrument_event]
    fn nothing() {}
    #[instrument_event]
    fn option() -> Option<u8> {
        None
    }
    #[instrument_event]
    fn fine() -> io::Result<()> {
        Ok(())
    }
    let events = capture();
    assert_eq!(number(), 1);
    nothing();
    assert_eq!(option(), None);
    assert!(fine().is_ok());
    for name in ["number", "nothing", "option", "fine"] {
        let event = events.one(name);
        assert_eq!(event.outcome(), "ok", "{name}");
        assert!(event.get("error.type").is_none(), "{name}");
    }
}

enum PayError {
    Declined,
    Network(io::Error),
}

fn classify(error: &PayError) -> Failure {
    match error {
        PayError::Declined => Failure::declined("card_declined"),
        PayError::Network(error) => Failure::error("network").because(error),
    }
}

#[instrument_event(err(with = classify))]
fn charge(declined: bool) -> Result<(), PayError> {
    Err(if declined {
        PayError::Declined
    } else {
        PayError::Network(io::Error::other("unplugged"))
    })
}

#[test]
fn a_function_may_say_what_an_error_means() {
    let events = capture();
    drop(charge(true));
    let event = events.one("charge");
    assert_eq!(event.outcome(), "declined");
    assert_eq!(event["declined.reason"], "card_declined");

    let event = failed("charge", || charge(false));
    assert_eq!(event["error.type"], "network");
}

#[test]
fn async_results_are_observed_too() {
    #[instrument_event]
    async fn fails() -> io::Result<u8> {
        Err(io::Error::other("async"))?;
        Ok(1)
    }
    #[instrument_event(err(with = classify))]
    async fn declines() -> Result<(), PayError> {
        Err(PayError::Declined)
    }
    let events = capture();
    block_on(async { (fails().await.is_err(), declines().await.is_err()) });
    assert_eq!(events.one("fails")["error.message"], "async");
    assert_eq!(events.one("declines").outcome(), "declined");
}

#[test]
fn a_handled_problem_is_noted_by_hand() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        let error = io::Error::other("retried");
        ode::append! { warnings += %error };
    });
    assert_eq!(events.one("unit").outcome(), "ok");
}
