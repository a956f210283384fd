//! T17: standard error and standard output that take nothing: full, closed, a pipe that nobody reads
//! or that nobody has. What ode has to say is lost; the host neither waits nor panics.

#![expect(clippy::exit, reason = "how a role ends without the test harness")]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::process::exit;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{close, dup2_stderr, dup2_stdout, pipe};
use ode::{Batch, ExportError, Exporter, Queue, WideEvent};

use crate::roles::argument;
use crate::support::{ARGUMENT, Folder, program, run};

/// Gives reasons to complain.
struct Refusing;

impl Exporter for Refusing {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        assert!(!batch.events().any(|event| event.get("n") == Some(ode::Value::U64(7))));
        Err(ExportError::permanent("no ".repeat(10_000)))
    }
}

/// What standard error and standard output become; what must stay open until the end.
fn replace_both(with: &str) -> Option<OwnedFd> {
    let mut kept = None;
    let new: OwnedFd = match with {
        "full" => OpenOptions::new().write(true).open("/dev/full").unwrap().into(),
        "closed" => {
            close(io::stdout().as_raw_fd()).unwrap();
            close(io::stderr().as_raw_fd()).unwrap();
            return None;
        }
        "broken" => pipe().unwrap().1,
        "blocked" => {
            let (reader, writer) = pipe().unwrap();
            fill(&writer);
            kept = Some(reader);
            writer
        }
        other => panic!("{other}"),
    };
    dup2_stdout(&new).unwrap();
    dup2_stderr(&new).unwrap();
    kept
}

fn fill(writer: impl AsFd) {
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    let mut file = File::from(writer.as_fd().try_clone_to_owned().unwrap());
    for size in [4_096, 1] {
        while file.write(&vec![b'x'; size]).is_ok() {}
    }
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
}

pub(crate) fn role() {
    let argument = argument();
    let (with, verdict) = argument.split_once(' ').unwrap();
    // Before: what is opened later may become one of the two.
    let mut verdict = File::create(verdict).unwrap();
    let kept = replace_both(with);
    // A panic says so on standard error, and would wait there.
    std::panic::set_hook(Box::new(|_| ()));
    let refusing = Queue::new(Refusing).name("refusing").batch_events(10);
    let guard = ode::setup(ode::build_info!())
        .export_to(refusing)
        .export_to(ode::exporters::JsonLines::stdout())
        .flush_timeout(std::time::Duration::from_millis(200))
        .init()
        .unwrap();
    for n in 0..2_000_u64 {
        WideEvent::builder("unit").run(|| ode::set! { n = n });
    }
    drop(guard);
    let stats = ode::stats();
    write!(verdict, "{} {}", stats.finished, stats.destinations[0].dropped.total()).unwrap();
    drop(kept);
    // Not through the test harness, which has something to say.
    exit(0);
}

#[track_caller]
fn goes_on(with: &str) {
    let folder = Folder::new();
    let verdict = folder.path("verdict");
    let argument = format!("{with} {}", verdict.display());
    let mut command = program("has_no_outputs");
    // Something to complain about at once, on the host's thread.
    let left = run(command.env(ARGUMENT, argument).env("ODE_MAX_FIELDS", "many"));
    assert_eq!(left.status.code(), Some(0), "{with}: {left:#?}");
    let verdict = read(&verdict);
    // With ode's own first event.
    assert_eq!(verdict, "2001 2001", "{with}");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn outputs_that_are_full() {
    goes_on("full");
}

#[test]
fn outputs_that_are_closed() {
    goes_on("closed");
}

#[test]
fn outputs_whose_reader_is_gone() {
    goes_on("broken");
}

#[test]
fn outputs_that_nobody_reads() {
    goes_on("blocked");
}
