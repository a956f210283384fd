//! T31: the table of edge values, as protobuf and as JSON.

use ode_core::{EventBuilder, ToArray, Value};
use ode_exporters::otlp::encode::{Format, Shape, Signal};
use opentelemetry_proto::tonic::common::v1::ArrayValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;

use crate::model::any;
use crate::support::{attribute, keys, record, request, span, text};

#[track_caller]
fn check(value: Value<'_>, expected: impl Into<Option<Any>>, json: &str) {
    let expected = expected.into();
    let event = EventBuilder::new("t").field("key", value).build();
    for attributes in [span(&event).attributes, record(&event).attributes] {
        let found = attribute(&attributes, "key");
        match (&found, &expected) {
            (Some(Any::DoubleValue(a)), Some(Any::DoubleValue(b))) => {
                assert_eq!(a.to_bits(), b.to_bits());
            }
            _ => assert_eq!(found, expected),
        }
    }
    let bytes = request(Format::Json, Shape::default(), Signal::Spans, &[event]);
    let bytes = String::from_utf8(bytes).expect("UTF-8");
    let expected = format!("{{\"key\":\"key\",\"value\":{{{json}}}}}");
    assert_eq!(bytes.contains(&expected), !json.is_empty(), "{expected} in {bytes}");
}

fn list(items: impl IntoIterator<Item = Any>) -> Any {
    Any::ArrayValue(ArrayValue { values: items.into_iter().map(any).collect() })
}

fn array(list: &dyn ToArray) -> Value<'_> {
    Value::Array(list)
}

#[test]
fn integers() {
    for (number, json) in [
        (0, "\"intValue\":\"0\""),
        (-1, "\"intValue\":\"-1\""),
        (i64::MAX, "\"intValue\":\"9223372036854775807\""),
        (i64::MIN, "\"intValue\":\"-9223372036854775808\""),
    ] {
        check(Value::I64(number), Some(Any::IntValue(number)), json);
    }
    check(
        Value::U64(i64::MAX as u64),
        Some(Any::IntValue(i64::MAX)),
        "\"intValue\":\"9223372036854775807\"",
    );
    for large in [i64::MAX as u64 + 1, u64::MAX] {
        let json = format!("\"stringValue\":\"{large}\"");
        check(Value::U64(large), Some(text(&large.to_string())), &json);
    }
}

#[test]
fn large_integers_are_listed() {
    let event = EventBuilder::new("t")
        .field("a", Value::U64(u64::MAX))
        .field("b", Value::U64(1))
        .field("c", Value::Array(&[1, u64::MAX]))
        .build();
    let attributes = span(&event).attributes;
    assert_eq!(attribute(&attributes, "ode.u64_as_string"), Some(list([text("a"), text("c")])));
    let both = Some(list([text("1"), text("18446744073709551615")]));
    assert_eq!(attribute(&attributes, "c"), both, "one list has one type");
    assert_eq!(attribute(&attributes, "b"), Some(Any::IntValue(1)));
    let small = EventBuilder::new("t").field("b", Value::U64(1)).build();
    assert_eq!(attribute(&span(&small).attributes, "ode.u64_as_string"), None);
}

#[test]
fn floats() {
    for (float, json) in [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (f64::from_bits(1), "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::NAN, "\"NaN\""),
        (f64::INFINITY, "\"Infinity\""),
        (f64::NEG_INFINITY, "\"-Infinity\""),
    ] {
        let json = format!("\"doubleValue\":{json}");
        check(Value::F64(float), Some(Any::DoubleValue(float)), &json);
    }
}

#[test]
fn text_bytes_and_truth() {
    for (value, json) in [
        ("", "\"\""),
        ("\0", "\"\\u0000\""),
        ("\n", "\"\\n\""),
        ("\u{2028}\u{1b}", "\"\\u2028\\u001b\""),
        ("grün 🦀", "\"grün 🦀\""),
    ] {
        check(Value::Str(value), Some(text(value)), &format!("\"stringValue\":{json}"));
    }
    let long = "x".repeat(70_000);
    check(Value::Str(&long), Some(text(&long)), &format!("\"stringValue\":\"{long}\""));
    // A lone surrogate, as bytes: no UTF-8, so no text.
    let bytes = b"\xed\xa0\x80".to_vec();
    check(Value::Bytes(&bytes), Some(Any::BytesValue(bytes.clone())), "\"bytesValue\":\"7aCA\"");
    check(Value::Bytes(b""), Some(Any::BytesValue(Vec::new())), "\"bytesValue\":\"\"");
    check(Value::Bool(true), Some(Any::BoolValue(true)), "\"boolValue\":true");
    check(Value::Bool(false), Some(Any::BoolValue(false)), "\"boolValue\":false");
    check(Value::Absent, None, "");
}

#[test]
fn lists() {
    check(array(&Vec::<u64>::new()), list([]), "\"arrayValue\":{\"values\":[]}");
    check(
        array(&[true, false]),
        list([Any::BoolValue(true), Any::BoolValue(false)]),
        "\"arrayValue\":{\"values\":[{\"boolValue\":true},{\"boolValue\":false}]}",
    );
    check(
        array(&[-1_i64, 1]),
        list([Any::IntValue(-1), Any::IntValue(1)]),
        "\"arrayValue\":{\"values\":[{\"intValue\":\"-1\"},{\"intValue\":\"1\"}]}",
    );
    check(
        array(&[1.5, f64::INFINITY]),
        list([Any::DoubleValue(1.5), Any::DoubleValue(f64::INFINITY)]),
        "\"arrayValue\":{\"values\":[{\"doubleValue\":1.5},{\"doubleValue\":\"Infinity\"}]}",
    );
    check(
        array(&[Value::Bytes(&[0])]),
        list([Any::BytesValue(vec![0])]),
        "\"arrayValue\":{\"values\":[{\"bytesValue\":\"AA==\"}]}",
    );
    // Null does not exist: absent among elements is left out.
    check(
        array(&[Some("a"), None]),
        list([text("a")]),
        "\"arrayValue\":{\"values\":[{\"stringValue\":\"a\"}]}",
    );
}

#[test]
fn keys_are_never_empty_and_never_twice() {
    let event = EventBuilder::new("t")
        .field("", Value::U64(0))
        .field("twice", Value::U64(1))
        .field("twice", Value::Str("last"))
        .field("SampleRate", Value::U64(7))
        .build();
    let attributes = span(&event).attributes;
    let fields = ["event_id", "outcome", "build_id", "field.", "twice", "SampleRate"];
    assert_eq!(keys(&attributes), fields);
    assert_eq!(attribute(&attributes, "twice"), Some(text("last")));
}
