//! What is sent with a call to somebody else.

use super::baggage::Baggage;
use super::carrier::{BAGGAGE, Inject, TRACEPARENT, TRACESTATE};
use super::trace_state::TraceState;
use crate::event::ids::TraceContext;

/// The headers of a call: where it comes from, and what goes along.
///
/// ```
/// use ode_core::propagation::Outgoing;
/// use ode_core::{Baggage, TraceContext};
///
/// let here = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let mut headers = Vec::<(String, String)>::new();
/// Outgoing::new(TraceContext::from_traceparent(here)?)
///     .with_baggage(Baggage::parse("tenant=acme"))
///     .inject(&mut headers);
/// assert_eq!(headers[0], ("traceparent".to_owned(), here.to_owned()));
/// assert_eq!(headers[1], ("baggage".to_owned(), "tenant=acme".to_owned()));
/// # Ok::<(), ode_core::ParseTraceparentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    context: TraceContext,
    trace_state: TraceState,
    baggage: Baggage,
}

impl Outgoing {
    /// Sent from the unit with this context; whoever is called becomes its child.
    pub fn new(context: TraceContext) -> Self {
        Self { context, trace_state: TraceState::default(), baggage: Baggage::default() }
    }

    /// Along with this state.
    #[must_use]
    pub fn with_trace_state(self, trace_state: TraceState) -> Self {
        Self { trace_state, ..self }
    }

    /// Along with this baggage.
    #[must_use]
    pub fn with_baggage(self, baggage: Baggage) -> Self {
        Self { baggage, ..self }
    }

    /// Writes `traceparent`, version 00; `tracestate`, as much as 512 bytes hold in whole members;
    /// and `baggage`.
    ///
    /// A `tracestate` that the carrier already had is replaced, or removed if there is none to
    /// send: it belonged to another `traceparent`. Baggage stands by itself, so where there is
    /// none to send, what the carrier has stays.
    pub fn inject(&self, into: &mut (impl Inject + ?Sized)) {
        self.context.with_traceparent(|header| into.set(TRACEPARENT, header));
        let state = self.trace_state.to_header_within(TraceState::HEADER_BYTES);
        if state.is_empty() {
            into.remove(TRACESTATE);
        } else {
            into.set(TRACESTATE, &state);
        }
        if !self.baggage.is_empty() {
            into.set(BAGGAGE, &self.baggage.to_string());
        }
    }
}
