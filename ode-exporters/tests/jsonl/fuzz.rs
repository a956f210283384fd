//! Lines of strangers: any bytes, nearly right ones, objects of other writers, nesting and numbers
//! beyond what anybody keeps.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::cases::config;
use crate::checks::{lines, one_line};
use crate::properties::event;
use crate::support::line;

/// What JSON is made of, and what ode's own keys and values look like.
const PIECES: [&str; 48] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\\u",
    "\\ud800",
    "\\u0000",
    "\\n",
    "null",
    "true",
    "false",
    "0",
    "-",
    "1",
    "e9",
    ".5",
    "E+",
    "18446744073709551615",
    "18446744073709551616",
    "-0",
    "\"name\"",
    "\"name\":\"a\"",
    "\"timestamp\"",
    "\"2026-11-21T12:00:00.5Z\"",
    "\"outcome\"",
    "\"ok\"",
    "\"duration_ns\"",
    "\"event_id\"",
    "\"trace_id\"",
    "\"build_id\"",
    "\"process.pid\"",
    "\"service.name\"",
    "\"field.name\"",
    "\"host.name\"",
    "\"a.b\"",
    "\"\"",
    "{\"name\":\"a\"}",
    " ",
    "\t",
    "\r",
    "\n",
    "\u{feff}",
    "\u{2028}",
    "é",
];

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    vec(prop::sample::select(&PIECES[..]), 0..40).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Digits without end, with a point and an exponent somewhere.
fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,40}|9{300,400})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,6})?"
}

fn key() -> impl Strategy<Value = String> {
    let own = prop::sample::select(vec![
        "name",
        "timestamp",
        "outcome",
        "duration_ns",
        "event_id",
        "trace_id",
        "span_id",
        "parent_span_id",
        "build_id",
        "build.source",
        "service.name",
        "service.version",
        "host.name",
        "process.pid",
        "field",
        "field.name",
        "field.host.name",
        "error.type",
        "links",
        "sample_rate",
        "trace_state",
        "$serde_json::private::Number",
        "",
    ]);
    prop_oneof![own.prop_map(str::to_owned), "[a-c.]{1,3}", any::<String>()]
}

/// JSON as other writers may have it.
fn json() -> impl Strategy<Value = String> {
    let quoted = |text: String| serde_json::Value::from(text).to_string();
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        number(),
        any::<String>().prop_map(quoted),
        key().prop_map(quoted),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let member =
            (key(), inner.clone()).prop_map(move |(key, value)| format!("{}:{value}", quoted(key)));
        prop_oneof![
            vec(inner, 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            vec(member, 0..5).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// An object that has a name, so that it is an event as far as the rest of it allows.
fn object() -> impl Strategy<Value = String> {
    let member = (key(), json())
        .prop_map(|(key, value)| format!(",{}:{value}", serde_json::Value::from(key)));
    vec(member, 0..8).prop_map(|members| format!("{{\"name\":\"a\"{}}}", members.concat()))
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..400)) {
        lines(&bytes);
    }

    #[test]
    fn any_pieces(bytes in pieces()) {
        lines(&bytes);
    }

    #[test]
    fn objects_of_other_writers(objects in vec(object(), 1..4)) {
        lines(objects.join("\n").as_bytes());
    }

    #[test]
    fn an_event_is_one_line(event in event()) {
        one_line(line(&event).as_bytes());
    }

    /// Bytes changed, cut out or put in.
    #[test]
    fn lines_that_were_right(
        event in event(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..8),
    ) {
        let mut bytes = line(&event).into_bytes();
        for (at, byte, kind) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes.insert(at, byte),
                1 => drop(bytes.remove(at)),
                2 => bytes.extend_from_within(at..),
                _ => bytes.truncate(at),
            }
        }
        lines(&bytes);
    }
}

/// Deeper than any stack: an error, and the line behind it is read.
#[test]
fn deep_nesting() {
    for depth in [10, 127, 128, 129, 1_000, 100_000] {
        for (open, close) in [("{\"a\":", "}"), ("[", "]"), ("[{\"a\":", "}]")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            lines(nested.as_bytes());
            lines(format!("{{\"name\":\"a\",\"x\":{nested}}}\n{{\"name\":\"b\"}}").as_bytes());
            lines(format!("{{\"name\":\"a\",\"x\":{}", open.repeat(depth)).as_bytes());
        }
    }
}

/// The key of a nested field repeats those around it, so a short line could fill the memory.
#[test]
fn long_keys_around_many_fields() {
    let fields: Vec<_> = (0..2_000).map(|at| format!("\"{at}\":1,")).collect();
    let fields = fields.concat();
    let long = "k".repeat(64 << 10);
    let text = format!("{{\"name\":\"a\",\"{long}\":{{{fields}\"z\":1}}}}\n{{\"name\":\"b\"}}");
    let read: Vec<_> = ode_exporters::jsonl::read(text.as_bytes()).collect();
    let error = read[0].as_ref().expect_err("too much of keys").to_string();
    assert!(error.starts_with("line 1 has more than "), "{error}");
    assert_eq!(read[1].as_ref().expect("the line behind").name(), "b");
}
