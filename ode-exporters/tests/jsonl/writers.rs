//! Writers that take a little at a time, fail anywhere, or panic.

use std::io::{self, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ode_core::{Batch, Event, Exporter};
use ode_exporters::{JsonLines, Pretty};

use crate::support::{Shared, event, line, read};

/// Takes at most `step` bytes a call; fails in its own way each time it reaches the next offset.
struct Failing {
    to: Shared,
    written: usize,
    step: usize,
    failures: Vec<(usize, Failure)>,
}

#[derive(Clone, Copy, Debug)]
enum Failure {
    Error(ErrorKind),
    Zero,
    Panic,
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut room = self.step;
        if let Some((at, failure)) = self.failures.first().copied() {
            room = room.min(at - self.written);
            if room == 0 {
                self.failures.remove(0);
                return match failure {
                    Failure::Error(kind) => Err(kind.into()),
                    Failure::Zero => Ok(0),
                    Failure::Panic => panic!("a writer that panics"),
                };
            }
        }
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.to.write_all(taken)?;
        self.written += taken.len();
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const EVENTS: u64 = 3;

fn events() -> Vec<Event> {
    (0..EVENTS).map(event).collect()
}

/// Exports as the pipeline does: after an error the events that were not delivered, again.
fn export_until_done(exporter: &mut JsonLines, shared: &Shared) -> usize {
    let mut done = 0;
    for attempt in 0.. {
        assert!(attempt < 5, "it never ends");
        let batch = Batch::new(events().split_off(done));
        let before = shared.bytes().len();
        let Err(error) = exporter.export(&batch) else {
            return attempt;
        };
        assert!(error.is_retryable(), "{error}");
        // Whole events only, and of this attempt.
        let arrived = shared.bytes().split_off(before);
        let text = String::from_utf8(arrived).unwrap();
        let delivered =
            batch.events().filter(|event| text.contains(line(event).trim_end())).count();
        assert!(
            format!("{error:?}").contains(&format!("delivered: {delivered},")),
            "{delivered}: {error:?}"
        );
        done += delivered;
    }
    unreachable!()
}

#[track_caller]
fn check(step: usize, failures: &[(usize, Failure)]) {
    let shared = Shared::default();
    let failing = Failing { to: shared.clone(), written: 0, step, failures: failures.to_vec() };
    let mut exporter = JsonLines::writer(failing);
    let attempts = export_until_done(&mut exporter, &shared);
    let (numbers, damaged) = read(&shared.bytes());
    assert_eq!(numbers, (0..EVENTS).collect::<Vec<_>>(), "{step} {failures:?}");
    assert!(
        damaged <= attempts,
        "{damaged} damaged lines after {attempts} failures: {step} {failures:?}"
    );
    assert!(shared.bytes().ends_with(b"\n"));
}

fn length() -> usize {
    events().iter().map(|event| line(event).len()).sum()
}

#[test]
fn failing_at_every_byte_loses_and_doubles_nothing() {
    for at in 0..length() {
        for step in [1, 7, usize::MAX] {
            check(step, &[(at, Failure::Error(ErrorKind::StorageFull))]);
        }
        check(50, &[(at, Failure::Zero)]);
        check(50, &[(at, Failure::Error(ErrorKind::WouldBlock))]);
    }
}

#[test]
fn failing_twice_loses_and_doubles_nothing() {
    let full = Failure::Error(ErrorKind::StorageFull);
    for at in (0..length()).step_by(5) {
        for later in [0, 1, 2, 40, 100, 260] {
            check(usize::MAX, &[(at, full), (at + later, full)]);
        }
    }
}

#[test]
fn an_interrupted_write_is_simply_repeated() {
    let shared = Shared::default();
    let failures = (0..length()).step_by(3).map(|at| (at, Failure::Error(ErrorKind::Interrupted)));
    let failing = Failing { to: shared.clone(), written: 0, step: 2, failures: failures.collect() };
    JsonLines::writer(failing).export(&Batch::new(events())).expect("nothing failed");
    assert_eq!(shared.bytes(), events().iter().map(line).collect::<String>().into_bytes());
}

#[test]
fn a_panicking_writer_damages_one_line() {
    for at in 0..length() {
        let shared = Shared::default();
        let failures = vec![(at, Failure::Panic)];
        let failing = Failing { to: shared.clone(), written: 0, step: usize::MAX, failures };
        let mut exporter = JsonLines::writer(failing);
        let batch = Batch::new(events());
        assert!(catch_unwind(AssertUnwindSafe(|| exporter.export(&batch).is_ok())).is_err());
        exporter.export(&Batch::new(vec![event(9)])).expect("it works again");
        let (numbers, damaged) = read(&shared.bytes());
        assert_eq!(numbers.last(), Some(&9), "the event behind the panic at {at}");
        assert!(damaged <= 1, "{damaged} damaged lines");
    }
}

#[test]
fn a_batch_is_one_write() {
    struct Counting(std::sync::mpsc::SyncSender<usize>);
    impl Write for Counting {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.len()).unwrap();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0.send(0).unwrap();
            Ok(())
        }
    }
    let (sender, receiver) = std::sync::mpsc::sync_channel(100);
    let mut exporter = JsonLines::writer(Counting(sender));
    exporter.export(&Batch::new((0..1_000).map(event).collect())).unwrap();
    exporter.export(&Batch::new(Vec::new())).unwrap();
    exporter.flush(Duration::from_secs(1)).unwrap();
    drop(exporter);
    let calls: Vec<_> = receiver.iter().collect();
    let length: usize = (0..1_000).map(|n| line(&event(n)).len()).sum();
    assert_eq!(calls, [length, 0], "one write, none for an empty batch, one flush");
}

#[test]
fn a_writer_that_lies_about_its_length_does_no_harm() {
    struct Lying;
    impl Write for Lying {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len() + 1_000)
        }
        fn flush(&mut self) -> io::Result<()> {
            Err(ErrorKind::Other.into())
        }
    }
    let mut exporter = JsonLines::writer(Lying);
    exporter.export(&Batch::new(events())).unwrap();
    let error = exporter.flush(Duration::ZERO).expect_err("the flush failed");
    let source = std::error::Error::source(&error).expect("a cause").to_string();
    assert_eq!(source, "write events to the writer");
    Pretty::writer(Lying).export(&Batch::new(events())).unwrap();
}
