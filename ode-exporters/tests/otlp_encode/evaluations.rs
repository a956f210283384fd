//! Flags as log records of their own.

use std::sync::Arc;

use ode_core::{Event, EventBuilder, EventId, Process, TraceContext, Value};
use ode_exporters::otlp::encode::{Format, Shape, Signal};
use opentelemetry_proto::tonic::logs::v1::LogRecord;

use crate::events::LINK;
use crate::json;
use crate::support::{attribute, encoder, keys, logs, records_of, request, span, text};

fn event(flags: &[(&str, Option<&str>, &str, Option<&str>)]) -> Event {
    let context = TraceContext::from_traceparent(LINK).unwrap();
    let mut builder = EventBuilder::new("page")
        .process(Arc::new(Process::new("b7")))
        .event_id(EventId::from_uuid("00000000-0000-7000-8000-000000000001").unwrap())
        .trace_context(context)
        .field("user.id", Value::U64(42));
    for (flag, variant, reason, error) in flags {
        let mut put = |member: &str, value: &str| {
            let taken = std::mem::replace(&mut builder, EventBuilder::new(""));
            builder = taken.field(&format!("flag.{flag}.{member}"), Value::Str(value));
        };
        if let Some(variant) = variant {
            put("variant", variant);
        }
        put("reason", reason);
        if let Some(error) = error {
            put("error", error);
        }
    }
    builder.field("cart.items", Value::U64(3)).build()
}

/// All records that an event leaves, through protobuf; through JSON they must be the same.
fn records(event: &Event, shape: Shape) -> Vec<LogRecord> {
    let events = std::slice::from_ref(event);
    let through = logs(&request(Format::Protobuf, shape, Signal::Logs, events));
    let as_json = request(Format::Json, shape, Signal::Logs, events);
    assert_eq!(json::logs(&as_json), json::plain_logs(through.clone()), "JSON differs");
    records_of(&through)
}

#[test]
fn every_flag_is_a_record_of_its_own() {
    let event = event(&[
        ("new_cart", Some("on"), "targeting_match", None),
        ("jobs.limit", None, "error", Some("type_mismatch")),
    ]);
    let records = records(&event, Shape::default());
    assert_eq!(records.len(), 3);
    let (unit, flags) = records.split_first().unwrap();
    // The fields stay on the event.
    assert_eq!(attribute(&unit.attributes, "flag.new_cart.variant"), Some(text("on")));
    assert_eq!(attribute(&unit.attributes, "flag.new_cart.reason"), Some(text("targeting_match")));
    for record in flags {
        assert_eq!(record.event_name, "feature_flag.evaluation");
        assert_eq!(record.trace_id, unit.trace_id);
        assert_eq!(record.span_id, unit.span_id);
        assert_eq!(record.time_unix_nano, unit.time_unix_nano);
        assert_eq!(record.observed_time_unix_nano, unit.observed_time_unix_nano);
        assert_eq!(record.flags, unit.flags);
        let id = attribute(&unit.attributes, "event_id");
        assert_eq!(attribute(&record.attributes, "event_id"), id);
        assert_eq!(attribute(&record.attributes, "build_id"), Some(text("b7")));
    }
    let named = ["event_id", "build_id", "feature_flag.key", "feature_flag.result.reason"];
    assert_eq!(keys(&flags[0].attributes), [&named[..], &["feature_flag.result.variant"]].concat());
    assert_eq!(keys(&flags[1].attributes), [&named[..], &["error.type"]].concat());
    for (at, key, value) in [
        (0, "feature_flag.key", "new_cart"),
        (0, "feature_flag.result.variant", "on"),
        (0, "feature_flag.result.reason", "targeting_match"),
        (1, "feature_flag.key", "jobs.limit"),
        (1, "feature_flag.result.reason", "error"),
        (1, "error.type", "type_mismatch"),
    ] {
        assert_eq!(attribute(&flags[at].attributes, key), Some(text(value)), "{key}");
    }
}

#[test]
fn nothing_else_leaves_one() {
    let event = event(&[]);
    assert_eq!(records(&event, Shape::default()).len(), 1);
    let odd =
        ["flag.reason", "flag..reason", "flags.x.reason", "my.flag.x.reason", "flag.x.reasons"];
    let odd = odd
        .into_iter()
        .fold(EventBuilder::new("t"), |builder, name| builder.field(name, Value::Str("static")));
    let odd = odd.field("flag.number.reason", Value::U64(1)).build();
    assert_eq!(records(&odd, Shape::default()).len(), 1);
    // Spans have no such records.
    let flagged = self::event(&[("a", Some("on"), "static", None)]);
    assert_eq!(span(&flagged).events.len(), 0);
}

#[test]
fn values_are_cut_as_elsewhere() {
    let event = event(&[("key", Some("variant"), "static", None)]);
    let records = records(&event, Shape::default().max_value_length(3));
    let found = attribute(&records[1].attributes, "feature_flag.result.variant");
    assert_eq!(found, Some(text("var")));
    assert_eq!(records[1].event_name, "feature_flag.evaluation");
    // Few attributes on the event leave the records whole.
    let records = self::records(&event, Shape::default().max_attributes(4));
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].attributes.len(), 5);
}

/// Requests of every size: never larger, an event is never without its records where both fit, and
/// where they do not the event goes alone.
#[test]
fn an_event_and_its_records_share_a_request() {
    let flagged = event(&[("a", Some("on"), "static", None), ("b", Some("on"), "static", None)]);
    let events = [event(&[]), flagged.clone(), event(&[]), flagged];
    for format in [Format::Protobuf, Format::Json] {
        for max_bytes in (200..6_000).step_by(13) {
            let mut encoder = encoder(format, Shape::default());
            let mut left = &events[..];
            let (mut units, mut flags, mut too_large) = (0, 0, 0);
            while !left.is_empty() {
                let mut out = Vec::new();
                let encoded = encoder.encode(Signal::Logs, left, max_bytes, &mut out);
                assert!(encoded.taken > 0 && out.len() <= max_bytes, "{max_bytes}: {encoded:?}");
                left = &left[encoded.taken..];
                too_large += encoded.too_large;
                if encoded.events == 0 {
                    continue;
                }
                let request = match format {
                    Format::Protobuf => logs(&out),
                    Format::Json => json::logs(&out),
                };
                let records = records_of(&request);
                let evaluations =
                    records.iter().filter(|one| one.event_name == "feature_flag.evaluation");
                let evaluations = evaluations.count();
                assert_eq!(evaluations, encoded.evaluations);
                assert_eq!(records.len(), encoded.events + encoded.evaluations);
                units += encoded.events;
                flags += evaluations;
            }
            assert_eq!(units + too_large, 4, "{max_bytes}");
            assert!(flags == 4 || max_bytes < 4_000, "{max_bytes}: {flags}");
            assert!([0, 4].contains(&flags), "all of an event's, or none: {max_bytes}: {flags}");
        }
    }
}
