//! From the current unit to a call that it makes, and from what came with a request to a unit.

use crate::context::slot::{self, Ambient};
use crate::context::write;
use crate::event::ids::TraceContext;
use crate::event::keys::{self, Key};
use crate::fork;
use crate::integration::innermost_context;
use crate::propagation::{Baggage, Incoming, Inject, Outgoing, TraceState};
use crate::record::buffer::{Buffer, CLEARED, INHERITED, KeyRef, Kind, unrange};
use crate::record::prepare::Prepared;
use crate::unit::open::Unit;

/// Fields below this prefix that units inherit are the trace's baggage.
const BAGGAGE: &str = "baggage.";

/// What a call made here has to carry: the context of the current unit, or of what other
/// instrumentation opened inside it, the trace state, and the baggage. `None` where there is neither.
///
/// Baggage is what came in under the keys that were allowed, and what [`set_baggage`] set. It says
/// something about your users: leave it out of calls to strangers.
///
/// ```
/// use ode_core::{WideEvent, propagation};
/// WideEvent::builder("order.place").run(|| {
///     let mut headers = std::collections::HashMap::new();
///     if let Some(outgoing) = propagation::outgoing() {
///         outgoing.inject(&mut headers);
///     }
///     # let _ = headers;
/// });
/// ```
pub fn outgoing() -> Option<Outgoing> {
    // A child made by `fork` does not send its parent's ids as its own.
    if !fork::is_known() && fork::look() {
        return None;
    }
    let context = innermost_context()?;
    let unit = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => Some((unit.context, read(unit.record()))),
        Ambient::Joined(shared) => {
            let context = shared.context()?;
            Some((context, shared.with_inherited(read)))
        }
    });
    let mut outgoing = Outgoing::new(context);
    if let Some((unit, (state, baggage))) = unit.flatten() {
        // What came along with one trace does not belong to another.
        if unit.trace_id == context.trace_id {
            outgoing = outgoing.with_trace_state(with_threshold(state, context));
        }
        outgoing = outgoing.with_baggage(baggage);
    }
    Some(outgoing)
}

/// Writes [`outgoing`] without its baggage into a carrier; says whether there was anything.
///
/// ```
/// use ode_core::{WideEvent, propagation};
/// let mut child = std::process::Command::new("true");
/// WideEvent::builder("deploy").run(|| propagation::inject(&mut child));
/// ```
pub fn inject(into: &mut (impl Inject + ?Sized)) -> bool {
    let Some(outgoing) = outgoing() else { return false };
    outgoing.with_baggage(Baggage::default()).inject(into);
    true
}

/// Sets a baggage entry on the current unit and all that is opened below it, here and, where
/// baggage is sent along, in other services: the inherited field `baggage.<key>`.
///
/// ```
/// use ode_core::{WideEvent, propagation};
/// WideEvent::builder("request").run(|| {
///     propagation::set_baggage("tenant", "acme");
///     let sent = propagation::outgoing();
///     # let _ = sent;
/// });
/// ```
pub fn set_baggage(key: &str, value: &str) {
    let key = [BAGGAGE, key].concat();
    write::set_inherited(KeyRef::Text(&key), crate::Value::Str(value));
}

/// Says with what probability this process keeps the trace, where it samples. Whoever sampled
/// before may have kept less: a threshold only rises.
fn with_threshold(state: TraceState, context: TraceContext) -> TraceState {
    let pipeline = slot::with(|ambient| ambient.pipeline()).flatten();
    let Some(ours) = pipeline.and_then(|pipeline| pipeline.share.threshold()) else { return state };
    let sampling = state.sampling().unwrap_or_default();
    let sent = sampling.threshold().unwrap_or_default();
    if !context.is_sampled()
        || ours <= sent
        || !ours.keeps(sampling.randomness_of(context.trace_id))
    {
        return state;
    }
    let value = sampling.with_threshold(ours).to_string();
    state.set("ot", &value).unwrap_or(state)
}

/// The trace state and the baggage of a record.
fn read(buffer: &Buffer) -> (TraceState, Baggage) {
    let state = text_of(buffer, &keys::TRACE_STATE).and_then(|text| TraceState::parse(text).ok());
    let mut baggage = Baggage::default();
    for (at, field) in buffer.fields.iter().enumerate() {
        if field.flags & INHERITED != 0
            && field.kind == Kind::Str
            && let Some(key) = buffer.name_at(at).strip_prefix(BAGGAGE)
            && let Some(value) = buffer.text.get(unrange(field.data))
        {
            // A key that is no token cannot travel: it stays a field.
            drop(baggage.insert(key, value));
        }
    }
    (state.unwrap_or_default(), baggage)
}

/// The text last recorded under a key of ode's.
fn text_of<'b>(buffer: &'b Buffer, key: &'static Key) -> Option<&'b str> {
    let of_key = |known: &&'static Key| std::ptr::eq(*known, key);
    let last = buffer.fields.iter().rfind(|field| field.key.as_ref().is_some_and(of_key))?;
    let there = last.flags & CLEARED == 0 && last.kind == Kind::Str;
    buffer.text.get(unrange(last.data)).filter(|_| there)
}

/// Records on a unit what came with the request that it answers: a link where the context is not
/// trusted, else the trace state; and the baggage that is allowed.
pub(crate) fn receive(unit: &mut Unit, incoming: &Incoming) {
    if let Some(link) = incoming.link() {
        write::link_in(unit.record(), link);
    } else if !incoming.trace_state().is_empty() {
        let state = incoming.trace_state().to_header();
        unit.set_inherited(KeyRef::Static(&keys::TRACE_STATE), Prepared::Text(state, false));
    }
    for (key, value) in incoming.allowed_baggage() {
        let key = [BAGGAGE, key].concat();
        unit.set_inherited(KeyRef::Text(&key), Prepared::Text(value, false));
    }
}

/// The context a unit gets below what came in, if that is trusted.
pub(crate) fn parent_of(incoming: Option<&Incoming>) -> Option<TraceContext> {
    incoming.and_then(Incoming::parent)
}
