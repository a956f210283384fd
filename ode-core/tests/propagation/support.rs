//! A service between a caller and whom it calls, and its headers.

use ode_core::propagation::{Extract, Incoming, Outgoing, extract};
use ode_core::{SpanId, TraceContext, TraceId, TraceState};

/// The trace and the parent of most requests.
pub(crate) const TRACE: &str = "12345678901234567890123456789012";
pub(crate) const PARENT: &str = "1234567890123456";

pub(crate) type Headers = Vec<(String, String)>;

pub(crate) fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// A sampled `traceparent` of [`TRACE`].
pub(crate) fn sampled() -> (String, String) {
    header("traceparent", format!("00-{TRACE}-{PARENT}-01"))
}

/// An incoming request with these two headers.
pub(crate) fn with_state(flags: &str, state: &str) -> Incoming {
    let parent = format!("00-{TRACE}-{PARENT}-{flags}");
    extract(&[("traceparent", &*parent), ("tracestate", state)])
}

/// Answers a request by making calls, as a service that trusts its caller does: the headers of each.
pub(crate) fn serve(request: &(impl Extract + ?Sized), calls: usize) -> Vec<Headers> {
    let incoming = extract(request).trust_remote_context(true);
    let own_trace = || TraceId::from_bytes(fastrand::u128(1..).to_be_bytes()).unwrap();
    let new_span = || SpanId::from_bytes(fastrand::u64(1..).to_be_bytes()).unwrap();
    let (parent, state) = match incoming.parent() {
        Some(parent) => (parent, incoming.trace_state().clone()),
        None => (TraceContext::new(own_trace(), new_span()), TraceState::default()),
    };
    let call = |_| {
        let mut headers = Headers::new();
        let outgoing = Outgoing::new(parent.child(new_span())).with_trace_state(state.clone());
        outgoing.with_baggage(incoming.baggage().clone()).inject(&mut headers);
        headers
    };
    (0..calls).map(call).collect()
}

/// The one value of a header, if it is there.
#[track_caller]
pub(crate) fn only<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let mut values = headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    let value = values.next();
    assert!(values.next().is_none(), "{name} twice: {headers:?}");
    value.map(|(_, value)| value.as_str())
}
