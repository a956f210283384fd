//! Any event at all, through the official types and back.

use ode_core::Event;
use ode_exporters::otlp::encode::{Format, Shape, Signal};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

use crate::cases::config;
use crate::events::event;
use crate::{json, model, support};

fn expected_traces(events: &[Event]) -> ExportTraceServiceRequest {
    let mut resource_spans: Vec<ResourceSpans> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let same = at > 0 && events[at - 1].process() == event.process();
        if !same {
            resource_spans.push(ResourceSpans {
                resource: Some(model::resource(event.process())),
                scope_spans: vec![ScopeSpans {
                    scope: Some(model::scope()),
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            });
        }
        let last = resource_spans.last_mut().unwrap();
        last.scope_spans[0].spans.push(model::span(event));
    }
    ExportTraceServiceRequest { resource_spans }
}

fn expected_logs(events: &[Event]) -> ExportLogsServiceRequest {
    let mut resource_logs: Vec<ResourceLogs> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let same = at > 0 && events[at - 1].process() == event.process();
        if !same {
            resource_logs.push(ResourceLogs {
                resource: Some(model::resource(event.process())),
                scope_logs: vec![ScopeLogs { scope: Some(model::scope()), ..ScopeLogs::default() }],
                ..ResourceLogs::default()
            });
        }
        let last = resource_logs.last_mut().unwrap();
        last.scope_logs[0].log_records.push(model::record(event));
    }
    ExportLogsServiceRequest { resource_logs }
}

/// The records without their bodies, which are checked to be one line of text.
fn without_bodies(mut request: ExportLogsServiceRequest) -> ExportLogsServiceRequest {
    let scopes = request.resource_logs.iter_mut().flat_map(|resource| &mut resource.scope_logs);
    for record in scopes.flat_map(|scope| &mut scope.log_records) {
        assert!(!support::body(record).contains(char::is_control), "{record:?}");
        record.body = None;
    }
    request
}

/// Some of them by the same process.
fn events() -> impl Strategy<Value = Vec<Event>> {
    (vec(event(), 1..5), any::<bool>()).prop_map(|(mut events, doubled)| {
        if doubled {
            events = events.into_iter().flat_map(|event| [event.clone(), event]).collect();
        }
        events
    })
}

proptest! {
    #![proptest_config(config(512))]

    /// Compared as the bytes that the official encoder writes: floats by their bits.
    #[test]
    fn spans_in_protobuf_are_what_the_model_says(events in events()) {
        let bytes = support::request(Format::Protobuf, Shape::default(), Signal::Spans, &events);
        let (read, expected) = (support::traces(&bytes), expected_traces(&events));
        prop_assert!(
            read.encode_to_vec() == expected.encode_to_vec(),
            "read {read:#?}\nexpected {expected:#?}"
        );
    }

    #[test]
    fn logs_in_protobuf_are_what_the_model_says(events in events()) {
        let bytes = support::request(Format::Protobuf, Shape::default(), Signal::Logs, &events);
        let (read, expected) = (without_bodies(support::logs(&bytes)), expected_logs(&events));
        prop_assert!(
            read.encode_to_vec() == expected.encode_to_vec(),
            "read {read:#?}\nexpected {expected:#?}"
        );
    }

    #[test]
    fn json_says_the_same_as_protobuf(events in events()) {
        let [spans, logs] = [Signal::Spans, Signal::Logs].map(|signal| {
            [Format::Json, Format::Protobuf]
                .map(|format| support::request(format, Shape::default(), signal, &events))
        });
        let expected = json::plain_traces(support::traces(&spans[1]));
        prop_assert_eq!(json::traces(&spans[0]).encode_to_vec(), expected.encode_to_vec());
        let expected = json::plain_logs(support::logs(&logs[1]));
        prop_assert_eq!(json::logs(&logs[0]).encode_to_vec(), expected.encode_to_vec());
    }

    /// Whatever the limits are, they hold, keys are unique and nothing is lost uncounted.
    #[test]
    fn limits_hold(
        event in event(),
        attributes in 8..20_usize,
        length in 0..20_usize,
        bytes in 400..2_000_usize,
    ) {
        let shape =
            Shape::default().max_attributes(attributes).max_value_length(length).max_bytes(bytes);
        let (full, span) = (support::span(&event), support::span_shaped(&event, shape));
        prop_assert!(span.attributes.len() <= attributes.max(3 + 2));
        let lost = full.attributes.len() - span.attributes.len();
        let counted = u64::from(full.dropped_attributes_count) + lost as u64;
        let own_lists = 2; // `SampleRate` and the list of large integers are not counted as lost.
        let said = u64::from(span.dropped_attributes_count);
        let most = u64::from(u32::MAX);
        let enough = said <= counted && (counted <= said + own_lists || said == most);
        prop_assert!(enough, "{said} of {counted}");
        let record = support::record_shaped(&event, shape);
        let mut keys = support::keys(&record.attributes);
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        prop_assert_eq!(keys.len(), all);
    }
}
