//! What ode says about itself: counted, rate-limited, and never on a recording thread.

use std::fmt;
use std::io::Write;
use std::time::Duration;

use crate::event::value::saturating_nanos;
use crate::pipeline::ledger::DropReason;
use crate::record::format::caught;
use crate::sync::Arc;

/// One message of ode about itself, given to the observer of `on_diagnostic`.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub(crate) destination: Option<String>,
    pub(crate) kind: DiagnosticKind,
    pub(crate) text: String,
}

/// What a [`Diagnostic`] is about.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiagnosticKind {
    /// Events were dropped, for this reason, so many since the last message.
    Dropped {
        /// Why.
        reason: DropReason,
        /// How many.
        events: u64,
    },
    /// An export failed; it may be tried again.
    ExportFailed,
    /// An exporter panicked; it goes on with the next batch.
    ExporterPanicked,
    /// An observer of finished events panicked; it is called for the next one. Said once.
    ObserverPanicked,
    /// A setting was not what it must be, and its default is used.
    Configuration,
    /// What was delivered and lost, at the end.
    Summary,
}

impl Diagnostic {
    /// A message about a setting.
    pub fn configuration(text: impl Into<String>) -> Self {
        Self { destination: None, kind: DiagnosticKind::Configuration, text: text.into() }
    }

    pub(crate) fn observer_panicked() -> Self {
        let text = "an observer set by on_event panicked; the event went on without it".to_owned();
        Self { destination: None, kind: DiagnosticKind::ObserverPanicked, text }
    }

    /// What it is about.
    pub fn kind(&self) -> DiagnosticKind {
        self.kind
    }

    /// The destination it is about, if it is about one.
    pub fn destination(&self) -> Option<&str> {
        self.destination.as_deref()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(destination) = &self.destination {
            write!(f, "{destination}: ")?;
        }
        f.write_str(&self.text)
    }
}

pub(crate) type Observer = Arc<dyn Fn(&Diagnostic) + Send + Sync>;

/// Writes to standard error, and ignores what that says: a full or closed one is no reason to
/// harm the host.
pub(crate) fn to_stderr(diagnostic: &Diagnostic) {
    let line = format!("ode: {diagnostic}\n");
    drop(std::io::stderr().write_all(line.as_bytes()));
}

/// Tells the observer, whatever it does.
pub(crate) fn tell(observer: &Observer, diagnostic: &Diagnostic) {
    caught(|| observer(diagnostic));
}

/// At most one message of a kind in this time.
const INTERVAL: Duration = Duration::from_secs(10);

/// Lets the first of a kind of message through at once, and then one in ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Limiter {
    next: Option<u64>,
}

impl Limiter {
    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.next.is_none_or(|next| now >= next)
    }

    /// Whether a message may be sent now; if so, the next one may not be for a while.
    pub(crate) fn allows(&mut self, now: u64) -> bool {
        let due = self.is_due(now);
        if due {
            self.next = Some(now.saturating_add(saturating_nanos(INTERVAL)));
        }
        due
    }
}
