//! What is recorded of an error: a stable type, a bounded message, the causes.

use std::error::Error;
use std::fmt;
use std::io;

use ode_core::testing::Captured;
use ode_core::{Failure, OwnedValue, WideEvent, fail, instrument_event, record_error};

use crate::support::{capture, quiet_panic};

/// An error of any shape: its text, and what caused it.
#[derive(Debug)]
struct Custom {
    text: String,
    cause: Option<Box<Self>>,
}

impl fmt::Display for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Custom {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

fn chain_of(texts: &[&str]) -> Custom {
    let (first, rest) = texts.split_first().unwrap();
    let cause = (!rest.is_empty()).then(|| Box::new(chain_of(rest)));
    Custom { text: (*first).to_owned(), cause }
}

fn of<E: Error + 'static>(error: &E) -> Captured {
    let events = capture();
    WideEvent::builder("unit").run(|| record_error(error));
    let event = events.one("unit");
    assert_eq!(event.outcome(), "error");
    event
}

#[test]
fn the_type_is_a_stable_name_never_the_message() {
    #[derive(Debug)]
    struct Wrap<T>(T);
    impl<T> fmt::Display for Wrap<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrapped")
        }
    }
    impl<T: fmt::Debug> Error for Wrap<T> {}
    assert_eq!(of(&"x".parse::<u8>().unwrap_err())["error.type"], "error::ParseIntError");
    assert_eq!(of(&io::Error::other("secret"))["error.type"], "error::Error");
    assert_eq!(of(&chain_of(&["a"]))["error.type"], "errors::Custom");
    let generic = of(&Wrap(vec![1]))["error.type"].to_string();
    assert!(generic.ends_with("Wrap"), "{generic}");
}

#[test]
fn message_and_causes_are_recorded_outermost_first() {
    let event = of(&chain_of(&["no checkout", "no payment", "no network"]));
    assert_eq!(event["error.message"], "no checkout");
    assert_eq!(event["error.chain"], ["no payment", "no network"]);
    of(&chain_of(&["alone"])).assert_absent("error.chain");
}

#[test]
fn messages_are_capped_at_a_kibibyte_each() {
    let long = "m".repeat(10_000);
    let event = of(&chain_of(&[&long, &long, "short"]));
    assert_eq!(event["error.message"], "m".repeat(1_024));
    assert_eq!(event["error.chain"], ["m".repeat(1_024), "short".to_owned()]);
    assert!(event["ode.truncated_fields"].to_string().contains("error.message"), "{event:?}");
}

#[test]
fn a_cause_that_was_cut_is_said_too() {
    let event = of(&chain_of(&["short", &"m".repeat(10_000)]));
    assert_eq!(event["ode.truncated_fields"], ["error.chain"]);
}

#[test]
fn chains_that_never_end_are_bounded() {
    #[derive(Debug)]
    struct Endless;
    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("again")
        }
    }
    impl Error for Endless {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(self)
        }
    }
    let event = of(&Endless);
    let OwnedValue::Array(chain) = &event["error.chain"] else { panic!("{event:?}") };
    assert_eq!(chain.len(), 32);
}

#[test]
fn an_error_whose_display_panics_is_still_an_error() {
    #[derive(Debug)]
    struct Bursts;
    impl fmt::Display for Bursts {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            quiet_panic()
        }
    }
    impl Error for Bursts {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            quiet_panic()
        }
    }
    let event = of(&Bursts);
    assert!(event["error.type"].to_string().ends_with("::Bursts"), "{event:?}");
    assert_eq!(event["error.message"], "[panicked while formatting]");
}

/// A second error replaces the first one whole: no message of one beside the causes of another.
#[test]
fn the_last_error_is_described_and_only_it() {
    let events = capture();
    WideEvent::builder("chain").run(|| {
        record_error(&chain_of(&["first", "because"]));
        record_error(&chain_of(&["second"]));
    });
    WideEvent::builder("kind").run(|| {
        record_error(&chain_of(&["first", "because"]));
        fail(Failure::error("only_a_kind"));
    });
    WideEvent::builder("declined").run(|| {
        record_error(&chain_of(&["first", "because"]));
        fail(Failure::declined("no_error_after_all").message("second"));
    });
    WideEvent::builder("word only").run(|| {
        record_error(&chain_of(&["first", "because"]));
        fail(Failure::declined("nothing_to_add"));
    });
    WideEvent::builder("joined").run(|| {
        record_error(&chain_of(&["first", "because"]));
        ode_core::current().handle().run(|| record_error(&chain_of(&["second"])));
    });
    let of_error = |name: &str| {
        let event = events.one(name);
        assert_eq!(event.outcome(), "error", "{name}");
        ["error.type", "error.message", "error.chain"]
            .map(|key| event.field(key).map(ToString::to_string))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of_error("chain"), [some("errors::Custom"), some("second"), None]);
    assert_eq!(of_error("kind"), [some("only_a_kind"), None, None]);
    assert_eq!(of_error("declined"), [None, some("second"), None]);
    let first = [some("errors::Custom"), some("first"), some("[\"because\"]")];
    assert_eq!(of_error("word only"), first);
    assert_eq!(of_error("joined"), [some("errors::Custom"), some("second"), None]);
}

#[test]
fn errors_may_come_back_after_one_without_causes() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        fail(Failure::error("bare"));
        record_error(&chain_of(&["again", "because"]));
    });
    let event = events.one("unit");
    assert_eq!(event["error.message"], "again");
    assert_eq!(event["error.chain"], ["because"]);
}

#[test]
fn a_failure_by_hand() {
    let events = capture();
    let cause = chain_of(&["refused", "no route"]);
    WideEvent::builder("kind").run(|| fail(Failure::error("card_network")));
    WideEvent::builder("because").run(|| fail(Failure::error("card_network").because(&cause)));
    WideEvent::builder("message").run(|| fail(Failure::error("http").message(503)));
    WideEvent::builder("declined").run(|| fail(Failure::declined("no_funds").because(&cause)));
    let kind = events.one("kind");
    assert_eq!(kind["error.type"], "card_network");
    kind.assert_absent("error.message");
    assert_eq!(events.one("because")["error.message"], "refused");
    assert_eq!(events.one("because")["error.chain"], ["no route"]);
    assert_eq!(events.one("message")["error.message"], "503");
    let declined = events.one("declined");
    assert_eq!(declined.outcome(), "declined");
    assert_eq!(declined["declined.reason"], "no_funds");
    assert_eq!(declined["error.message"], "refused");
    declined.assert_absent("error.type");
}

#[test]
fn anyhow_and_boxed_errors_by_default() {
    #[instrument_event]
    fn with_anyhow() -> anyhow::Result<u8> {
        use anyhow::Context;
        "x".parse::<u8>().context("reading the level")
    }
    #[instrument_event]
    fn boxed() -> Result<u8, Box<dyn Error + Send + Sync>> {
        Ok("x".parse::<u8>()?)
    }
    #[instrument_event]
    fn boxed_here() -> Result<u8, Box<dyn Error>> {
        Ok("x".parse::<u8>()?)
    }
    let events = capture();
    assert!(with_anyhow().is_err() && boxed().is_err() && boxed_here().is_err());
    let anyhow = events.one("with_anyhow");
    assert_eq!(anyhow["error.message"], "reading the level");
    assert_eq!(anyhow["error.chain"], ["invalid digit found in string"]);
    for name in ["boxed", "boxed_here"] {
        let event = events.one(name);
        assert_eq!(event.outcome(), "error");
        assert_eq!(event["error.message"], "invalid digit found in string");
    }
}

#[test]
fn anyhow_and_boxed_errors_through_a_mapper() {
    fn of_anyhow(error: &anyhow::Error) -> Failure {
        match error.downcast_ref::<std::num::ParseIntError>() {
            Some(cause) => Failure::declined("not_a_number").because(cause),
            None => Failure::error("level").because(error.as_ref()),
        }
    }
    #[expect(clippy::borrowed_box, reason = "the error is a box")]
    fn of_box(error: &Box<dyn Error + Send + Sync>) -> Failure {
        Failure::error("level").because(&**error)
    }
    let events = capture();
    let read = |text: &str| {
        WideEvent::builder("anyhow").try_run_with(of_anyhow, || Ok(text.parse::<u8>()?))
    };
    assert!(read("x").is_err());
    let boxed = WideEvent::builder("boxed").try_run_with(of_box, || Ok("x".parse::<u8>()?));
    assert!(boxed.is_err());
    let anyhow = events.one("anyhow");
    assert_eq!(anyhow.outcome(), "declined");
    assert_eq!(anyhow["declined.reason"], "not_a_number");
    assert_eq!(anyhow["error.message"], "invalid digit found in string");
    let boxed = events.one("boxed");
    assert_eq!(boxed["error.type"], "level");
    assert_eq!(boxed["error.message"], "invalid digit found in string");
}

#[test]
fn errors_of_nobody_are_not_even_formatted() {
    #[derive(Debug)]
    struct NeverShown;
    impl fmt::Display for NeverShown {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("nobody asked")
        }
    }
    impl Error for NeverShown {}
    let events = capture();
    record_error(&NeverShown);
    ode_core::detached(|| record_error(&NeverShown));
    assert_eq!(events.stats().orphan_writes, 2);
}
