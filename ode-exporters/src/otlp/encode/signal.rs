//! What events are sent as.

use crate::otlp::encode::fields::{Field, log_record, span};

/// Whether a destination is sent events as spans, as log records, or as both.
///
/// ```
/// use ode_exporters::otlp::Signals;
/// assert_eq!(Signals::default(), Signals::Spans);
/// ```
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Signals {
    /// One span an event.
    #[default]
    Spans,
    /// One log record an event, named by `event_name`.
    Logs,
    /// A span and a log record with the same ids.
    Both,
}

impl Signals {
    /// The signals, one after the other.
    #[doc(hidden)]
    pub fn each(self) -> impl Iterator<Item = Signal> {
        let (spans, logs) = (self != Self::Logs, self != Self::Spans);
        [spans.then_some(Signal::Spans), logs.then_some(Signal::Logs)].into_iter().flatten()
    }
}

/// One kind of request.
#[expect(clippy::exhaustive_enums, reason = "for the transports of this crate")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `ExportTraceServiceRequest`.
    Spans,
    /// `ExportLogsServiceRequest`.
    Logs,
}

impl Signal {
    /// Where the attributes of an event stand.
    #[inline]
    pub(crate) fn attributes(self) -> Field {
        match self {
            Self::Spans => span::ATTRIBUTES,
            Self::Logs => log_record::ATTRIBUTES,
        }
    }
}

/// How a request is written.
#[expect(clippy::exhaustive_enums, reason = "for the transports of this crate")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Protobuf.
    #[default]
    Protobuf,
    /// OTLP/JSON.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_once() {
        for (signals, each) in [
            (Signals::Spans, vec![Signal::Spans]),
            (Signals::Logs, vec![Signal::Logs]),
            (Signals::Both, vec![Signal::Spans, Signal::Logs]),
        ] {
            assert_eq!(signals.each().collect::<Vec<_>>(), each);
        }
    }
}
