//! T16: where the system gives no threads, set-up is an error that leaves nothing behind, and the
//! program goes on.

use std::fs;
use std::process::Command;

use ode::{Batch, ExportError, Exporter, Queue};

use crate::roles::argument;
use crate::support::{ARGUMENT, launched, run};

struct Null;

impl Exporter for Null {
    fn export(&mut self, _: &Batch) -> Result<(), ExportError> {
        Ok(())
    }
}

/// How many of ode's threads there are.
fn ours() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    tasks.filter(|task| task.as_ref().is_ok_and(is_ours)).count()
}

fn is_ours(task: &fs::DirEntry) -> bool {
    // It may have ended in between.
    let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    name.starts_with("ode-")
}

pub(crate) fn role() {
    let mut setup = ode::setup(ode::build_info!());
    let destinations = argument().parse().unwrap();
    for n in 0..destinations {
        setup = setup.export_to(Queue::new(Null).name(format!("null-{n}")));
    }
    match setup.init() {
        Ok(guard) => {
            // They name themselves once they run.
            while ours() < destinations + 1 {
                std::thread::yield_now();
            }
            say!("started: {}", ours());
            drop(guard);
        }
        Err(error) => {
            assert!(error.is_thread(), "{error:?}");
            // The threads that did start end on their own.
            while ours() > 0 {
                std::thread::yield_now();
            }
            ode::WideEvent::builder("unit").run(|| ode::set! { n = 1_u64 });
            assert_eq!(ode::stats().opened, 0, "inert");
            say!("refused: {error}");
        }
    }
}

/// A program whose threads take so much address space each that only a few of them fit.
fn with_room_for_few(destinations: u32) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -v 1800000 && exec \"$0\" \"$@\""]);
    let mut command = launched(shell, "cannot_start_threads");
    command.env("RUST_MIN_STACK", (256 << 20).to_string()).env(ARGUMENT, destinations.to_string());
    command
}

#[test]
fn threads_that_cannot_be_started_leave_none_behind() {
    let few = run(&mut with_room_for_few(1));
    few.assert_success();
    assert_eq!(few.told("started"), "2");
    let many = run(&mut with_room_for_few(50));
    many.assert_success();
    assert!(many.told("refused").contains("worker thread"), "{many:#?}");
}
