//! The same document and the same questions, to ode and to flagd's official evaluator in its own
//! process: `official.py`, with the packages of `requirements.txt` beside it.

use std::io::Write;
use std::process::{Command, Stdio};

use ode::flags::FlagSet;
use ode::{Evaluation, FlagSource, FlagValue};
use serde_json::{Value as Json, json};

use crate::generated::{Generator, Question};

/// Answers of the official evaluator; `None` where it is not here.
fn asked_officially(document: &str, questions: &[Question]) -> Option<Vec<Json>> {
    let program = std::env::var_os("ODE_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/flags/official.py");
    let mut python = Command::new(program);
    python.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.stderr(Stdio::piped()).spawn().ok()?;
    let questions: Vec<_> = questions.iter().map(Question::to_json).collect();
    let asked = json!({"document": document, "questions": questions}).to_string();
    // It reads everything before it answers; where it ends at once there is nobody to read.
    drop(python.stdin.take().unwrap().write_all(asked.as_bytes()));
    let output = python.wait_with_output().unwrap();
    if output.status.success() {
        return Some(serde_json::from_slice(&output.stdout).unwrap());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("ModuleNotFoundError"), "{said}");
    None
}

/// An evaluation as the official one is written down. A whole number asked for as any number is one.
fn written(evaluation: &Evaluation, kind: &str) -> Json {
    if let Some(error) = evaluation.error() {
        return json!({"error": error.as_str()});
    }
    let mut found = json!({"reason": evaluation.reason().as_str()});
    if let (Some(variant), Some(value)) = (evaluation.variant_name(), evaluation.value()) {
        found["variant"] = variant.into();
        found["value"] = match value {
            FlagValue::Bool(value) => (*value).into(),
            FlagValue::Str(text) => (**text).into(),
            FlagValue::I64(whole) if kind == "float" => {
                whole.to_string().parse::<f64>().unwrap().into()
            }
            FlagValue::I64(whole) => (*whole).into(),
            FlagValue::F64(number) => (*number).into(),
            FlagValue::Json(text) => serde_json::from_str(text).unwrap(),
            other => panic!("{other:?}"),
        };
    }
    found
}

#[track_caller]
fn compare(document: &str, questions: &[Question]) {
    let Some(official) = asked_officially(document, questions) else {
        let what = "SKIPPED: no Python with the packages of ode/tests/flags\n";
        std::io::stderr().write_all(what.as_bytes()).ok();
        return;
    };
    assert_eq!(official.len(), questions.len());
    let flags = FlagSet::parse(document).unwrap();
    assert_eq!(flags.problems().count(), 0, "{:?}", flags.problems().collect::<Vec<_>>());
    let mut reasons = std::collections::BTreeMap::<String, u64>::new();
    for (question, mut official) in questions.iter().zip(official) {
        let ours = match flags.evaluate(&question.key, &question.subject()) {
            // Where no flag is known the next source is asked, which is no error yet.
            answer if answer == Evaluation::not_found() => json!({"error": "flag_not_found"}),
            answer => written(&answer, question.kind),
        };
        official.as_object_mut().unwrap().remove("unexpected");
        let reason = ours.get("reason").or(ours.get("error")).unwrap().to_string();
        *reasons.entry(reason).or_default() += 1;
        assert_eq!(
            ours,
            official,
            "ode (left) and flagd (right) about {question:?}: {}",
            question.rule(document)
        );
    }
    // Every way there is to answer was among them, so that agreement means something.
    for reason in ["static", "default", "targeting_match", "disabled", "general", "flag_not_found"]
    {
        let asked = reasons.get(&format!("\"{reason}\"")).copied().unwrap_or_default();
        assert!(asked >= 5, "{reason}: {reasons:?}");
    }
}

#[test]
fn the_official_evaluator_answers_the_same() {
    let mut generator = Generator::new(20_261_121);
    let (document, questions) = generator.document(120);
    assert!(questions.len() >= 1_000, "{}", questions.len());
    compare(&document, &questions);
}
