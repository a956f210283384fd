//! T13: what becomes of the last event, by the way in which the program ends.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::thread::scope;

use nix::sys::signal::{Signal, kill};
use ode::Outcome;

use crate::support::{Folder, Running, events_in, names, one, program, run};

/// Programs that are started for one promise. `RELIABILITY_RUNS=1000` for the whole count.
fn runs() -> u64 {
    let runs = std::env::var_os("RELIABILITY_RUNS").and_then(|runs| runs.to_str()?.parse().ok());
    runs.unwrap_or(200)
}

/// Every one of so many runs ends with its last event delivered, to a file and to a pipe.
fn always(role: &'static str, check: fn(&[ode::Event], i32)) {
    let lanes = 4;
    scope(|scope| {
        for lane in 0..lanes {
            scope.spawn(move || {
                let folder = Folder::new();
                for n in 0..runs() / lanes {
                    let mut command = program(role);
                    let path = folder.path(&n.to_string());
                    let to_file = lane % 2 == 0;
                    let output =
                        if to_file { format!("file:{}", path.display()) } else { "stdout".into() };
                    let left = run(command.env("ODE_OUTPUT", output));
                    let events = if to_file { events_in(&path) } else { left.events() };
                    check(&events, left.status.code().unwrap());
                }
            });
        }
    });
}

#[test]
fn returning_from_main_with_the_guard_delivers_it() {
    always("returns", |events, code| {
        assert_eq!((names(events), code), (vec!["ode.start", "last"], 0));
    });
}

#[test]
fn a_panic_in_main_delivers_it() {
    // 101 is what a test that panics exits with, as does a program.
    let left = run(program("panics").env("ODE_OUTPUT", "stdout"));
    let events = left.events();
    assert_eq!(left.status.code(), Some(101), "{left:#?}");
    assert_eq!(names(&events), ["ode.start", "before", "unwound"]);
    assert_eq!(one(&events, "unwound").outcome(), Outcome::Panicked);
}

/// Documented: what a tick has not taken is lost, since no destructor runs.
#[test]
fn exit_loses_at_most_the_last_moments_and_tears_nothing() {
    let left = run(program("exits").env("ODE_OUTPUT", "stdout"));
    assert_eq!(left.status.code(), Some(7));
    let events = left.events();
    let found = names(&events);
    assert!(["ode.start", "last"].starts_with(&found), "{found:?}");
}

#[test]
fn exit_after_a_flush_loses_nothing() {
    let left = run(program("flushes_and_exits").env("ODE_OUTPUT", "stdout"));
    assert_eq!(left.status.code(), Some(7));
    assert_eq!(names(&left.events()), ["ode.start", "last"]);
}

/// ode installs no handler: a signal does what it does without ode.
#[test]
fn signals_end_the_program_as_they_always_do() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGKILL, Signal::SIGHUP] {
        let mut running = Running::start(program("waits").env("ODE_OUTPUT", "stdout"));
        running.wait_for("waiting");
        // A tick takes what was recorded, without flush or guard.
        let before = running.read_until("\"name\":\"last\"");
        kill(running.pid(), signal).unwrap();
        let left = running.finish();
        assert_eq!(left.status.signal(), Some(signal as i32));
        assert_eq!(names(&crate::support::parse(&before)), ["ode.start", "last"]);
        assert!(left.events().is_empty(), "the open unit is lost: {left:#?}");
    }
}

/// `let _ = ode::init(..)`: ode goes on, and what comes after the last tick is lost at the end.
#[test]
fn a_guard_dropped_at_once_does_not_stop_ode() {
    let left = run(program("drops_the_guard_at_once").env("ODE_OUTPUT", "stdout"));
    left.assert_success();
    assert_eq!(left.told("flushed"), "2 0");
    let events = left.events();
    let found = names(&events);
    assert!(found.starts_with(&["ode.start", "recorded"]), "{found:?}");
}

#[test]
fn a_pipe_that_is_closed_early_does_not_hold_up_the_end() {
    let program = program("returns");
    let mut shell = Command::new("sh");
    let line = "\"$0\" --exact role --nocapture --test-threads=1 | true";
    shell.args(["-c", line]).arg(program.get_program());
    for (name, value) in program.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        shell.env(name, value);
    }
    // Far longer than the watchdog's patience: an end that waited would be killed.
    shell.env("ODE_OUTPUT", "stdout").env("ODE_FLUSH_TIMEOUT_MS", "2147483647");
    run(&mut shell).assert_success();
}
