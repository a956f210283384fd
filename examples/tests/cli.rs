//! The command takes part in its caller's trace, and says by its exit code how it ended.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod program;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn cli() -> Command {
    let mut cli = Command::new(program::path("cli"));
    for variable in ["TRACEPARENT", "TRACESTATE", "BAGGAGE"] {
        cli.env_remove(variable);
    }
    cli
}

fn events(output: &Output) -> Vec<Value> {
    let lines = str::from_utf8(&output.stderr).unwrap().lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn named<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["name"] == name).collect()
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_trace_goes_from_the_caller_through_both_processes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (file(folder.path(), "1", "a\nb\n"), file(folder.path(), "2", "c\n"));
    let output = cli().args([&one, &two]).env("TRACEPARENT", CALLER).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout, b"3\n");

    let events = events(&output);
    assert_eq!(events.len(), 3, "{events:#?}");
    let sum = named(&events, "lines.sum")[0];
    assert_eq!(sum["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(sum["parent_span_id"], "00f067aa0ba902b7");
    assert_eq!(sum["lines"], 3);
    assert_eq!(sum["timed.child.count"], 2);
    for count in named(&events, "lines.count") {
        assert_eq!(count["trace_id"], sum["trace_id"]);
        assert_eq!(count["parent_span_id"], sum["span_id"]);
        assert_ne!(count["process.pid"], sum["process.pid"]);
    }
}

#[test]
fn started_by_nobody_it_begins_a_trace() {
    let output = cli().output().unwrap();
    assert_eq!(output.status.code(), Some(0), "without arguments it counts itself");
    let events = events(&output);
    let (sum, count) = (named(&events, "lines.sum")[0], named(&events, "lines.count")[0]);
    assert!(sum.get("parent_span_id").is_none());
    assert_eq!(count["trace_id"], sum["trace_id"]);
}

#[test]
fn the_exit_code_is_the_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let empty = file(folder.path(), "empty", "");
    let some = file(folder.path(), "some", "a\n");
    let missing = folder.path().join("missing").to_str().unwrap().to_owned();
    for (files, code, outcome) in [
        (vec![&some], 0, "ok"),
        (vec![&some, &empty], 0, "ok"),
        (vec![&empty], 3, "declined"),
        (vec![&some, &missing], 1, "error"),
    ] {
        let output = cli().args(&files).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{files:?}");
        let events = events(&output);
        assert_eq!(named(&events, "lines.sum")[0]["outcome"], outcome, "{files:?}");
    }
    let output = cli().args(["--one", &missing]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(named(&events(&output), "lines.count")[0]["outcome"], "error");
}

#[test]
fn where_ode_is_disabled_it_counts_all_the_same() {
    let output = cli().env("ODE_DISABLED", "true").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
    assert!(!output.stdout.is_empty());
}
