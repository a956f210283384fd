//! Standard output is written to by its descriptor, so that what `println!` forgives is noticed.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{close, dup2_stdout, pipe};
use ode_core::{Batch, ExportError, Exporter};
use ode_exporters::{JsonLines, Pretty};

use crate::roles;
use crate::support::{TempDir, event, line, read, skipped};

/// Runs `test` with another standard output, and puts the old one back for the test harness.
fn with_stdout(new: impl AsFd, test: impl FnOnce()) {
    let old = io::stdout().as_fd().try_clone_to_owned().unwrap();
    dup2_stdout(new).unwrap();
    test();
    dup2_stdout(old).unwrap();
}

fn io_kind(error: &ExportError) -> Option<ErrorKind> {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}

#[test]
fn a_full_standard_output_is_an_error_that_passes() {
    if !Path::new("/dev/full").exists() {
        skipped("a full standard output: there is no /dev/full");
        return;
    }
    roles::run("stdout-full", TempDir::new().path());
}

pub(crate) fn full(_dir: &Path) {
    with_stdout(OpenOptions::new().write(true).open("/dev/full").unwrap(), || {
        for exporter in [&mut JsonLines::stdout() as &mut dyn Exporter, &mut Pretty::stdout()] {
            let error = exporter.export(&Batch::new(vec![event(1)])).expect_err("it is full");
            assert!(error.is_retryable(), "{error:?}");
            assert_eq!(io_kind(&error), Some(ErrorKind::StorageFull));
        }
    });
}

#[test]
fn a_closed_pipe_is_an_error_for_good() {
    roles::run("stdout-closed", TempDir::new().path());
}

pub(crate) fn closed(_dir: &Path) {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    with_stdout(writer, || {
        let mut exporter = JsonLines::stdout();
        let error = exporter.export(&Batch::new(vec![event(1)])).expect_err("nobody reads");
        assert!(!error.is_retryable(), "{error:?}");
        assert_eq!(io_kind(&error), Some(ErrorKind::BrokenPipe));
    });
}

#[test]
fn a_standard_output_that_is_gone_is_an_error() {
    roles::run("stdout-gone", TempDir::new().path());
}

pub(crate) fn gone(_dir: &Path) {
    let old = io::stdout().as_fd().try_clone_to_owned().unwrap();
    close(io::stdout().as_raw_fd()).unwrap();
    let mut exporter = JsonLines::stdout();
    let result = exporter.export(&Batch::new(vec![event(1)]));
    dup2_stdout(old).unwrap();
    assert!(result.expect_err("there is no standard output").is_retryable());
    exporter.export(&Batch::new(vec![event(2)])).expect("there is one again");
}

/// The descriptor of the time of `stdout()`, in order with what `print!` already sent.
#[test]
fn a_pipe_gets_whole_lines() {
    roles::run("stdout-pipe", TempDir::new().path());
}

pub(crate) fn through_a_pipe(_dir: &Path) {
    let (reader, writer) = pipe().unwrap();
    let mut exporter = None;
    with_stdout(writer, || exporter = Some(JsonLines::stdout()));
    let events: Vec<_> = (0..10).map(event).collect();
    exporter.take().unwrap().export(&Batch::new(events.clone())).unwrap();
    let mut text = String::new();
    File::from(reader).read_to_string(&mut text).unwrap();
    assert_eq!(text, events.iter().map(line).collect::<String>());
}

/// Another process may have made the shared descriptor non-blocking.
#[test]
fn a_non_blocking_pipe_is_waited_for_but_not_for_ever() {
    roles::run("stdout-non-blocking", TempDir::new().path());
}

fn non_blocking_pipe() -> (OwnedFd, OwnedFd) {
    let (reader, writer) = pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    (reader, writer)
}

pub(crate) fn non_blocking(_dir: &Path) {
    let events: Vec<_> = (0..2_000).map(event).collect();
    let all: Vec<u64> = (0..2_000).collect();
    let read_to_end = |reader: OwnedFd| {
        let mut bytes = Vec::new();
        File::from(reader).read_to_end(&mut bytes).unwrap();
        bytes
    };

    let (reader, writer) = non_blocking_pipe();
    let reading =
        std::thread::Builder::new().name("reading".into()).spawn(move || read_to_end(reader));
    with_stdout(writer, || {
        JsonLines::stdout()
            .export(&Batch::new(events.clone()))
            .expect("the reader is slow, not gone");
    });
    assert_eq!(read(&reading.unwrap().join().unwrap()), (all.clone(), 0), "lines were torn");

    let (reader, writer) = non_blocking_pipe();
    let mut stalled = None;
    with_stdout(writer, || stalled = Some(JsonLines::stdout()));
    let mut exporter = stalled.unwrap();
    let error = exporter.export(&Batch::new(events.clone())).expect_err("nobody reads");
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(io_kind(&error), Some(ErrorKind::WouldBlock));
    let debug = format!("{error:?}");
    let (_, delivered) = debug.split_once("delivered: ").unwrap();
    let delivered: usize = delivered.split(',').next().unwrap().parse().unwrap();
    assert!(delivered > 0, "the pipe had room for some");
    let reading =
        std::thread::Builder::new().name("reading".into()).spawn(move || read_to_end(reader));
    exporter.export(&Batch::new(events.into_iter().skip(delivered).collect())).expect("the rest");
    drop(exporter);
    let (numbers, damaged) = read(&reading.unwrap().join().unwrap());
    assert_eq!(numbers, all, "each event whole, once");
    assert!(damaged <= 1);
}
