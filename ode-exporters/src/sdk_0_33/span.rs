//! An event as a span of the SDK.

use std::time::{Duration, SystemTime};

use ode_core::{Event, SpanId, TraceContext};
use opentelemetry::trace::{
    Event as SpanEvent, Link, SpanContext, SpanId as SdkSpanId, SpanKind, Status, TraceFlags,
    TraceId as SdkTraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use crate::otlp::encode::attributes::{self, Extra, Target};
use crate::otlp::encode::budget::Overhead;
use crate::otlp::encode::facts::{Facts, each_link, link_of};
use crate::otlp::encode::sampled::{State, trace_state};
use crate::otlp::encode::span::{duration_ns, times};
use crate::otlp::encode::{Shape, Signal, names, table};
use crate::sdk_0_33::attributes::SpanAttributes;
use crate::sdk_0_33::remote::{Make, scope};
use crate::write::room::Buffer;

/// Makes spans of events, by the rules of [`otlp`](crate::otlp).
#[derive(Debug)]
pub(crate) struct MakeSpan {
    scope: InstrumentationScope,
    shape: Shape,
    /// For the trace state of what was sampled.
    text: String,
    /// For what has no room, which nothing lacks here.
    rest: Buffer,
}

impl Default for MakeSpan {
    fn default() -> Self {
        let shape = Shape::default();
        Self { scope: scope(), shape, text: String::new(), rest: Buffer::default() }
    }
}

impl Make for MakeSpan {
    type Record = SpanData;

    fn make(&mut self, event: &Event) -> SpanData {
        let context = event.trace_context();
        let (start, end) = times(event);
        let duration = duration_ns(event);
        let extra =
            Extra { duration_ns: (end - start != duration).then_some(duration), parent: None };
        let target =
            Target { signal: Signal::Spans, shape: &self.shape, resource: Overhead::default() };
        let mut list = SpanAttributes(Vec::with_capacity(event.field_count() + 8));
        let (mut facts, rest) = (Facts::default(), &mut self.rest);
        let dropped = attributes::put(&mut list, event, &target, extra, rest, &mut facts);
        let dropped = dropped.unwrap_or(0);
        let SpanAttributes(mut attributes) = list;
        let state = match trace_state(event, &facts, &mut self.text) {
            State::None => "",
            State::AsItCame(state) => state,
            State::InBuffer => self.text.as_str(),
        };
        let state = state.parse::<TraceState>().unwrap_or_else(|_| {
            // The SDK is stricter. What it does not take is better found elsewhere than lost.
            attributes.push(KeyValue::new("trace_state", state.to_owned()));
            TraceState::default()
        });
        let end_time = at(end);
        let failed = table::row(event.outcome()).failed;
        SpanData {
            span_context: span_context(context, false, state),
            parent_span_id: event.parent_span_id().map_or(SdkSpanId::INVALID, span_id),
            // An event does not say.
            parent_span_is_remote: false,
            span_kind: kind(facts.kind),
            name: event.name().to_owned().into(),
            start_time: at(start),
            end_time,
            attributes,
            dropped_attributes_count: dropped,
            events: if failed { exception(&facts, end_time) } else { SpanEvents::default() },
            links: links(&facts),
            status: if failed {
                Status::error(facts.message(event).to_owned())
            } else {
                Status::Unset
            },
            instrumentation_scope: self.scope.clone(),
        }
    }
}

/// Nanoseconds since 1970.
pub(crate) fn at(nanos: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos)
}

pub(crate) fn span_id(id: SpanId) -> SdkSpanId {
    SdkSpanId::from_bytes(id.to_bytes())
}

fn span_context(context: &TraceContext, is_remote: bool, state: TraceState) -> SpanContext {
    SpanContext::new(
        SdkTraceId::from_bytes(context.trace_id().to_bytes()),
        span_id(context.span_id()),
        TraceFlags::new(context.flags()),
        is_remote,
        state,
    )
}

fn kind(number: u32) -> SpanKind {
    match number {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn links(facts: &Facts<'_>) -> SpanLinks {
    let mut links = SpanLinks::default();
    if let Some(found) = facts.links {
        each_link(found, &mut |item| {
            // It came as a `traceparent`, so from elsewhere.
            let context = link_of(item);
            let context =
                context.map(|context| span_context(&context, true, TraceState::default()));
            links.links.extend(context.map(|context| Link::new(context, Vec::new(), 0)));
        });
    }
    links
}

/// What a failed unit says of itself, as the event that backends look for.
fn exception(facts: &Facts<'_>, end: SystemTime) -> SpanEvents {
    let mut events = SpanEvents::default();
    let mut described = Vec::new();
    for (name, text) in
        [(names::EXCEPTION_TYPE, facts.error_type), (names::EXCEPTION_MESSAGE, facts.error_message)]
    {
        described.extend(text.map(|text| KeyValue::new(name, text.to_owned())));
    }
    if !described.is_empty() {
        events.events.push(SpanEvent::new(names::EXCEPTION, end, described, 0));
    }
    events
}
