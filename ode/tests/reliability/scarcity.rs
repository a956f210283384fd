//! T16 and T18: no threads, no descriptors, a folder that cannot be written to, a file that may not
//! grow. Set-up is an error or works later; the host goes on.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use nix::unistd::{Uid, setuid};
use ode::WideEvent;
use ode::exporters::JsonLines;

use crate::roles::{LONG, argument};
use crate::support::{ARGUMENT, Folder, Left, events_in, launched, names, program, run};

const RUNS: usize = 100;

/// This program in a role, under a limit of the shell's `ulimit`.
fn under(limit: &str, role: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\"")]);
    launched(shell, role)
}

fn record(units: u64) {
    for n in 0..units {
        WideEvent::builder("unit").run(|| ode::set! { n = n });
    }
}

/// What was not set up is inert.
fn assert_inert() {
    record(100);
    assert_eq!((ode::stats().opened, ode::stats().destinations.len()), (0, 0));
    assert!(ode::flush(LONG).is_complete());
}

pub(crate) fn without_descriptors() {
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    let error = JsonLines::file(argument()).unwrap_err().to_string();
    assert!(error.contains("Too many open files"), "{error}");
    let error = ode::init(ode::build_info!()).unwrap_err();
    assert!(error.is_destination(), "{error:?}");
    assert_inert();

    // Standard output is a descriptor too: it is asked for again until there is one.
    let set_up = ode::setup(ode::build_info!()).export_to(JsonLines::stdout());
    let guard = set_up.init().unwrap();
    record(100);
    drop(taken);
    let end = guard.shutdown(LONG);
    say!("delivered: {} {}", end.delivered, end.undelivered);
}

#[test]
fn without_descriptors_nothing_is_lost_once_there_are_some() {
    let folder = Folder::new();
    for _ in 0..RUNS {
        let path = folder.path("events");
        let mut command = under("-n 32", "has_no_descriptors");
        command.env("ODE_OUTPUT", format!("file:{}", path.display())).env(ARGUMENT, &path);
        let left = run(&mut command);
        left.assert_success();
        assert_eq!(left.told("delivered"), "102 0");
        assert_eq!(left.events().len(), 102);
        assert!(!path.exists());
    }
}

pub(crate) fn without_threads() {
    if Uid::effective().is_root() {
        // Root has as many as it likes.
        setuid(Uid::from_raw(65_534)).unwrap();
    }
    let error = ode::init(ode::build_info!()).unwrap_err();
    assert!(error.is_thread(), "{error:?}");
    assert_inert();
    say!("refused: {error}");
}

#[test]
fn without_threads_set_up_is_an_error() {
    for _ in 0..RUNS {
        let mut few = Command::new("prlimit");
        few.arg("--nproc=1");
        let mut command = launched(few, "has_no_threads");
        let left = run(command.env("ODE_OUTPUT", "stdout"));
        left.assert_success();
        assert!(!left.told("refused").is_empty());
    }
}

pub(crate) fn without_folder() {
    let error = ode::init(ode::build_info!()).unwrap_err();
    assert!(error.is_destination(), "{error:?}");
    assert_inert();
    let guard = ode::setup(ode::build_info!()).export_to(JsonLines::stdout()).init().unwrap();
    record(1);
    drop(guard);
    say!("refused: {error}");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_an_error() {
    for _ in 0..RUNS {
        let mut command = program("has_no_folder");
        // Nobody makes files there, not even root.
        command.current_dir("/sys").env("ODE_OUTPUT", "file:events.jsonl");
        let left = run(&mut command);
        left.assert_success();
        assert!(left.told("refused").contains("events.jsonl"), "{left:#?}");
        assert_eq!(names(&left.events()), ["ode.start", "unit"]);
    }
}

pub(crate) fn beyond_the_limit() {
    let guard = ode::init(ode::build_info!()).unwrap();
    let text = "x".repeat(1_000);
    for n in 0..200_u64 {
        WideEvent::builder("unit").run(|| ode::set! { n = n, text = text });
    }
    drop(guard);
    let stats = ode::stats();
    assert!(stats.is_balanced(), "{stats}");
    say!("delivered: {}", stats.destinations[0].delivered);
}

fn write_beyond_the_limit(path: &Path, variables: &[(&str, &str)]) -> Left {
    // 8 or 16 KiB, as the shell counts.
    let mut command = under("-f 16", "writes_beyond_its_limit");
    command.env("ODE_OUTPUT", format!("file:{}", path.display()));
    command.env("ODE_FLUSH_TIMEOUT_MS", "100").envs(variables.iter().copied());
    let left = run(&mut command);
    left.assert_success();
    left
}

/// Without the signal being kept from ode's thread this is the end of the process.
#[test]
fn a_file_that_may_not_grow_is_no_end_of_the_process() {
    let folder = Folder::new();
    for n in 0..RUNS {
        let path = folder.path(&n.to_string());
        let left = write_beyond_the_limit(&path, &[]);
        let bytes = fs::read(&path).unwrap();
        assert!((7_000..=16 << 10).contains(&bytes.len()), "{} bytes", bytes.len());
        let whole =
            bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        assert_eq!(whole.count().to_string(), left.told("delivered"));
        assert!(left.said().iter().any(|said| said.contains("left behind")), "{left:#?}");
    }
}

#[test]
fn a_file_that_is_too_long_and_torn_is_none_either() {
    let folder = Folder::new();
    let path = folder.path("events");
    fs::write(&path, vec![b'x'; 20_000]).unwrap();
    let left = write_beyond_the_limit(&path, &[]);
    assert_eq!(left.told("delivered"), "0");
    assert_eq!(fs::metadata(&path).unwrap().len(), 20_000);
}

#[test]
fn a_file_that_is_put_aside_in_time_may_grow() {
    let folder = Folder::new();
    let path = folder.path("events");
    let variables = [
        ("ODE_MAX_FILE_BYTES", "4000"),
        ("ODE_BATCH_EVENTS", "2"),
        ("ODE_KEEP_FILES", "500"),
        ("ODE_FLUSH_TIMEOUT_MS", "30000"),
    ];
    let left = write_beyond_the_limit(&path, &variables);
    assert_eq!(left.told("delivered"), "201");
    let aside = (1..500).map(|n| folder.path(&format!("events.{n}")));
    let files = aside.chain([path]);
    assert_eq!(files.map(|file| events_in(&file).len()).sum::<usize>(), 201);
}
