//! Rules, one small case each.

use ode_core::Subject;
use serde_json::Value as Json;

use super::compile::{Compiler, MAX_NODES};
use super::evaluate::{Question, Unanswerable};
use super::value::Val;

fn subject() -> Subject {
    Subject::new("user-42")
        .with("plan", "pro")
        .with("seats", 12)
        .with("share", 0.5)
        .with("staff", true)
        .with("empty", "")
        .with("app.version", "1.4.2")
}

#[track_caller]
fn answered(rule: &str) -> Result<Val<'static>, Unanswerable> {
    let json: Json = serde_json::from_str(rule).unwrap();
    let compiled = Compiler::new(None).compile(&json).unwrap_or_else(|wrong| panic!("{wrong}"));
    let subject = subject();
    let now = || 1_700_000_000;
    let question = Question::new("codec", &subject, &now);
    question.ask(&compiled).map(|value| owned(&value))
}

fn owned(value: &Val<'_>) -> Val<'static> {
    match value {
        Val::Null => Val::Null,
        Val::Bool(value) => Val::Bool(*value),
        Val::Int(whole) => Val::Int(*whole),
        Val::Float(number) => Val::Float(*number),
        Val::Str(text) => Val::Str(String::from(&**text).into()),
        Val::List(items) => Val::List(items.iter().map(owned).collect()),
        Val::Items(items) => Val::List(items.iter().map(owned).collect()),
        Val::Object => Val::Object,
    }
}

/// Rules with what they come to, in JSON both.
#[test]
fn every_operator() {
    for (rule, expected) in [
        (r#"{"var": "plan"}"#, r#""pro""#),
        (r#"{"var": ["missing", "free"]}"#, r#""free""#),
        (r#"{"var": "missing"}"#, "null"),
        (r#"{"var": "app.version"}"#, r#""1.4.2""#),
        (r#"{"var": "targetingKey"}"#, r#""user-42""#),
        (r#"{"var": "$flagd.flagKey"}"#, r#""codec""#),
        (r#"{"var": "$flagd.timestamp"}"#, "1700000000"),
        (r#"{"var": {"cat": ["pl", "an"]}}"#, r#""pro""#),
        (r#"{"if": [false, "a", true, "b", "c"]}"#, r#""b""#),
        (r#"{"if": [false, "a", 0, "b", "c"]}"#, r#""c""#),
        (r#"{"if": [false, "a"]}"#, "null"),
        (r#"{"if": []}"#, "null"),
        (r#"{"if": ["only"]}"#, r#""only""#),
        (r#"{"?:": [true, 1, 2]}"#, "1"),
        (r#"{"and": [1, "", 2]}"#, r#""""#),
        (r#"{"and": [1, 2]}"#, "2"),
        (r#"{"or": [0, "a", "b"]}"#, r#""a""#),
        (r#"{"or": [0, ""]}"#, r#""""#),
        (r#"{"and": []}"#, "null"),
        (r#"{"==": [{"var": "seats"}, "12"]}"#, "true"),
        (r#"{"===": [{"var": "seats"}, "12"]}"#, "false"),
        (r#"{"!=": [1, 2]}"#, "true"),
        (r#"{"!==": [1, 1.0]}"#, "false"),
        (r#"{"<": [1, {"var": "seats"}, 20]}"#, "true"),
        (r#"{"<": [1, {"var": "seats"}, 12]}"#, "false"),
        (r#"{"<=": [1, 1, 1]}"#, "true"),
        (r#"{">": ["b", "a"]}"#, "true"),
        (r#"{">": ["10", 9]}"#, "true"),
        (r#"{">=": [{"var": "share"}, 0.5]}"#, "true"),
        (r#"{">": ["x", 1]}"#, "false"),
        (r#"{"!": {"var": "missing"}}"#, "true"),
        (r#"{"!!": [[]]}"#, "false"),
        (r#"{"+": [1, "2", true]}"#, "4.0"),
        (r#"{"+": [1, 2]}"#, "3"),
        (r#"{"-": [5]}"#, "-5"),
        (r#"{"-": [5, 2.5]}"#, "2.5"),
        (r#"{"*": [2, 3, 4]}"#, "24"),
        (r#"{"*": [9223372036854775807, 2]}"#, "18446744073709551614.0"),
        (r#"{"/": [3, 2]}"#, "1.5"),
        (r#"{"%": [7, 4]}"#, "3"),
        (r#"{"%": [-7, 4]}"#, "-3"),
        (r#"{"min": [3, "1", 2]}"#, "1.0"),
        (r#"{"max": [3, 1, 2]}"#, "3"),
        (r#"{"in": ["ring", "Springfield"]}"#, "true"),
        (r#"{"in": [{"var": "plan"}, ["free", "pro"]]}"#, "true"),
        (r#"{"in": ["1", [1]]}"#, "false"),
        (r#"{"in": ["a", 7]}"#, "false"),
        (r#"{"cat": ["a", 1, true, null, 0.5]}"#, r#""a1truenull0.5""#),
        (r#"{"substr": ["jsonlogic", 4]}"#, r#""logic""#),
        (r#"{"substr": ["jsonlogic", -5]}"#, r#""logic""#),
        (r#"{"substr": ["jsonlogic", 1, 3]}"#, r#""son""#),
        (r#"{"substr": ["jsonlogic", 4, -2]}"#, r#""log""#),
        (r#"{"substr": ["žluťoučký", 2, 2]}"#, r#""uť""#),
        (r#"{"substr": ["ab", 9]}"#, r#""""#),
        (r#"{"merge": [[1], 2, [3, {"var": "seats"}]]}"#, "[1, 2, 3, 12]"),
        (r#"{"missing": ["plan", "empty", "x"]}"#, r#"["empty", "x"]"#),
        (r#"{"missing": [["plan", "x"]]}"#, r#"["x"]"#),
        (r#"{"missing_some": [1, ["plan", "x"]]}"#, "[]"),
        (r#"{"missing_some": [2, ["plan", "x"]]}"#, r#"["x"]"#),
        (r#"{"some": [["a", "pro"], {"==": [{"var": ""}, "pro"]}]}"#, "true"),
        (r#"{"all": [[1, 2], {">": [{"var": ""}, 1]}]}"#, "false"),
        (r#"{"all": [[], true]}"#, "false"),
        (r#"{"none": [[1, 2], {">": [{"var": ""}, 2]}]}"#, "true"),
        (r#"{"some": [[1]]}"#, "false"),
        (r#"{"starts_with": [{"var": "targetingKey"}, "user"]}"#, "true"),
        (r#"{"ends_with": [{"var": "targetingKey"}, "user"]}"#, "false"),
        (r#"{"starts_with": [{"var": "seats"}, "1"]}"#, "null"),
        (r#"{"ends_with": ["a"]}"#, "null"),
        (r#"{"sem_ver": [{"var": "app.version"}, ">=", "1.4"]}"#, "true"),
        (r#"{"sem_ver": ["1.x", ">=", "1.4"]}"#, "null"),
        (r#"{"sem_ver": ["1.4", ">="]}"#, "null"),
        (r#"{"a": 1, "b": 2}"#, "{}"),
        ("{}", "{}"),
    ] {
        let expected = Val::of_json(&serde_json::from_str(expected).unwrap());
        assert_eq!(answered(rule), Ok(expected), "{rule}");
    }
}

#[test]
fn an_operator_that_there_is_not_is_a_mistake_with_its_name() {
    for (rule, named) in [
        (r#"{"fractional": [["a", 50], ["b", 50]]}"#, "`fractional` is not supported"),
        (r#"{"if": [true, {"map": [[1], 1]}]}"#, "`map` is not supported"),
        (r#"{"like": [1, 2]}"#, "no operator \"like\""),
        (r#"{"$ref": "nobody"}"#, "\"nobody\" is none of `$evaluators`"),
    ] {
        let json: Json = serde_json::from_str(rule).unwrap();
        let wrong = Compiler::new(None).compile(&json).unwrap_err();
        assert!(wrong.contains(named), "{wrong}");
    }
}

#[test]
fn references_end() {
    let shared = serde_json::json!({
        "staff": {"==": [{"var": "staff"}, true]},
        "both": {"and": [{"$ref": "staff"}, {"$ref": "staff"}]},
        "round": {"or": [{"$ref": "about"}]},
        "about": {"!": {"$ref": "round"}},
    });
    let compile = |rule: &str| {
        let json = serde_json::json!({"$ref": rule});
        let mut compiler = Compiler::new(shared.as_object());
        compiler.compile(&json).map(|_| ())
    };
    assert_eq!(compile("both"), Ok(()), "the same one twice is no circle");
    assert!(compile("round").unwrap_err().contains("refers to itself"));
}

/// Ten levels of ten references to the level below.
#[test]
fn a_rule_that_unfolds_without_end_is_refused() {
    let mut shared = serde_json::Map::new();
    shared.insert("0".to_owned(), Json::Bool(true));
    for level in 1..=10 {
        let below = serde_json::json!({"$ref": (level - 1).to_string()});
        shared.insert(level.to_string(), serde_json::json!({"and": vec![below; 10]}));
    }
    let rule = serde_json::json!({"$ref": "10"});
    let wrong = Compiler::new(Some(&shared)).compile(&rule).unwrap_err();
    assert!(wrong.contains(&MAX_NODES.to_string()), "{wrong}");
}

#[test]
fn an_answer_that_takes_too_long_is_none() {
    // Three lists of a hundred inside each other are a million questions.
    let list = vec![0; 100];
    let inner = serde_json::json!({"none": [list, {"==": [{"var": ""}, 1]}]});
    let middle = serde_json::json!({"all": [list, inner]});
    let outer = serde_json::json!({"all": [list, middle]});
    assert_eq!(answered(&outer.to_string()), Err(Unanswerable));
    // A text that is doubled seventeen times.
    let mut text = Json::String("x".repeat(100));
    for _ in 0..10 {
        text = serde_json::json!({"cat": [text, text]});
    }
    assert_eq!(answered(&text.to_string()), Err(Unanswerable));
}
