//! Exporters that misbehave: panic, call back into ode, cannot say what was wrong. T10.

use std::fmt;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{Batch, DiagnosticKind, DropReason, ExportError, Exporter};

use crate::support::{
    LONG, Log, assert_dropped, by, fails, glance, ledger, let_it_look, ok, panics, record,
    scripted, start, start_at, wait_until, watched,
};

#[test]
fn a_panic_costs_its_batch_and_no_other() {
    const EACH: u64 = 10;
    watched(|| {
        for bad in [0, 1, 37, 99] {
            let log = Log::default();
            let script = (0..100).map(|batch| if batch == bad { panics() } else { ok() });
            let pipeline = start(scripted(&log, script));
            for batch in 0..100 {
                record(&pipeline, batch * EACH..(batch + 1) * EACH);
                assert!(pipeline.flush(LONG).is_complete());
            }
            let ledger = ledger(&pipeline);
            let lost = log.attempts()[usize::try_from(bad).unwrap()].len() as u64;
            assert_dropped(&ledger, &[(DropReason::ExporterPanic, lost)]);
            assert_eq!(ledger.delivered, 100 * EACH - lost);
            assert_eq!(log.numbers(), (0..100 * EACH).collect::<Vec<_>>(), "none is tried twice");
        }
    });
}

#[test]
fn a_hundred_panics_in_a_row_are_survived() {
    watched(|| {
        let log = Log::default();
        let pipeline = start(scripted(&log, (0..100).map(|_| panics())).batch_events(5));
        let mut n = 0;
        while log.count() < 100 {
            record(&pipeline, n..n + 5);
            n += 5;
            assert!(pipeline.flush(LONG).is_complete());
        }
        let lost: usize = log.sizes()[..100].iter().sum();
        record(&pipeline, n..n + 100);
        let end = pipeline.shutdown(LONG);
        assert_eq!(end.undelivered, 0);
        assert_eq!(end.delivered, n + 100 - lost as u64);
        assert_dropped(&ledger(&pipeline), &[(DropReason::ExporterPanic, lost as u64)]);
    });
}

/// Between flushes a panicking exporter is given pauses, not a hot loop.
#[test]
fn panics_in_a_row_are_paced_by_the_clock() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let queue = scripted(&log, (0..1_000).map(|_| panics())).batch_events(1);
        let pipeline = start_at(&clock, queue);
        record(&pipeline, 0..50);
        wait_until(|| log.count() >= 4);
        let_it_look(&pipeline, &log);
        assert_eq!(log.count(), 4, "three are taken in stride");
        wait_until(|| {
            clock.advance(Duration::from_secs(30));
            log.count() == 50
        });
        wait_until(|| glance(&pipeline).dropped.total() == 50);
    });
}

/// Answers `Ok` and panics in `flush` as long as it is told to.
struct PanicsInFlush {
    panics: Arc<AtomicBool>,
    flushes: Arc<AtomicUsize>,
}

impl Exporter for PanicsInFlush {
    fn export(&mut self, _: &Batch) -> Result<(), ExportError> {
        Ok(())
    }

    fn flush(&mut self, _: Duration) -> Result<(), ExportError> {
        self.flushes.fetch_add(1, Ordering::SeqCst);
        if self.panics.load(Ordering::SeqCst) {
            resume_unwind(Box::new("told to"));
        }
        Ok(())
    }
}

#[test]
fn a_panic_in_flush_is_survived() {
    watched(|| {
        let (on, flushes) = (Arc::new(AtomicBool::new(true)), Arc::default());
        let exporter = PanicsInFlush { panics: Arc::clone(&on), flushes: Arc::clone(&flushes) };
        let pipeline = start(exporter);
        for n in 0..20 {
            on.store(n % 2 == 0, Ordering::SeqCst);
            record(&pipeline, [n]);
            assert!(pipeline.flush(LONG).is_complete());
        }
        on.store(true, Ordering::SeqCst);
        assert_eq!(pipeline.shutdown(LONG).delivered, 20);
        assert_eq!(flushes.load(Ordering::SeqCst), 21);
        ledger(&pipeline);
    });
}

type Itself = Arc<OnceLock<TestPipeline>>;

/// A pipeline whose exporter has it in its hands.
fn start_with_itself(
    mut export: impl FnMut(&TestPipeline, &Batch) -> Result<(), ExportError> + Send + 'static,
) -> TestPipeline {
    let itself = Itself::default();
    let known = Arc::clone(&itself);
    let pipeline = start(by(move |batch| export(known.get().unwrap(), batch)));
    itself.set(pipeline.clone()).unwrap();
    pipeline
}

#[test]
fn an_exporter_that_flushes_does_not_wait_for_itself() {
    watched(|| {
        let log = Log::default();
        let seen = log.clone();
        let pipeline = start_with_itself(move |pipeline, batch| {
            seen.push(batch);
            assert!(!pipeline.flush(60 * LONG).is_complete(), "its own batch is in flight");
            Ok(())
        });
        record(&pipeline, 0..10);
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.numbers(), (0..10).collect::<Vec<_>>());
        assert_eq!(pipeline.shutdown(LONG).undelivered, 0);
        ledger(&pipeline);
    });
}

#[test]
fn an_exporter_that_stops_ode_does_not_wait_for_itself() {
    watched(|| {
        let log = Log::default();
        let seen = log.clone();
        let pipeline = start_with_itself(move |pipeline, batch| {
            seen.push(batch);
            let _ = pipeline.shutdown(60 * LONG);
            Ok(())
        });
        record(&pipeline, 0..10);
        assert!(pipeline.flush(LONG).is_complete());
        let ledger = ledger(&pipeline);
        let refused = ledger.dropped.get(DropReason::AlreadyShutdown);
        assert_eq!((ledger.offered, ledger.delivered + refused), (10, 10));
        assert_eq!(log.numbers().len() as u64, ledger.delivered);
    });
}

/// Its events make more batches, which make more events, and every tick collects some: the backlog
/// is never empty, and a flush ends all the same.
#[test]
fn an_exporter_that_records_events_does_not_hold_up_a_flush() {
    watched(|| {
        let (clock, count) = (TestClock::new(), Arc::new(AtomicU64::new(0)));
        let itself = Itself::default();
        let (known, time, recorded) = (Arc::clone(&itself), clock.clone(), Arc::clone(&count));
        let queue = by(move |_| {
            record_elsewhere(known.get().unwrap(), 0..9);
            recorded.fetch_add(9, Ordering::SeqCst);
            time.advance(Duration::from_secs(1));
            Ok(())
        });
        let pipeline = start_at(&clock, queue.batch_events(4));
        itself.set(pipeline.clone()).unwrap();
        record(&pipeline, 0..10);
        let _ = pipeline.flush(1_000_000 * LONG);
        assert!(glance(&pipeline).delivered >= 10);
        let _ = pipeline.shutdown(1_000_000 * LONG);
        let ledger = ledger(&pipeline);
        assert_eq!(ledger.offered, 10 + count.load(Ordering::SeqCst));
        assert_eq!(ledger.queued + ledger.in_flight, 0);
    });
}

/// Records on a thread that an exporter started: on its own nothing is recorded.
fn record_elsewhere(pipeline: &TestPipeline, numbers: std::ops::Range<u64>) {
    std::thread::scope(|scope| {
        scope.spawn(|| record(pipeline, numbers));
    });
}

/// Under overload the worker never rests, and says so all the same. T4.
#[test]
fn overload_is_told_while_it_lasts() {
    watched(|| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kinds = Arc::clone(&told);
        let itself = Itself::default();
        let known = Arc::clone(&itself);
        let queue = by(move |_| {
            record_elsewhere(known.get().unwrap(), 0..100);
            Ok(())
        });
        let builder = crate::support::builder(queue.capacity(64).batch_events(8))
            .on_diagnostic(move |message| kinds.lock().unwrap().push(message.kind()));
        let pipeline = TestPipeline::start(builder).unwrap();
        itself.set(pipeline.clone()).unwrap();
        record(&pipeline, 0..8);
        wait_until(|| !told.lock().unwrap().is_empty());
        let kind = told.lock().unwrap()[0];
        let expected = DropReason::QueueFull;
        assert!(
            matches!(kind, DiagnosticKind::Dropped { reason, .. } if reason == expected),
            "{kind:?}"
        );
        let _ = pipeline.shutdown(LONG);
        ledger(&pipeline);
    });
}

/// An error whose description panics.
#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        resume_unwind(Box::new("cannot say"));
    }
}

impl std::error::Error for Unspeakable {}

/// An error that panics when it is dropped.
#[derive(Debug)]
struct Clinging;

impl fmt::Display for Clinging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("clinging")
    }
}

impl std::error::Error for Clinging {}

impl Drop for Clinging {
    fn drop(&mut self) {
        resume_unwind(Box::new("would rather stay"));
    }
}

#[test]
fn an_error_that_panics_costs_nothing() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let script = [
            fails(|| ExportError::retryable(Unspeakable)),
            fails(|| ExportError::retryable(Clinging)),
            ok(),
        ];
        let pipeline = start_at(&clock, scripted(&log, script));
        record(&pipeline, 0..5);
        wait_until(|| {
            clock.advance(Duration::from_secs(1));
            log.count() == 3
        });
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(ledger(&pipeline).delivered, 5);
        assert_dropped(&ledger(&pipeline), &[]);
    });
}
