//! What an error of the service below means: no response came.

use std::error::Error;
use std::fmt;
use std::io;

use ode_core::Failure;

use crate::tower::caught::caught;

/// The error type of most of tower's middleware.
type BoxError = Box<dyn Error + Send + Sync>;

/// Says what an error of the service below is for its unit.
#[diagnostic::on_unimplemented(
    message = "`{E}` is no `std::error::Error`, so it has to be said what it means",
    note = "for tower's `BoxError` write `ClientLayer::new().boxed_errors()`",
    note = "for other types write `.classify(|error: &{E}| ode::Failure::error(\"..\"))`"
)]
pub trait Classify<E>: Clone {
    /// What the error means.
    fn failure(&self, error: &E) -> Failure;
}

/// Errors by their cause: what [`ClientLayer::new`](super::ClientLayer::new) begins with.
///
/// `error.type` is `timeout`, `connection_refused`, `connection_reset` and such where an
/// `io::Error`, a timer's or reqwest's own error is found among the causes, else the type's name.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ByCause;

/// As [`ByCause`] for tower's `BoxError`, see [`ClientLayer::boxed_errors`](super::ClientLayer::boxed_errors).
/// Where no cause is known `error.type` is `_OTHER`: the type is not known any more.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct BoxedByCause;

/// A closure of yours, see [`ClientLayer::classify`](super::ClientLayer::classify).
#[derive(Clone)]
pub struct By<F>(pub(super) F);

impl<F> fmt::Debug for By<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("By").finish_non_exhaustive()
    }
}

impl<E: Error + 'static> Classify<E> for ByCause {
    fn failure(&self, error: &E) -> Failure {
        known(error).unwrap_or_else(|| Failure::of(error))
    }
}

impl Classify<BoxError> for BoxedByCause {
    fn failure(&self, error: &BoxError) -> Failure {
        let error: &(dyn Error + 'static) = error.as_ref();
        known(error).unwrap_or_else(|| Failure::error("_OTHER").because(error))
    }
}

impl<E, F: Fn(&E) -> Failure + Clone> Classify<E> for By<F> {
    fn failure(&self, error: &E) -> Failure {
        caught(|| (self.0)(error)).unwrap_or(Failure::error("_OTHER"))
    }
}

/// What an error means that has a cause with a name of its own.
pub(crate) fn known(error: &(dyn Error + 'static)) -> Option<Failure> {
    let failure = Failure::error(cause_of(error)?).because(error);
    Some(match without_query(error) {
        Some(message) => failure.message(message),
        None => failure,
    })
}

/// How many causes of an error are looked at.
const MAX_CHAIN: usize = 32;

/// The first cause in the chain that has a name of its own.
fn cause_of(error: &(dyn Error + 'static)) -> Option<&'static str> {
    // `source` is foreign code.
    let chain = || std::iter::successors(Some(error), |error| (*error).source()).take(MAX_CHAIN);
    caught(|| {
        // A timeout shows in the errors around it, and what timed out may be anything.
        let found = chain().find_map(|cause| timed_out(cause).then_some("timeout"));
        found.or_else(|| chain().find_map(of_io)).or_else(|| chain().find_map(of_reqwest))
    })
    .flatten()
}

fn timed_out(error: &(dyn Error + 'static)) -> bool {
    let of_io = error.downcast_ref::<io::Error>();
    error.is::<::tokio::time::error::Elapsed>()
        || of_io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
        || of_reqwest(error) == Some("timeout")
}

fn of_io(error: &(dyn Error + 'static)) -> Option<&'static str> {
    match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some("connection_refused"),
        io::ErrorKind::ConnectionReset => Some("connection_reset"),
        io::ErrorKind::ConnectionAborted => Some("connection_aborted"),
        io::ErrorKind::NotConnected => Some("not_connected"),
        io::ErrorKind::BrokenPipe => Some("broken_pipe"),
        io::ErrorKind::UnexpectedEof => Some("unexpected_eof"),
        io::ErrorKind::HostUnreachable => Some("host_unreachable"),
        io::ErrorKind::NetworkUnreachable => Some("network_unreachable"),
        io::ErrorKind::AddrNotAvailable => Some("address_not_available"),
        _ => None,
    }
}

#[cfg(feature = "reqwest")]
fn of_reqwest(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let error = error.downcast_ref::<::reqwest::Error>()?;
    let kinds = [
        (error.is_timeout(), "timeout"),
        (error.is_builder(), "invalid_request"),
        (error.is_redirect(), "redirect"),
        (error.is_connect(), "connect"),
        (error.is_body(), "body"),
        (error.is_decode(), "decode"),
        (error.is_request(), "request"),
    ];
    kinds.into_iter().find(|(is, _)| *is).map(|(_, kind)| kind)
}

/// reqwest's messages hold the whole address, and with it what is not to be recorded.
#[cfg(feature = "reqwest")]
fn without_query(error: &(dyn Error + 'static)) -> Option<String> {
    let error = error.downcast_ref::<::reqwest::Error>()?;
    let full = error.url().filter(|url| url.query().is_some())?;
    let mut shown = full.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    Some(error.to_string().replace(full.as_str(), shown.as_str()))
}

#[cfg(not(feature = "reqwest"))]
fn without_query(_: &(dyn Error + 'static)) -> Option<String> {
    None
}

#[cfg(not(feature = "reqwest"))]
fn of_reqwest(_: &(dyn Error + 'static)) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Around(io::Error);

    impl fmt::Display for Around {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("client error")
        }
    }

    impl Error for Around {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_known_cause_anywhere_in_the_chain_names_the_error() {
        for (kind, expected) in [
            (io::ErrorKind::ConnectionRefused, Some("connection_refused")),
            (io::ErrorKind::ConnectionReset, Some("connection_reset")),
            (io::ErrorKind::TimedOut, Some("timeout")),
            (io::ErrorKind::UnexpectedEof, Some("unexpected_eof")),
            (io::ErrorKind::Other, None),
        ] {
            let error = Around(io::Error::from(kind));
            assert_eq!(cause_of(&error), expected, "{kind:?}");
            let boxed: BoxError = Box::new(Around(io::Error::from(kind)));
            assert_eq!(cause_of(boxed.as_ref()), expected, "{kind:?}");
        }
        assert_eq!(cause_of(&fmt::Error), None);
    }
}
