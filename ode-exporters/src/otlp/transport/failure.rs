//! [`Failure`]: why a request did not arrive, and what that means for its events.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use ode_core::DropReason;

use crate::otlp::transport::cause::Cause;

/// What can be done about a request that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It can be sent again, not before this much time has passed.
    Retry(Option<Duration>),
    /// Sending it again cannot help; its events are dropped for this reason.
    Drop(DropReason),
}

impl Verdict {
    pub(crate) const REFUSED: Self = Self::Drop(DropReason::NonRetryable);
}

/// Says what was the matter. Of what the receiver said it repeats numbers only: texts of receivers
/// have been seen to repeat credentials.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) verdict: Verdict,
    /// Whether the connection is not to be used again.
    pub(crate) is_broken: bool,
    what: Cow<'static, str>,
    source: Option<Cause>,
}

impl Failure {
    /// The receiver answered, and did not take the request.
    pub(crate) fn answered(verdict: Verdict, what: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict, is_broken: false, what: what.into(), source: None }
    }

    /// No answer came: it may arrive another time.
    pub(crate) fn unanswered(what: &'static str, source: &(dyn Error + 'static)) -> Self {
        let (verdict, source) = (Verdict::Retry(None), Some(Cause::of(source)));
        Self { verdict, is_broken: true, what: what.into(), source }
    }

    /// No answer came in time.
    pub(crate) fn late(timeout: Duration) -> Self {
        let what = format!("no answer within {timeout:?}").into();
        Self { verdict: Verdict::Retry(None), is_broken: true, what, source: None }
    }

    /// Never sent.
    pub(crate) fn unsent(verdict: Verdict, what: impl Into<Cow<'static, str>>) -> Self {
        Self { verdict, is_broken: false, what: what.into(), source: None }
    }

    /// Whether the connection is in no state to be used again.
    #[must_use]
    pub(crate) fn broken(mut self, is_broken: bool) -> Self {
        self.is_broken = is_broken;
        self
    }

    /// As an error that names what was sent where.
    pub(crate) fn named(self, task: String) -> Sent {
        Sent { task, what: self.what, source: self.source }
    }
}

/// What an exporter reports.
#[derive(Debug)]
pub(crate) struct Sent {
    task: String,
    what: Cow<'static, str>,
    source: Option<Cause>,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.task, self.what)
    }
}

impl Error for Sent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as &(dyn Error + 'static))
    }
}
