//! What a shape leaves out, and where that goes.

use ode_core::{Event, EventBuilder, Outcome, Value};
use ode_exporters::otlp::encode::Shape;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;

use crate::events::LINK;
use crate::support::{attribute, body, keys, record, record_shaped, span, span_shaped, text};

fn wide(fields: usize, value: &str) -> Event {
    let mut builder = EventBuilder::new("t");
    for at in 0..fields {
        builder = builder.field(&format!("field_{at:03}"), Value::Str(value));
    }
    builder
        .field("declined.reason", Value::Str("too_small"))
        .field("ode.dropped_fields", Value::U64(2))
        .build()
}

#[test]
fn nothing_is_limited_by_itself() {
    let event = wide(4_000, "x");
    assert_eq!(span(&event).attributes.len(), 4_000 + 2 + 3);
    assert_eq!(span(&event).dropped_attributes_count, 2, "what the event itself had no room for");
}

#[test]
fn the_first_fields_stay_and_what_ode_says() {
    let span = span_shaped(&wide(10, "x"), Shape::default().max_attributes(7));
    let expected = [
        "event_id",
        "outcome",
        "build_id",
        "field_000",
        "field_001",
        "declined.reason",
        "ode.dropped_fields",
    ];
    assert_eq!(keys(&span.attributes), expected);
    assert_eq!(span.dropped_attributes_count, 8 + 2);
    let record = record_shaped(&wide(10, "x"), Shape::default().max_attributes(7));
    assert_eq!(record.attributes.len(), 7);
    assert_eq!(record.dropped_attributes_count, 9 + 2, "the duration takes one");
}

fn bytes_of(attributes: &[KeyValue]) -> usize {
    let size = |attribute: &KeyValue| match &attribute.value.as_ref().unwrap().value {
        Some(Any::StringValue(text)) => attribute.key.len() + text.len(),
        _ => attribute.key.len() + 8,
    };
    attributes.iter().map(size).sum()
}

#[test]
fn bytes_are_limited_too() {
    let event = wide(100, &"x".repeat(91));
    let span = span_shaped(&event, Shape::default().max_bytes(5_000));
    let bytes = bytes_of(&span.attributes);
    assert!((4_500..=5_000).contains(&bytes), "{bytes}");
    assert!(attribute(&span.attributes, "declined.reason").is_some());
    let dropped = usize::try_from(span.dropped_attributes_count).unwrap();
    assert_eq!(span.attributes.len() + dropped, 105 + 2);
}

#[test]
fn values_are_cut_by_characters() {
    let event = EventBuilder::new("t")
        .field("text", Value::Str("grün🦀"))
        .field("bytes", Value::Bytes(&[1, 2, 3, 4]))
        .field("list", Value::Array(&["abcd", "a"]))
        .field("large", Value::U64(u64::MAX))
        .field("number", Value::U64(123_456))
        .build();
    let span = span_shaped(&event, Shape::default().max_value_length(3));
    assert_eq!(attribute(&span.attributes, "text"), Some(text("grü")));
    assert_eq!(attribute(&span.attributes, "bytes"), Some(Any::BytesValue(vec![1, 2, 3])));
    let Some(Any::ArrayValue(list)) = attribute(&span.attributes, "list") else { panic!() };
    assert_eq!(list.values, ["abc", "a"].map(|item| crate::model::any(text(item))));
    assert_eq!(attribute(&span.attributes, "number"), Some(Any::IntValue(123_456)));
    assert_eq!(
        attribute(&span.attributes, "large"),
        Some(text("18446744073709551615")),
        "a number that is cut is another number"
    );
    assert_eq!(span.dropped_attributes_count, 0);
}

/// Entries of Loki's structured metadata: the attributes, the resource's and twelve of its own.
#[test]
fn loki_gets_the_rest_in_the_body() {
    let event = wide(200, "x\"y");
    let record = record_shaped(&event, Shape::loki());
    let resource = 1 + 4; // The build id, the service's name and three of the SDK.
    assert_eq!(record.attributes.len() + resource + 12, 128);
    assert_eq!(record.dropped_attributes_count, 2, "nothing more is lost");
    let body: serde_json::Value = serde_json::from_str(body(&record)).expect("JSON");
    let body = body.as_object().unwrap();
    assert_eq!(body["name"], "t");
    assert_eq!(body["outcome"], "ok");
    for at in 0..200 {
        let key = format!("field_{at:03}");
        let sent = attribute(&record.attributes, &key).is_some();
        assert_ne!(sent, body.contains_key(&key), "{key} is there once");
    }
    assert_eq!(body["field_199"], "x\"y");

    let wide_values = record_shaped(&wide(100, &"x".repeat(1_000)), Shape::loki());
    let bytes = bytes_of(&wide_values.attributes);
    assert!(((63 << 10)..(64 << 10)).contains(&bytes), "{bytes}");
    assert_eq!(wide_values.dropped_attributes_count, 2);
}

#[test]
fn loki_gets_a_line_where_nothing_is_left_over() {
    let event = wide(3, "x");
    let (as_usual, for_loki) = (record(&event), record_shaped(&event, Shape::loki()));
    assert_eq!(for_loki, as_usual);
    assert_eq!(body(&for_loki), "t ok (0 ns)");
    assert_eq!(span_shaped(&wide(200, "x"), Shape::loki()).dropped_attributes_count, 200 - 106 + 2);
}

/// The spans' own limits: attributes are not theirs, and a log record has no events or links.
#[test]
fn links_are_limited_by_number() {
    let other = LINK.replace("4bf9", "5bf9");
    let event = EventBuilder::new("t")
        .field("links", Value::Array(&[LINK, "nonsense", other.as_str(), LINK]))
        .build();
    for (max, sent, dropped) in [(None, 3, 0), (Some(3), 3, 0), (Some(2), 2, 1), (Some(0), 0, 3)] {
        let shape = max.map_or_else(Shape::default, |max| Shape::default().max_links(max));
        let span = span_shaped(&event, shape);
        assert_eq!((span.links.len(), span.dropped_links_count), (sent, dropped), "{max:?}");
        for (link, first) in span.links.iter().zip([0x4b, 0x5b, 0x4b]) {
            assert_eq!(link.trace_id[0], first, "the first ones stay");
        }
        assert_eq!((span.dropped_events_count, span.dropped_attributes_count), (0, 0));
        let Some(Any::ArrayValue(left)) = attribute(&span.attributes, "links") else { panic!() };
        assert_eq!(left.values.len(), 1, "what is no link stays an attribute");
        assert_eq!(record_shaped(&event, shape), record(&event));
    }
}

#[test]
fn events_of_a_span_are_limited_by_number_and_attributes() {
    let of = |kind: &str| {
        let event = EventBuilder::new("t").outcome(Outcome::Error);
        event.field("error.type", Value::Str(kind)).field("error.message", Value::Str("grün🦀"))
    };
    let event = of("Refused").build();
    let shape = Shape::default();
    let all = span(&event);
    for (shape, attributes, dropped) in [
        (shape.max_span_events(1).max_span_event_attributes(2), 2, 0),
        (shape.max_span_event_attributes(1), 1, 1),
        (shape.max_span_event_attributes(0), 0, 2),
    ] {
        let span = span_shaped(&event, shape);
        let [exception] = &span.events[..] else { panic!("{shape:?}: {span:?}") };
        assert_eq!(exception.attributes, all.events[0].attributes[..attributes], "{shape:?}");
        assert_eq!(exception.dropped_attributes_count, dropped, "{shape:?}");
        assert_eq!((span.dropped_events_count, &span.status), (0, &all.status));
    }
    let without = span_shaped(&event, shape.max_span_events(0));
    assert_eq!((without.events.len(), without.dropped_events_count), (0, 1));
    assert_eq!((without.status, without.attributes), (all.status.clone(), all.attributes.clone()));

    let cut = span_shaped(&event, shape.max_value_length(3));
    assert_eq!(attribute(&cut.events[0].attributes, "exception.type"), Some(text("Ref")));
    assert_eq!(attribute(&cut.events[0].attributes, "exception.message"), Some(text("grü")));
    assert_eq!(cut.status, all.status, "a status is no attribute");

    // Where there is nothing to send, nothing is dropped.
    let silent = EventBuilder::new("t").outcome(Outcome::Error).build();
    assert_eq!(span_shaped(&silent, shape.max_span_events(0)).dropped_events_count, 0);
    let fine = EventBuilder::new("t").field("error.type", Value::Str("handled")).build();
    assert_eq!(span_shaped(&fine, shape.max_span_events(0)).dropped_events_count, 0);
}
