//! `ODE_OUTPUT`: where events go when the code names no destination.

use crate::support::{Folder, events_in, names, program, run};

#[test]
fn by_default_json_lines_to_standard_output_where_that_is_no_terminal() {
    for output in [None, Some(""), Some("auto"), Some("AUTO"), Some("stdout")] {
        let mut command = program("returns");
        command.envs(output.map(|output| ("ODE_OUTPUT", output)));
        let left = run(&mut command);
        left.assert_success();
        assert_eq!(names(&left.events()), ["ode.start", "last"], "{output:?}");
        assert_eq!(left.said(), [""; 0]);
    }
}

#[test]
fn pretty_is_for_people() {
    let left = run(program("returns").env("ODE_OUTPUT", "pretty"));
    left.assert_success();
    assert!(left.events().is_empty(), "{left:#?}");
    assert!(left.stdout.contains("last"), "{left:#?}");
}

#[test]
fn none_is_nowhere() {
    let left = run(program("application").env("ODE_OUTPUT", "none"));
    left.assert_success();
    assert!(left.events().is_empty(), "{left:#?}");
    // The start event is a unit that finished, too.
    assert_eq!(left.told("ledger"), "2 0");
}

#[test]
fn a_file_is_appended_to() {
    let folder = Folder::new();
    let path = folder.path("events.jsonl");
    for runs in 1..=3 {
        let left = run(program("returns").env("ODE_OUTPUT", format!("file:{}", path.display())));
        left.assert_success();
        assert!(left.events().is_empty());
        assert_eq!(names(&events_in(&path)).len(), 2 * runs);
    }
}

#[test]
fn a_file_is_put_aside_at_its_length() {
    let folder = Folder::new();
    let path = folder.path("events.jsonl");
    for _ in 0..4 {
        let mut command = program("returns");
        command.env("ODE_OUTPUT", format!("file:{}", path.display()));
        let left = run(command.env("ODE_MAX_FILE_BYTES", "10").env("ODE_KEEP_FILES", "2"));
        left.assert_success();
        assert_eq!(left.said(), [""; 0]);
    }
    let files = ["events.jsonl", "events.jsonl.1", "events.jsonl.2"].map(|name| folder.path(name));
    assert!(files.iter().all(|file| !events_in(file).is_empty()));
    assert!(!folder.path("events.jsonl.3").exists());
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error_that_says_which() {
    let folder = Folder::new();
    let path = folder.path("no/such/folder/events.jsonl");
    let left = run(program("returns").env("ODE_OUTPUT", format!("file:{}", path.display())));
    assert!(!left.status.success());
    assert!(left.stderr.contains("no/such/folder"), "{left:#?}");
}
