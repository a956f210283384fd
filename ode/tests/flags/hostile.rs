//! Documents that nobody would write: no panic, an end, and the flags that are sound.

use std::time::Duration;

use ode::FlagSource;
use ode::flags::{FlagFile, FlagSet};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::cases::config;
use crate::checks::document;
use crate::generated::Generator;

fn with_rule(rule: &Json) -> String {
    json!({"flags": {"f": {"state": "ENABLED", "variants": {"v": 1}, "targeting": rule}}})
        .to_string()
}

#[test]
fn deep_and_large_and_odd() {
    for depth in [10, 100, 127, 128, 1_000, 100_000] {
        document(&"[".repeat(depth));
        document(&format!("{}1{}", "{\"flags\":".repeat(depth), "}".repeat(depth)));
        let (open, close) = ("{\"!\":".repeat(depth), "}".repeat(depth));
        document(&format!(
            "{{\"flags\": {{\"f\": {{\"state\": \"ENABLED\", \"variants\": {{\"v\": 1}}, \
             \"targeting\": {open}1{close}}}}}}}"
        ));
    }
    document(&with_rule(&json!({"if": vec![true; 100_000]})));
    document(&with_rule(&json!({"cat": vec!["x".repeat(1_000); 1_000]})));
    for number in ["1e999", "-1e999", "1e-999", "0.1e1", "-0", "99999999999999999999", "1E5", "NaN"]
    {
        for operator in ["+", "-", "*", "/", "%", "min", "max", "<", "==", "===", "substr", "!"] {
            for other in ["0", "-1", "9223372036854775807", "-9223372036854775808", "\"x\"", "[]"] {
                document(&format!(
                    "{{\"flags\": {{\"f\": {{\"state\": \"ENABLED\", \"variants\": {{\"v\": {number}}}, \
                     \"targeting\": {{\"{operator}\": [{number}, {other}, {number}]}}}}}}}}"
                ));
            }
        }
    }
}

/// Every operator with every number of arguments of every type.
#[test]
fn every_operator_with_everything() {
    let operators = [
        "==",
        "!=",
        "===",
        "!==",
        "<",
        "<=",
        ">",
        ">=",
        "!",
        "!!",
        "+",
        "-",
        "*",
        "/",
        "%",
        "min",
        "max",
        "in",
        "cat",
        "substr",
        "merge",
        "missing",
        "missing_some",
        "starts_with",
        "ends_with",
        "sem_ver",
        "if",
        "and",
        "or",
        "some",
        "all",
        "none",
        "var",
        "$ref",
        "fractional",
        "?:",
    ];
    let values = [
        json!(null),
        json!(true),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(-0.5),
        json!(""),
        json!("1.2.3"),
        json!("\u{0}ž🦀"),
        json!([]),
        json!([[1], "a"]),
        json!({}),
        json!({"var": ""}),
        json!({"var": {"var": "plan"}}),
        json!({"a": 1, "b": 2}),
    ];
    for operator in operators {
        document(&with_rule(&json!({operator: []})));
        for one in &values {
            document(&with_rule(&json!({operator: one})));
            for other in &values {
                document(&with_rule(&json!({operator: [one, other]})));
                document(&with_rule(&json!({operator: [one, other, one, other]})));
            }
        }
    }
}

/// What one question may cost is bounded, whatever the rule.
#[test]
fn a_question_ends() {
    let items: Vec<u32> = (0..1_000).collect();
    let mut rule = json!(true);
    for _ in 0..20 {
        rule = json!({"all": [items, rule]});
    }
    let text = with_rule(&rule);
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let asks = move || {
        document(&text);
        sender.send(()).unwrap();
    };
    std::thread::Builder::new().spawn(asks).unwrap();
    receiver.recv_timeout(Duration::from_secs(30)).expect("an end");
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        document(&text);
    }

    #[test]
    fn a_document_that_was_sound(document in damaged()) {
        crate::checks::document(&String::from_utf8_lossy(&document));
    }

    /// What is read counts as a whole, and what cannot be read changes nothing.
    #[test]
    fn a_file_keeps_the_last_good_one(good in any::<u64>(), others in vec(damaged(), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flags.json");
        let (document, questions) = Generator::new(good).document(4);
        std::fs::write(&path, &document).unwrap();
        let file = FlagFile::new(&path);
        let mut counts = FlagSet::parse(&document).unwrap();
        for other in others {
            std::fs::write(&path, &other).unwrap();
            let text = String::from_utf8(other).ok();
            match text.and_then(|text| FlagSet::parse(&text).ok()) {
                Some(set) => {
                    prop_assert!(file.reload().is_ok());
                    counts = set;
                }
                None => prop_assert!(file.reload().is_err()),
            }
            for question in &questions {
                let (key, subject) = (&question.key, question.subject());
                let answer = format!("{:?}", file.evaluate(key, &subject));
                prop_assert_eq!(answer, format!("{:?}", counts.evaluate(key, &subject)));
            }
        }
    }

    /// Any JSON where a flag stands, and where a rule stands.
    #[test]
    fn any_json(json in any_json_value()) {
        document(&json!({"flags": {"f": json}}).to_string());
        document(&with_rule(&json));
    }
}

/// A sound document with some bytes exchanged, left out or doubled.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    (any::<u64>(), vec(edit, 0..8)).prop_map(|(seed, edits)| {
        let (document, _) = Generator::new(seed).document(4);
        let mut bytes = document.into_bytes();
        for (at, byte, edit) in edits {
            let at = at.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[at]),
            }
        }
        bytes
    })
}

fn any_json_value() -> impl Strategy<Value = Json> {
    let name = prop::sample::select(vec![
        "if",
        "var",
        "in",
        "==",
        "and",
        "!",
        "cat",
        "sem_ver",
        "substr",
        "some",
        "merge",
        "missing",
        "state",
        "variants",
        "targeting",
        "defaultVariant",
        "f",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Json::from),
            (name.clone(), inner.clone()).prop_map(|(name, value)| json!({name: value})),
            vec((name.clone(), inner), 0..4).prop_map(|fields| {
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}
