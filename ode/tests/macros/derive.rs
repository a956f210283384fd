//! `#[derive(EventFields)]`.

use std::fmt;
use std::time::Duration;

use ode::testing::{Captured, capture};
use ode::{EventFields, ToValue, WideEvent};

fn recorded(fields: &impl EventFields) -> Captured {
    let events = capture();
    WideEvent::builder("unit").run(|| ode::fields(fields));
    events.one("unit")
}

#[derive(EventFields)]
#[event(prefix = "chunk")]
struct Chunk {
    rows: u64,
    kind: ColumnType,
    #[event(rename = "file", display)]
    path: Shown,
    #[event(debug)]
    r#type: Option<u8>,
    #[event(sensitive = "hash")]
    owner_email: String,
    #[event(sensitive = "mask", debug)]
    card: Vec<u8>,
    #[event(sensitive = "drop")]
    secret: &'static str,
    #[event(skip)]
    raw: Vec<u8>,
    #[event(nested)]
    codec: Codec,
    #[event(flatten)]
    rest: Codec,
    note: Option<String>,
    took: Duration,
}

#[derive(EventFields)]
struct Codec {
    name: &'static str,
    level: u8,
}

#[derive(EventFields, Clone, Copy)]
enum ColumnType {
    Int64,
    #[event(rename = "text")]
    VarString,
}

struct Shown;

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shown")
    }
}

fn chunk(owner: &str) -> Chunk {
    Chunk {
        rows: 3,
        kind: ColumnType::Int64,
        path: Shown,
        r#type: Some(1),
        owner_email: owner.into(),
        card: vec![4, 2],
        secret: "secret",
        raw: vec![1],
        codec: Codec { name: "lz4", level: 1 },
        rest: Codec { name: "zstd", level: 9 },
        note: None,
        took: Duration::from_micros(2),
    }
}

#[test]
fn every_attribute_does_what_it_says() {
    let subject = chunk("ada@example.org");
    assert_eq!((subject.secret, subject.raw.len()), ("secret", 1));
    let event = recorded(&subject);
    assert_eq!(event["chunk.rows"], 3);
    assert_eq!(event["chunk.kind"], "Int64");
    assert_eq!(event["chunk.file"], "shown");
    assert_eq!(event["chunk.type"], "Some(1)");
    assert_eq!(event["chunk.codec.name"], "lz4");
    assert_eq!(event["chunk.codec.level"], 1);
    assert_eq!(event["chunk.name"], "zstd");
    assert_eq!(event["chunk.level"], 9);
    assert_eq!(event["chunk.took_ns"], 2_000);
    for absent in ["chunk.note", "chunk.raw", "chunk.secret", "chunk.path", "chunk.rest"] {
        assert!(event.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn nothing_sensitive_is_in_the_event() {
    let event = recorded(&chunk("ada@example.org"));
    let everything = format!("{:?}", event.fields().collect::<Vec<_>>());
    for hidden in ["ada@example.org", "[4, 2]", "secret"] {
        assert!(!everything.contains(hidden), "{hidden}: {everything}");
    }
    assert!(event.get("chunk.card").is_some());
    assert!(event.get("chunk.owner_email").is_some());
}

#[derive(EventFields)]
#[event(rename_all = "camelCase")]
struct Generic<'a, T, const N: usize> {
    first_value: &'a T,
    #[event(nested)]
    inner_group: Option<Inner<T>>,
    #[event(debug)]
    list: [u8; N],
}

#[derive(EventFields)]
struct Inner<T> {
    value: Option<T>,
}

#[test]
fn parameters_are_carried_through() {
    let event = recorded(&Generic {
        first_value: &1.5,
        inner_group: Some(Inner { value: Some(2.5) }),
        list: [1, 2],
    });
    assert_eq!(event["firstValue"], 1.5);
    assert_eq!(event["innerGroup.value"], 2.5);
    assert_eq!(event["list"], "[1, 2]");
}

#[derive(EventFields)]
#[event(rename_all = "SCREAMING-KEBAB-CASE")]
enum Casing {
    TwoWords,
}

#[test]
fn an_enum_is_a_word() {
    let events = capture();
    WideEvent::builder("unit").run(|| {
        ode::set! { a = ColumnType::Int64, b = ColumnType::VarString, c = Casing::TwoWords };
    });
    let event = events.one("unit");
    assert_eq!(event["a"], "Int64");
    assert_eq!(event["b"], "text");
    assert_eq!(event["c"], "TWO-WORDS");
    assert!(matches!(Casing::TwoWords.to_value(), ode::Value::Str("TWO-WORDS")));
}

#[test]
fn groups_nest_in_groups() {
    #[derive(EventFields)]
    struct Outer {
        #[event(nested, rename = "in")]
        inner: Chunk,
    }
    let event = recorded(&Outer { inner: chunk("x") });
    assert_eq!(event["in.chunk.rows"], 3);
    assert_eq!(event["in.chunk.codec.name"], "lz4");
}

/// Only a nested group can have fields called as ode's own; anywhere else they move aside.
#[test]
fn a_group_without_a_prefix_takes_nothing_from_ode() {
    let event = recorded(&Codec { name: "lz4", level: 1 });
    assert_eq!(event.name(), "unit");
    assert_eq!(event["field.name"], "lz4");
    assert_eq!(event["level"], 1);
}
