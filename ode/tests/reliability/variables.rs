//! Every variable of the table at `ode::setup` does what it says, and a wrong one is one warning.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::lifecycle::is_list;
use crate::support::{Folder, Left, events_in, field, names, one, program, run};

fn application(variables: &[(&str, &str)]) -> Left {
    let mut command = program("application");
    command.env("ODE_OUTPUT", "stdout").envs(variables.iter().copied());
    let left = run(&mut command);
    left.assert_success();
    left
}

/// A field of the application's event.
fn in_unit(variables: &[(&str, &str)], key: &str) -> Option<String> {
    let left = application(variables);
    field(one(&left.events(), "unit"), key).map(|value| value.to_string())
}

#[test]
fn disabled() {
    for value in ["true", "TRUE", "1"] {
        let left = application(&[("ODE_DISABLED", value)]);
        assert_eq!(names(&left.events()), [""; 0]);
        assert_eq!(left.told("ledger"), "0 0", "everything is inert");
        assert_eq!(left.said(), [""; 0]);
    }
    for value in ["false", "0", "", " "] {
        let left = application(&[("ODE_DISABLED", value)]);
        assert_eq!(names(&left.events()), ["ode.start", "unit"], "{value:?}");
    }
}

#[test]
fn who_it_is() {
    for (variable, key) in [
        ("ODE_BUILD_ID", "build_id"),
        ("ODE_SERVICE_NAME", "service.name"),
        ("ODE_ENVIRONMENT", "deployment.environment.name"),
    ] {
        assert_eq!(in_unit(&[(variable, " a name\n")], key).unwrap(), "a name", "{variable}");
        assert_eq!(
            in_unit(&[(variable, "")], key),
            in_unit(&[], key),
            "{variable}: empty is unset"
        );
    }
}

#[test]
fn hash_key() {
    let hashed = in_unit(&[("ODE_HASH_KEY", "0123456789abcdef")], "email").unwrap();
    assert_eq!(hashed.len(), 32, "{hashed}");
    let other = in_unit(&[("ODE_HASH_KEY", "0123456789abcdeg")], "email").unwrap();
    assert_ne!(hashed, other);

    let folder = Folder::new();
    let file = folder.path("key");
    std::fs::write(&file, "0123456789abcdef\n").unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(in_unit(&[("ODE_HASH_KEY_FILE", file)], "email").unwrap(), hashed);
    let both = [("ODE_HASH_KEY_FILE", file), ("ODE_HASH_KEY", "0123456789abcdeg")];
    assert_eq!(in_unit(&both, "email").unwrap(), other, "the key itself comes first");
}

#[test]
fn without_a_hash_key_it_masks_and_says_so_once() {
    let left = application(&[]);
    let email = field(one(&left.events(), "unit"), "email").unwrap().to_string();
    assert!(!email.contains("ada"), "{email}");
    assert_eq!(left.said().len(), 1, "{left:#?}");
    assert!(left.said()[0].contains("ODE_HASH_KEY"), "{left:#?}");
}

#[test]
fn max_fields() {
    let left = application(&[("ODE_MAX_FIELDS", "3")]);
    let events = left.events();
    let unit = one(&events, "unit");
    assert!(unit.get("first").is_some() && unit.get("sixth").is_none(), "{unit:?}");
    assert!(unit.get("ode.dropped_fields").is_some(), "{unit:?}");
    assert_eq!(field(one(&events, "ode.start"), "ode.limit.fields").unwrap(), 3);
}

#[test]
fn max_value_bytes() {
    let left = application(&[("ODE_MAX_VALUE_BYTES", "100")]);
    let events = left.events();
    let text = field(one(&events, "unit"), "text").unwrap().to_string();
    assert_eq!(text, "x".repeat(100));
    let cut = field(one(&events, "unit"), "ode.truncated_fields").unwrap().to_string();
    assert!(cut.contains("text"), "{cut}");
}

#[test]
fn max_event_bytes() {
    let left = application(&[("ODE_MAX_EVENT_BYTES", "700")]);
    let events = left.events();
    let unit = one(&events, "unit");
    assert!(unit.get("text").is_none() && unit.get("first").is_some(), "{unit:?}");
}

#[test]
fn batch_delay() {
    let left = application(&[("ODE_BATCH_DELAY_MS", "7")]);
    let delay = field(one(&left.events(), "ode.start"), "ode.batch.delay_ns");
    assert!(is_list(delay, &[7_000_000]), "{left:#?}");
}

/// A batch of one leaves at once, however long the delay.
#[test]
fn batch_events() {
    let mut command = program("application");
    command.env("ODE_OUTPUT", "stdout");
    command.env("ODE_BATCH_EVENTS", "1").env("ODE_BATCH_DELAY_MS", "2147483647");
    let mut running = crate::support::Running::start(&mut command);
    running.wait_for("recorded");
    let read = running.read_until("\"name\":\"unit\"");
    assert_eq!(names(&crate::support::parse(&read)), ["ode.start", "unit"]);
    running.go_on();
    running.finish().assert_success();
}

/// Wrong values, with the program run all the same.
#[test]
fn a_wrong_value_is_one_warning_and_the_default() {
    for (variable, value) in [
        ("ODE_DISABLED", "perhaps"),
        ("ODE_OUTPUT", "stderr"),
        ("ODE_HASH_KEY", "short"),
        ("ODE_HASH_KEY_FILE", "/no/such/file"),
        ("ODE_MAX_FIELDS", "-1"),
        ("ODE_MAX_VALUE_BYTES", "64KiB"),
        ("ODE_MAX_EVENT_BYTES", "9223372036854775808"),
        ("ODE_QUEUE_EVENTS", "0"),
        ("ODE_QUEUE_BYTES", "1.5"),
        ("ODE_BATCH_EVENTS", "many"),
        ("ODE_BATCH_DELAY_MS", "99999999999999999999999999"),
        ("ODE_OVERFLOW", "drop"),
        ("ODE_OVERFLOW", "block_for:"),
        ("ODE_OVERFLOW", "block_for:-5"),
        ("ODE_FLUSH_TIMEOUT_MS", "5s"),
    ] {
        let mut command = program("returns");
        let left = run(command.env("ODE_OUTPUT", "stdout").env(variable, value));
        left.assert_success();
        let said = left.said();
        assert_eq!(said.len(), 1, "{variable}={value}: {left:#?}");
        assert!(said[0].contains(variable), "{said:?}");
        assert_eq!(names(&left.events()), ["ode.start", "last"], "{variable}={value}");
    }
}

#[test]
fn what_is_no_text_is_one_warning() {
    let folder = Folder::new();
    for variable in ["ODE_BUILD_ID", "ODE_SERVICE_NAME", "ODE_ENVIRONMENT", "ODE_MAX_FIELDS"] {
        let path = folder.path(variable);
        let mut command = program("returns");
        command.env("ODE_OUTPUT", format!("file:{}", path.display()));
        let left = run(command.env(variable, OsStr::from_bytes(b"\xff\xfe")));
        left.assert_success();
        assert_eq!(left.said().len(), 1, "{left:#?}");
        assert_eq!(names(&events_in(&path)), ["ode.start", "last"]);
    }
}
