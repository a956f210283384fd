//! Documents that nobody would write: no panic, an end, and the flags that are sound.

use std::time::Duration;

use ode::flags::FlagSet;
use ode::{FlagSource, Subject};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::generated::Generator;

fn subject() -> Subject {
    Subject::new("user-42").with("plan", "pro").with("seats", i64::MIN).with("share", f64::NAN)
}

/// Reads it, and asks about whatever came of it.
fn survives(text: &str) {
    let Ok(flags) = FlagSet::parse(text) else { return };
    for key in ["f", "flag-0", "flag-1", "flag-2", "flag-3"] {
        let _answer = flags.evaluate(key, &subject());
        let _answer = flags.evaluate(key, &Subject::anonymous());
    }
}

fn with_rule(rule: &Json) -> String {
    json!({"flags": {"f": {"state": "ENABLED", "variants": {"v": 1}, "targeting": rule}}})
        .to_string()
}

#[test]
fn deep_and_large_and_odd() {
    for depth in [10, 100, 127, 128, 1_000, 100_000] {
        survives(&"[".repeat(depth));
        survives(&format!("{}1{}", "{\"flags\":".repeat(depth), "}".repeat(depth)));
        let (open, close) = ("{\"!\":".repeat(depth), "}".repeat(depth));
        survives(&format!(
            "{{\"flags\": {{\"f\": {{\"state\": \"ENABLED\", \"variants\": {{\"v\": 1}}, \
             \"targeting\": {open}1{close}}}}}}}"
        ));
    }
    survives(&with_rule(&json!({"if": vec![true; 100_000]})));
    survives(&with_rule(&json!({"cat": vec!["x".repeat(1_000); 1_000]})));
    for number in ["1e999", "-1e999", "1e-999", "0.1e1", "-0", "99999999999999999999", "1E5", "NaN"]
    {
        for operator in ["+", "-", "*", "/", "%", "min", "max", "<", "==", "===", "substr", "!"] {
            for other in ["0", "-1", "9223372036854775807", "-9223372036854775808", "\"x\"", "[]"] {
                survives(&format!(
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
        survives(&with_rule(&json!({operator: []})));
        for one in &values {
            survives(&with_rule(&json!({operator: one})));
            for other in &values {
                survives(&with_rule(&json!({operator: [one, other]})));
                survives(&with_rule(&json!({operator: [one, other, one, other]})));
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
        survives(&text);
        sender.send(()).unwrap();
    };
    std::thread::Builder::new().spawn(asks).unwrap();
    receiver.recv_timeout(Duration::from_secs(30)).expect("an end");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        survives(&text);
    }

    /// A sound document with some bytes exchanged, left out or doubled.
    #[test]
    fn a_document_that_was_sound(
        seed in any::<u64>(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..8),
    ) {
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
        survives(&String::from_utf8_lossy(&bytes));
    }

    /// Any JSON where a flag stands, and where a rule stands.
    #[test]
    fn any_json(json in any_json_value()) {
        survives(&json!({"flags": {"f": json}}).to_string());
        survives(&with_rule(&json));
    }
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
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            (name.clone(), inner.clone()).prop_map(|(name, value)| json!({name: value})),
            prop::collection::vec((name.clone(), inner), 0..4).prop_map(|fields| {
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            }),
        ]
    })
}
