//! T31: the table of edge values, and what readers get back.

use ode_core::{EventBuilder, OwnedValue, ToArray, Value};
use ode_exporters::jsonl::{self, parse_line};

use crate::support::line;

#[track_caller]
fn check(value: Value<'_>, json: &str, back: Option<Value<'_>>) {
    let event = EventBuilder::new("t").field("key", value).build();
    let text = line(&event);
    let expected = if json.is_empty() { "}\n".to_owned() } else { format!(",\"key\":{json}}}\n") };
    assert!(text.ends_with(&format!("\"build_id\":\"unknown\"{expected}")), "{text}");
    let parsed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(parsed, serde_json::to_value(&event).unwrap(), "serde says otherwise");
    let read = parse_line(&text).expect("an event");
    assert_eq!(read.get("key").map(Value::to_owned_value), back.map(Value::to_owned_value));
}

fn list(list: &dyn ToArray) -> Value<'_> {
    Value::Array(list)
}

#[test]
fn numbers() {
    check(Value::U64(u64::MAX), "18446744073709551615", Some(Value::U64(u64::MAX)));
    check(Value::U64(1 << 63), "9223372036854775808", Some(Value::U64(1 << 63)));
    check(Value::I64(i64::MIN), "-9223372036854775808", Some(Value::I64(i64::MIN)));
    check(Value::I64(-1), "-1", Some(Value::I64(-1)));
    check(Value::F64(3.0), "3.0", Some(Value::F64(3.0)));
    check(Value::F64(0.1 + 0.2), "0.30000000000000004", Some(Value::F64(0.1 + 0.2)));
    check(Value::F64(f64::MAX), "1.7976931348623157e+308", Some(Value::F64(f64::MAX)));
    check(Value::F64(f64::from_bits(1)), "5e-324", Some(Value::F64(f64::from_bits(1))));
    check(Value::F64(f64::NAN), "\"NaN\"", Some(Value::Str("NaN")));
    check(Value::F64(f64::INFINITY), "\"Infinity\"", Some(Value::Str("Infinity")));
    check(Value::F64(f64::NEG_INFINITY), "\"-Infinity\"", Some(Value::Str("-Infinity")));
}

#[test]
fn both_zeros_stay_floats_and_keep_their_sign() {
    for (zero, json) in [(0.0, "0.0"), (-0.0, "-0.0")] {
        check(Value::F64(zero), json, Some(Value::F64(zero)));
        let read = parse_line(format!("{{\"name\":\"t\",\"key\":{json}}}")).unwrap();
        match read.get("key") {
            Some(Value::F64(back)) => assert_eq!(back.to_bits(), zero.to_bits()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn text() {
    check(Value::Str(""), "\"\"", Some(Value::Str("")));
    for (text, json) in [
        ("\0", "\"\\u0000\""),
        ("\n", "\"\\n\""),
        ("a\u{2028}b\u{2029}", "\"a\\u2028b\\u2029\""),
        ("\u{1b}[2J\u{7f}\u{9b}", "\"\\u001b[2J\\u007f\\u009b\""),
        ("\u{202e}txt\u{2066}\u{61c}", "\"\\u202etxt\\u2066\\u061c\""),
        ("\"\\/", "\"\\\"\\\\/\""),
        ("grün 🦀 漢字", "\"grün 🦀 漢字\""),
    ] {
        check(Value::Str(text), json, Some(Value::Str(text)));
    }
}

#[test]
fn bytes_and_lists() {
    // A lone surrogate, as bytes: no UTF-8, so no text.
    check(Value::Bytes(b"\xed\xa0\x80"), "\"7aCA\"", Some(Value::Str("7aCA")));
    check(Value::Bytes(b""), "\"\"", Some(Value::Str("")));
    check(list(&Vec::<u64>::new()), "[]", Some(list(&Vec::<u64>::new())));
    check(list(&[true, false]), "[true,false]", Some(list(&[true, false])));
    check(list(&[0, u64::MAX]), "[0,18446744073709551615]", Some(list(&[0, u64::MAX])));
    check(list(&[-1_i64, 1]), "[-1,1]", Some(list(&[-1_i64, 1])));
    check(list(&["\0", ""]), "[\"\\u0000\",\"\"]", Some(list(&["\0", ""])));
    check(list(&[1.0, f64::INFINITY]), "[1.0,\"Infinity\"]", Some(list(&[1.0, f64::INFINITY])));
    check(
        list(&[Value::Bytes(&[0]), Value::Bytes(&[1])]),
        "[\"AA==\",\"AQ==\"]",
        Some(list(&["AA==", "AQ=="])),
    );
    // Null does not exist: absent among elements is left out, absent alone is no field.
    check(list(&[Some(1_u64), None]), "[1]", Some(list(&[1_u64])));
    check(Value::Absent, "", None);
}

#[test]
fn keys() {
    let event = EventBuilder::new("t")
        .field("", Value::U64(0))
        .field("twice", Value::U64(1))
        .field("a\"\n\u{2028}", Value::U64(2))
        .field("twice", Value::Str("last"))
        .build();
    let text = line(&event);
    assert!(text.ends_with(",\"\":0,\"twice\":\"last\",\"a\\\"\\n\\u2028\":2}\n"), "{text}");
    let read = parse_line(&text).unwrap();
    let keys: Vec<_> = read.fields().map(|(key, _)| key.to_owned()).collect();
    assert_eq!(keys, ["", "twice", "a\"\n\u{2028}"]);
}

#[test]
fn what_other_writers_write() {
    let read = parse_line(
        r#"{"user":{"id":7,"tags":["a",1,null,{"b":[]}],"none":null},"n":-0,"big":1e400000000000000000000,"name":"t"}"#,
    );
    assert!(read.expect_err("out of range").to_string().contains("number out of range"));
    let read = parse_line(
        r#" {"user":{"id":7,"tags":["a",1,null,{"b":[]}],"none":null},"n":1,"n":2,"name":"t"} "#,
    )
    .unwrap();
    let fields: Vec<_> =
        read.fields().map(|(key, value)| (key, value.to_owned_value().unwrap())).collect();
    let tags = ["a", "1", "{\"b\":[]}"].map(|tag| OwnedValue::Str(tag.to_owned()));
    assert_eq!(
        fields,
        [
            ("user.id", OwnedValue::U64(7)),
            ("user.tags", OwnedValue::Array(tags.into())),
            ("n", OwnedValue::U64(2)),
        ]
    );
    assert!(parse_line(r#"{"name":"t","lone":"\ud800"}"#).is_err(), "a lone surrogate is no text");
    let deep = format!("{{\"name\":\"t\",\"deep\":{}", "[".repeat(100_000));
    assert!(parse_line(deep).is_err(), "nesting is bounded");
}

#[test]
fn one_bad_line_does_not_spoil_the_next() {
    let good = "{\"name\":\"t\"}";
    for bad in [
        "{\"name\":\"t",
        "nonsense",
        "[]",
        "{}",
        "{\"name\":null}",
        "\"\u{0}\"",
        "{\"name\":\"t\"}}",
    ] {
        let input = format!("{good}\n{bad}\n{good}\n");
        let results: Vec<_> = jsonl::read(input.as_bytes()).collect();
        let [Ok(_), Err(error), Ok(_)] = results.as_slice() else { panic!("{bad}: {results:?}") };
        assert_eq!(error.line(), 2, "{bad}");
    }
}
