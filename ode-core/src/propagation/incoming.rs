//! What came with a request, and what of it is believed.

use super::baggage::{self, Baggage};
use super::carrier::{BAGGAGE, Extract, TRACEPARENT, TRACESTATE};
use super::member::trim_ows;
use super::sampling::consistent;
use super::trace_state::{self, TraceState};
use crate::event::ids::TraceContext;

/// Reads the trace context and baggage that came with a request, a message or a command.
///
/// Never fails: what can't be read is not there. The rules are [on the module](super#rules).
pub fn extract(from: &(impl Extract + ?Sized)) -> Incoming {
    let context = read_context(from);
    // The state belongs to the context: without one it must not even be read.
    let trace_state = context.and_then(|_| read_state(from)).unwrap_or_default();
    let mut baggage = baggage::Reader::default();
    from.values(BAGGAGE, &mut |header| baggage.read(header));
    Incoming { context, trace_state, baggage: baggage.finish(), ..Incoming::default() }
}

/// Of two there is no telling which one is meant.
pub(crate) fn read_context(from: &(impl Extract + ?Sized)) -> Option<TraceContext> {
    let mut headers = 0_usize;
    let mut context = None;
    from.values(TRACEPARENT, &mut |header| {
        headers += 1;
        let header = std::str::from_utf8(trim_ows(header)).ok().filter(|_| headers == 1);
        context = header.and_then(|header| TraceContext::from_traceparent(header).ok());
    });
    context
}

fn read_state(from: &(impl Extract + ?Sized)) -> Option<TraceState> {
    let mut reader = Some(trace_state::Reader::default());
    from.values(TRACESTATE, &mut |header| {
        reader = reader.take().and_then(|mut reader| reader.read(header).ok().map(|()| reader));
    });
    reader.map(trace_state::Reader::finish)
}

/// What came with a request. Nothing of it is believed until
/// [`trust_remote_context(true)`](Self::trust_remote_context), and no baggage is recorded until
/// [`allow_baggage`](Self::allow_baggage) names it.
///
/// ```
/// let incoming = ode_core::propagation::extract(&[
///     ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
/// ]);
/// assert!(incoming.parent().is_none() && incoming.link().is_some());
///
/// let incoming = incoming.trust_remote_context(true);
/// assert!(incoming.parent().is_some() && incoming.link().is_none());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    context: Option<TraceContext>,
    trace_state: TraceState,
    baggage: Baggage,
    trusted: bool,
    /// One bit for each member of the baggage, of which there are at most 64.
    allowed: u64,
}

impl Incoming {
    /// Whether the caller's trace is continued: `true` makes its context the parent, `false`, the
    /// default, a link.
    ///
    /// Trust callers of your own. Whoever is trusted chooses the trace id, and whether the trace
    /// counts as sampled. A sampling threshold (`ot=th:…`) that contradicts the *sampled* flag is
    /// taken out of the state of a trusted caller, because counts would be computed from it.
    #[must_use]
    pub fn trust_remote_context(mut self, trusted: bool) -> Self {
        self.trusted = trusted;
        if let Some(parent) = self.parent() {
            self.trace_state = consistent(&self.trace_state, parent);
        }
        self
    }

    /// Whether nothing came.
    pub fn is_empty(&self) -> bool {
        self.context.is_none() && self.baggage.is_empty()
    }

    /// What the headers said, trusted or not.
    pub const fn trace_context(&self) -> Option<TraceContext> {
        self.context
    }

    /// The context to continue: what the headers said, if they are trusted.
    pub const fn parent(&self) -> Option<TraceContext> {
        if self.trusted { self.context } else { None }
    }

    /// The context to link to: what the headers said, if they are not trusted.
    pub const fn link(&self) -> Option<TraceContext> {
        if self.trusted { None } else { self.context }
    }

    /// The `tracestate` beside the context. It is passed on only in the same trace, so only if there
    /// is a [`parent`](Self::parent).
    pub const fn trace_state(&self) -> &TraceState {
        &self.trace_state
    }

    /// All of the baggage.
    pub const fn baggage(&self) -> &Baggage {
        &self.baggage
    }

    /// Names the baggage that becomes fields, `baggage.<key>`, by the exact keys. Called again, it
    /// adds to them.
    ///
    /// Baggage is text of the caller's choice: allow keys whose values may stand in your events.
    #[must_use]
    pub fn allow_baggage(mut self, keys: &[&str]) -> Self {
        for ((key, _), bit) in self.baggage.iter().zip(bits()) {
            self.allowed |= if keys.contains(&key) { bit } else { 0 };
        }
        self
    }

    /// The baggage that was allowed, in order.
    pub fn allowed_baggage(&self) -> impl Iterator<Item = (&str, &str)> {
        let allowed = self.baggage.iter().zip(bits()).filter(|(_, bit)| self.allowed & bit != 0);
        allowed.map(|(member, _)| member)
    }
}

fn bits() -> impl Iterator<Item = u64> {
    (0..u64::BITS).map(|bit| 1 << bit)
}
