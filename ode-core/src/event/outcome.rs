//! How a unit ended: the closed set of outcomes and the one function that decides.

use std::error::Error;
use std::fmt::{self, Debug, Display};

use crate::record::format;

/// How a unit of work ended. A closed set: a `match` over it is meant to break when it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "closed on purpose: people match on it")]
pub enum Outcome {
    /// It did what it was asked.
    Ok,
    /// It decided not to act, and said why (`declined.reason`).
    Declined,
    /// It failed (`error.type`, `error.message`, `error.chain`).
    Error,
    /// A panic unwound through it.
    Panicked,
    /// It was dropped before it was done (`cancelled.cause`).
    Cancelled,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 5] =
        [Self::Ok, Self::Declined, Self::Error, Self::Panicked, Self::Cancelled];

    /// The name written on events: `ok`, `declined`, `error`, `panicked`, `cancelled`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Declined => "declined",
            Self::Error => "error",
            Self::Panicked => "panicked",
            Self::Cancelled => "cancelled",
        }
    }

    /// The outcome of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl PartialEq<str> for Outcome {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Outcome {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

/// Why a unit was cancelled.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelCause {
    /// Its future or its handle was dropped: a lost `select!`, an aborted task, a runtime that
    /// shut down.
    Dropped,
    /// A deadline passed.
    Deadline,
    /// Whoever asked went away.
    ClientGone,
    /// The process is stopping.
    Shutdown,
}

impl CancelCause {
    /// The name written on events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::Deadline => "deadline",
            Self::ClientGone => "client_gone",
            Self::Shutdown => "shutdown",
        }
    }
}

/// What was said about the unit: by `decline`, `record_error` and `fail`, or by a returned `Err`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Declined(&'static str),
    Error,
}

impl Word {
    /// Two words on one unit: an error beats a decline, the later of two declines stands.
    pub(crate) fn merge(earlier: Option<Self>, later: Self) -> Self {
        match (earlier, later) {
            (Some(Self::Error), _) | (_, Self::Error) => Self::Error,
            (_, declined) => declined,
        }
    }
}

/// Everything the outcome depends on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ending {
    /// A panic that began inside the unit unwound out of it.
    pub(crate) unwound: bool,
    /// It was dropped, or stopped from outside, before it was done.
    pub(crate) cancelled: Option<CancelCause>,
    /// The explicit word.
    pub(crate) word: Option<Word>,
    /// What the returned `Err` means, if there was one.
    pub(crate) returned: Option<Word>,
}

/// Decides the outcome; the only place that does.
pub(crate) fn decide(ending: &Ending) -> (Outcome, Option<&'static str>) {
    if ending.unwound {
        return (Outcome::Panicked, None);
    }
    if let Some(cause) = ending.cancelled {
        return (Outcome::Cancelled, Some(cause.as_str()));
    }
    match ending.word.or(ending.returned) {
        Some(Word::Error) => (Outcome::Error, None),
        Some(Word::Declined(reason)) => (Outcome::Declined, Some(reason)),
        None => (Outcome::Ok, None),
    }
}

/// What an `Err` means for the unit: an error, or a decline.
///
/// ```
/// use ode_core::Failure;
/// enum PayError { Declined, Network(std::io::Error) }
/// fn classify(error: &PayError) -> Failure {
///     match error {
///         PayError::Declined => Failure::declined("card_declined"),
///         PayError::Network(cause) => Failure::error("network").because(cause),
///     }
/// }
/// # let _ = classify;
/// ```
#[must_use = "a failure says nothing until it is given to a unit"]
#[derive(Clone, Debug)]
pub struct Failure {
    pub(crate) word: Word,
    pub(crate) kind: Option<&'static str>,
    pub(crate) message: Option<String>,
    pub(crate) chain: Vec<String>,
}

/// How many causes of an error are kept.
const MAX_CHAIN: usize = 32;
/// How much of one message is formatted at most; the event's own limit cuts further.
const MESSAGE_BUDGET: usize = 64 << 10;

impl Failure {
    /// An error described by its type, its message and its `source()` chain.
    ///
    /// `error.type` is the type's name reduced to its last two path segments, without generics.
    /// For `anyhow`-like and boxed errors that says little: name them with [`Failure::error`].
    pub fn of<E: Error + 'static>(error: &E) -> Self {
        Self::error(type_name::<E>()).because(error)
    }

    /// An error of this kind: a stable name to group by, never a message.
    pub const fn error(kind: &'static str) -> Self {
        Self { word: Word::Error, kind: Some(kind), message: None, chain: Vec::new() }
    }

    /// Not an error: the unit declined, for this reason.
    pub const fn declined(reason: &'static str) -> Self {
        Self { word: Word::Declined(reason), kind: None, message: None, chain: Vec::new() }
    }

    /// Adds the message and the `source()` chain of an error.
    pub fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        self.message = Some(format::to_string(&error, MESSAGE_BUDGET));
        self.chain = causes(error);
        self
    }

    /// Adds a message.
    pub fn message(mut self, message: impl Display) -> Self {
        self.message = Some(format::to_string(&message, MESSAGE_BUDGET));
        self
    }

    pub(crate) fn of_type<E: ?Sized>() -> Self {
        Self::error(type_name::<E>())
    }
}

fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut chain = Vec::new();
    let mut current = source_of(error);
    while let Some(cause) = current {
        if chain.len() == MAX_CHAIN {
            break;
        }
        chain.push(format::to_string(&cause, MESSAGE_BUDGET));
        current = source_of(cause);
    }
    chain
}

/// `source()`, which is user code and may panic.
fn source_of<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    format::caught(|| error.source()).flatten()
}

/// The last two segments of a type's path, without references and generics.
pub(crate) fn type_name<E: ?Sized>() -> &'static str {
    short_type_name(std::any::type_name::<E>())
}

fn short_type_name(full: &'static str) -> &'static str {
    let plain = full.trim_start_matches(['&', ' ']).trim_start_matches("mut ");
    let plain = plain.trim_start_matches("dyn ");
    let path = plain.split(['<', ' ']).next().unwrap_or(plain);
    let keep = path.rmatch_indices("::").nth(1).map_or(0, |(at, colons)| at + colons.len());
    path.get(keep..).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of the design: panicked, cancelled, the explicit word, the returned `Err`, ok.
    #[expect(clippy::match_same_arms, reason = "a truth table shows every row")]
    #[test]
    fn truth_table() {
        let words = [None, Some(Word::Declined("d")), Some(Word::Error)];
        let causes = [
            None,
            Some(CancelCause::Dropped),
            Some(CancelCause::Deadline),
            Some(CancelCause::Shutdown),
        ];
        let mut rows = 0;
        for unwound in [false, true] {
            for cancelled in causes {
                for word in words {
                    for returned in [None, Some(Word::Declined("r")), Some(Word::Error)] {
                        let (outcome, detail) =
                            decide(&Ending { unwound, cancelled, word, returned });
                        let expected = match (unwound, cancelled, word, returned) {
                            (true, _, _, _) => (Outcome::Panicked, None),
                            (false, Some(cause), _, _) => {
                                (Outcome::Cancelled, Some(cause.as_str()))
                            }
                            (false, None, Some(Word::Error), _) => (Outcome::Error, None),
                            (false, None, Some(Word::Declined(_)), _) => {
                                (Outcome::Declined, Some("d"))
                            }
                            (false, None, None, Some(Word::Error)) => (Outcome::Error, None),
                            (false, None, None, Some(Word::Declined(_))) => {
                                (Outcome::Declined, Some("r"))
                            }
                            (false, None, None, None) => (Outcome::Ok, None),
                        };
                        assert_eq!(
                            (outcome, detail),
                            expected,
                            "{unwound} {cancelled:?} {word:?} {returned:?}"
                        );
                        rows += 1;
                    }
                }
            }
        }
        assert_eq!(rows, 72);
    }

    #[test]
    fn words_merge_to_the_worst() {
        let (a, b) = (Word::Declined("a"), Word::Declined("b"));
        assert_eq!(Word::merge(None, a), a);
        assert_eq!(Word::merge(Some(a), b), b);
        assert_eq!(Word::merge(Some(Word::Error), b), Word::Error);
        assert_eq!(Word::merge(Some(a), Word::Error), Word::Error);
    }

    #[test]
    fn type_names_are_short_and_stable() {
        assert_eq!(short_type_name("core::num::error::ParseIntError"), "error::ParseIntError");
        assert_eq!(short_type_name("std::io::error::Error"), "error::Error");
        assert_eq!(short_type_name("app::Wrap<alloc::string::String>"), "app::Wrap");
        assert_eq!(short_type_name("&mut app::deep::er::Oops"), "er::Oops");
        assert_eq!(short_type_name("alloc::boxed::Box<dyn core::error::Error>"), "boxed::Box");
        assert_eq!(short_type_name("u8"), "u8");
        assert_eq!(short_type_name("dyn core::error::Error + core::marker::Send"), "error::Error");
    }
}
