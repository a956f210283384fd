//! Runs the compaction example as a process, on good tables and on bad ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod program;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Map, Value};
use tempfile::TempDir;

type Event = Map<String, Value>;

const TABLE: &str = "\
id,mag,alert,felt
1,2.5,,true
2,1.0,green,false
3,0.5,,true
";

/// The program with a build id that is known, in a directory of its own.
fn compaction(directory: &TempDir, args: &[&str]) -> Output {
    Command::new(program::path("compaction"))
        .current_dir(directory.path())
        .env("ODE_BUILD_ID", "build/7")
        .args(args)
        .output()
        .unwrap()
}

fn directory_with(table: impl AsRef<[u8]>) -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("table.csv"), table).unwrap();
    directory
}

/// Where the events go; the slash of the build id became an underscore.
fn events_file(directory: &TempDir) -> PathBuf {
    directory.path().join("compaction-build_7.jsonl")
}

fn read_events(path: &Path) -> Vec<Event> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'), "the last line is complete");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn named<'e>(events: &'e [Event], name: &str) -> Vec<&'e Event> {
    events.iter().filter(|event| event["name"] == name).collect()
}

fn sum(events: &[&Event], key: &str) -> u64 {
    events.iter().map(|event| event[key].as_u64().unwrap()).sum()
}

/// Runs on what must fail: exit code 2, a message that says all of `expected`, no file.
#[track_caller]
fn check_refused(directory: &TempDir, args: &[&str], expected: &[&str]) {
    let output = compaction(directory, args);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(output.stdout.is_empty(), "nothing is reported");
    for part in expected {
        assert!(message.contains(part), "no {part:?} in: {message}");
    }
    assert!(message.contains("hint: "), "says what to do: {message}");
    let left: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().ends_with("jsonl"))
        .collect();
    assert!(left.is_empty() || events_file(directory).is_dir(), "left behind: {left:?}");
}

#[test]
fn every_chunk_leaves_one_wide_event() {
    let directory = TempDir::new().unwrap();
    let output = compaction(&directory, &[]);
    let talk = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{talk}");

    let events = read_events(&events_file(&directory));
    let chunks = named(&events, "compaction.chunk");
    let runs = named(&events, "compaction.run");
    assert_eq!((chunks.len(), runs.len()), (30 * 9, 1), "30 columns, 1,707 rows by 200");
    assert_eq!(sum(&chunks, "chunk.rows"), 30 * 1_707);
    assert_eq!(sum(&chunks, "size.before"), runs[0]["run.bytes_before"].as_u64().unwrap());
    assert_eq!(sum(&chunks, "size.after"), runs[0]["run.bytes_after"].as_u64().unwrap());
    assert!(sum(&chunks, "size.after") * 3 < sum(&chunks, "size.before"));

    for chunk in &chunks {
        assert!(chunk.len() >= 20, "{chunk:?}");
        assert_eq!((&chunk["user.id"], &chunk["app.id"]), (&"ada".into(), &"warehouse".into()));
        assert_eq!(chunk["build_id"], "build/7");
        assert_eq!(chunk["parent_span_id"], runs[0]["span_id"]);
        assert_eq!(chunk.contains_key("declined.reason"), chunk["outcome"] == "declined");
        assert_eq!(chunk["was_compressed"], chunk["outcome"] == "ok");
        assert!(chunk["size.after"].as_u64() <= chunk["size.before"].as_u64());
    }
    for reason in ["empty", "too_small", "already_dense", "high_entropy", "not_worth_it"] {
        assert!(chunks.iter().any(|chunk| chunk.get("declined.reason") == Some(&reason.into())));
    }
    for column_type in ["int64", "float64", "bool", "datetime", "varstring"] {
        assert!(chunks.iter().any(|chunk| chunk["column.type"] == column_type), "{column_type}");
    }
}

#[test]
fn a_column_that_only_looks_like_numbers_gives_warnings() {
    let directory = TempDir::new().unwrap();
    compaction(&directory, &[]);
    let events = read_events(&events_file(&directory));
    let warned: Vec<_> = events.iter().filter(|event| event.contains_key("warnings")).collect();
    assert_eq!(warned.len(), 9);
    for event in warned {
        assert_eq!(event["column.name"], "code");
        assert_eq!(event["outcome"], "ok", "a warning is no error");
    }
}

#[test]
fn the_table_at_the_end_answers_the_six_questions() {
    let directory = directory_with(TABLE);
    let args = ["table.csv", "--user", "grace", "--app", "lab"];
    let report = String::from_utf8(compaction(&directory, &args).stdout).unwrap();
    for part in [
        "1 Is it running",
        "4 chunks",
        "2 Only on the right inputs",
        "3 With the intended effect",
        "4 Which errors and warnings",
        "5 What was skipped",
        "3 too_small",
        "6 How does it look to one user",
        "grace in lab",
        "compaction-build_7.jsonl",
    ] {
        assert!(report.contains(part), "no {part:?} in:\n{report}");
    }
}

/// Past the capture of test output, so that it is seen.
fn skip(reason: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {reason}").ok();
}

#[test]
fn the_jq_line_of_the_report_works() {
    if Command::new("jq").arg("--version").output().is_err() {
        skip("jq is not installed");
        return;
    }
    let directory = TempDir::new().unwrap();
    let report = String::from_utf8(compaction(&directory, &[]).stdout).unwrap();
    let line = report.lines().map(str::trim).find(|line| line.starts_with("jq ")).unwrap();
    let output =
        Command::new("sh").args(["-c", line]).current_dir(directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("high_entropy"));
}

#[test]
fn a_chunk_that_cannot_be_read_back_is_an_error_and_stays_as_it_was() {
    let directory = TempDir::new().unwrap();
    let output = compaction(&directory, &["--break", "place"]);
    assert_eq!(output.status.code(), Some(1), "some chunks failed, the others did not");

    let events = read_events(&events_file(&directory));
    let failed: Vec<_> = events.iter().filter(|event| event["outcome"] == "error").collect();
    assert_eq!(failed.len(), 9 + 1, "nine chunks and the run");
    for chunk in named(&events, "compaction.chunk") {
        assert_eq!(chunk["outcome"] == "error", chunk["column.name"] == "place");
        if chunk["outcome"] == "error" {
            assert!(chunk.contains_key("error.type") && chunk.contains_key("error.message"));
            assert_eq!(chunk["was_compressed"], false);
            assert_eq!(chunk["size.after"], chunk["size.before"]);
        }
    }
}

#[test]
fn a_second_run_replaces_the_file() {
    let directory = directory_with(TABLE);
    compaction(&directory, &[]);
    compaction(&directory, &["table.csv"]);
    let events = read_events(&events_file(&directory));
    assert_eq!(named(&events, "compaction.chunk").len(), 4);
    assert_eq!(named(&events, "compaction.run").len(), 1);
}

#[test]
fn a_run_that_fails_leaves_no_file_of_an_earlier_one() {
    let directory = directory_with(TABLE);
    compaction(&directory, &["table.csv"]);
    assert!(events_file(&directory).exists());
    check_refused(&directory, &["missing.csv"], &["missing.csv", "No such file"]);
}

#[test]
fn bad_tables_are_refused_with_their_place() {
    let ragged = directory_with("a,b\n1,2\n3\n");
    let place = ["table.csv", "row 2 (line 3) has 1 field(s)", "header has 2"];
    check_refused(&ragged, &["table.csv"], &place);

    let latin1 = directory_with(b"a,b\n1,caf\xe9\n");
    check_refused(&latin1, &["table.csv"], &["row 1 (line 2)", "UTF-8", "iconv"]);

    check_refused(&directory_with(""), &["table.csv"], &["the file is empty"]);
    check_refused(&directory_with("a,b\n"), &["table.csv"], &["no rows"]);
    check_refused(&TempDir::new().unwrap(), &["."], &["is a directory"]);
    check_refused(&directory_with(TABLE), &["--verbose"], &["--verbose", "--help"]);
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let directory = directory_with(TABLE);
    fs::create_dir(events_file(&directory)).unwrap();
    fs::write(events_file(&directory).join("in-the-way"), "").unwrap();
    check_refused(&directory, &["table.csv"], &["compaction-build_7.jsonl"]);
}

#[cfg(unix)]
#[test]
fn a_directory_without_write_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let directory = directory_with(TABLE);
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(directory.path().join("probe"), "").is_ok() {
        return; // The superuser may write everywhere; the test above covers this path as well.
    }
    check_refused(&directory, &["table.csv"], &["compaction-build_7.jsonl"]);
}
