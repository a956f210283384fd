//! What ode says of its own start and end, and that it is set up once.

use std::path::Path;

use ode::OwnedValue;

use crate::support::{ARGUMENT, Folder, Left, ROLE, events_in, field, names, one, program, run};

/// Whether it is a list of these numbers, of whatever type they come back from JSON.
pub(crate) fn is_list(found: Option<OwnedValue>, numbers: &[u64]) -> bool {
    let expected = OwnedValue::Array(numbers.iter().copied().map(OwnedValue::U64).collect());
    found.map(|found| found.to_string()) == Some(expected.to_string())
}

#[test]
fn the_start_event_says_what_is_set_up() {
    let left = run(program("returns").env("ODE_OUTPUT", "stdout").env("ODE_BUILD_ID", "b7"));
    left.assert_success();
    let events = left.events();
    let start = one(&events, "ode.start");
    assert_eq!(start.outcome(), "ok");
    for (key, expected) in [
        ("ode.version", env!("CARGO_PKG_VERSION")),
        ("build_id", "b7"),
        ("build.source", "environment"),
        ("service.name", env!("CARGO_PKG_NAME")),
        ("service.version", env!("CARGO_PKG_VERSION")),
    ] {
        let found = field(start, key).unwrap_or_else(|| panic!("no {key}: {start:?}"));
        assert_eq!(found, expected, "{key}");
    }
    for key in ["host.name", "process.pid"] {
        assert!(field(start, key).is_some(), "{key}");
    }
    assert!(is_list(field(start, "ode.queue.events"), &[8_192]), "{start:?}");
    assert!(is_list(field(start, "ode.queue.bytes"), &[16 << 20]), "{start:?}");
    assert!(is_list(field(start, "ode.batch.delay_ns"), &[100_000_000]), "{start:?}");
    assert_eq!(field(start, "ode.limit.fields").unwrap(), 4_096);
    assert_eq!(field(start, "ode.limit.value_bytes").unwrap(), 65_536);
    assert_eq!(field(start, "ode.limit.event_bytes").unwrap(), 1_048_576);
    assert_eq!(field(start, "ode.hash_key").unwrap(), false);
}

#[test]
fn the_start_event_says_it_of_every_destination_and_no_secret() {
    let folder = Folder::new();
    let path = folder.path("events");
    let left = run(program("two_destinations").env(ARGUMENT, &path));
    left.assert_success();
    let events = events_in(&path);
    assert_eq!(names(&events), ["ode.start", "last"]);
    let start = one(&events, "ode.start");
    let destinations = field(start, "ode.destinations").unwrap().to_string();
    assert!(destinations.contains("null") && destinations.contains("file"), "{destinations}");
    assert!(is_list(field(start, "ode.queue.events"), &[77, 8_192]), "{start:?}");
    assert!(is_list(field(start, "ode.queue.bytes"), &[16 << 20, 99_999]), "{start:?}");
    assert_eq!(field(start, "ode.limit.fields").unwrap(), 11);
    assert_eq!(field(start, "ode.hash_key").unwrap(), true);
    no_secret(&left, &path);
}

#[test]
fn a_key_from_the_environment_is_shown_nowhere() {
    let folder = Folder::new();
    let (path, key) = (folder.path("events"), folder.path("key"));
    std::fs::write(&key, "0123456789abcdef-secret\n").unwrap();
    for (name, value) in [
        ("ODE_HASH_KEY", "0123456789abcdef-secret".into()),
        ("ODE_HASH_KEY_FILE", key.into_os_string()),
        ("ODE_HASH_KEY", "secret".into()),
    ] {
        let output = format!("file:{}", path.display());
        let left = run(program("application").env("ODE_OUTPUT", output).env(name, value));
        left.assert_success();
        no_secret(&left, &path);
    }
}

fn no_secret(left: &Left, path: &Path) {
    let file = std::fs::read_to_string(path).unwrap();
    assert!(!file.is_empty());
    for text in [&file, &left.stdout, &left.stderr] {
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn the_shutdown_event_comes_last_and_counts() {
    let left = run(program("shuts_down").env("ODE_OUTPUT", "stdout"));
    left.assert_success();
    let events = left.events();
    assert_eq!(names(&events), ["ode.start", "one", "two", "ode.shutdown"]);
    // Its own event is delivered too; what was open is told, and what comes later refused.
    assert_eq!(left.told("shutdown"), "4 0 1");
    assert_eq!(left.told("refused"), "2");
    let end = one(&events, "ode.shutdown");
    for (key, expected) in [
        ("ode.units.opened", 4),
        ("ode.units.finished", 3),
        ("ode.units.open", 1),
        ("ode.writes.late", 0),
        ("ode.writes.orphan", 0),
        ("ode.events.offered", 3),
        ("ode.events.delivered", 3),
        ("ode.events.dropped", 0),
    ] {
        assert_eq!(field(end, key).unwrap(), expected, "{key}");
    }
    assert_eq!(left.said(), [""; 0], "nothing was lost");
}

#[test]
fn shutdown_in_a_destructor_while_unwinding() {
    let left = run(program("shuts_down_in_a_destructor").env("ODE_OUTPUT", "stdout"));
    assert_eq!(left.status.code(), Some(101), "{left:#?}");
    assert_eq!(left.told("shutdown"), "3 0");
    assert_eq!(names(&left.events()), ["ode.start", "before", "ode.shutdown"]);
}

#[test]
fn a_second_set_up_is_an_error_and_harms_nothing() {
    let left = run(program("sets_up_twice").env("ODE_OUTPUT", "stdout"));
    left.assert_success();
    assert!(left.told("error").contains("already set up"), "{left:#?}");
    assert_eq!(names(&left.events()), ["ode.start", "last"]);
}

#[test]
fn a_program_s_own_output_stays_whole() {
    let left = run(program("prints_and_records").env("ODE_OUTPUT", "stdout"));
    left.assert_success();
    assert_eq!(left.events().len(), 101);
    for n in 0..100 {
        let line = format!("line {n}");
        assert!(
            left.stdout.lines().any(|found| found.ends_with(&line)),
            "{line} in {}",
            left.stdout
        );
    }
    assert!(!left.stderr.contains(ROLE));
}
