//! Flush covers what was recorded before it, no more and no less; shutdown ends it all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{DropReason, WideEvent};

use crate::support::{
    Gate, LONG, Log, SHORT, assert_dropped, builder, by, fails, for_now, glance, ledger, ok,
    record, record_as, scripted, start, start_at, wait_for_attempts, wait_until, watched,
};

#[test]
fn covers_every_thread_that_recorded_before() {
    watched(|| {
        let log = Log::default();
        // No tick will do it: the delay is longer than the test.
        let pipeline = start(scripted(&log, []).batch_delay(60 * LONG));
        for round in 1..=200_u64 {
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let pipeline = &pipeline;
                    scope.spawn(move || record_as(pipeline, thread, 0..3));
                }
            });
            let flushed = pipeline.flush(LONG);
            assert_eq!((flushed.delivered, flushed.undelivered), (round * 12, 0));
        }
        assert_eq!(ledger(&pipeline).delivered, 200 * 12);
    });
}

#[test]
fn covers_what_came_while_a_batch_waited_for_its_retry() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let pipeline = start_at(&clock, scripted(&log, vec![fails(for_now), ok()]));
        record(&pipeline, [0]);
        clock.advance(Duration::from_millis(100));
        wait_for_attempts(&pipeline, &log, 1);
        // These stay with their threads: nothing collects them while the batch waits.
        record(&pipeline, 1..4);
        clock.advance(Duration::from_millis(200));
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.ordered(), [0, 0, 1, 2, 3]);
        assert_eq!(ledger(&pipeline).delivered, 4);
    });
}

#[test]
fn shutdown_covers_what_came_while_a_batch_waited_for_its_retry() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let pipeline = start_at(&clock, scripted(&log, vec![fails(for_now), ok()]));
        record(&pipeline, [0]);
        clock.advance(Duration::from_millis(100));
        wait_for_attempts(&pipeline, &log, 1);
        record(&pipeline, 1..4);
        clock.advance(Duration::from_millis(200));
        let end = pipeline.shutdown(LONG);
        assert_eq!((end.delivered, end.undelivered), (4, 0));
        assert_dropped(&ledger(&pipeline), &[]);
    });
}

#[test]
fn ends_under_constant_traffic() {
    watched(|| {
        let log = Log::default();
        let queue = scripted(&log, []).batch_events(16);
        let pipeline = start(queue.overflow(ode_core::Overflow::BlockFor(60 * LONG)));
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for thread in 1..3 {
                let (pipeline, ended) = (&pipeline, &ended);
                scope.spawn(move || {
                    while !ended.load(Ordering::Relaxed) {
                        record_as(pipeline, thread, 0..10);
                    }
                });
            }
            for n in 0..50 {
                record(&pipeline, [n]);
                let _ = pipeline.flush(60 * LONG);
                let seen = log.attempts();
                assert!(seen.iter().flatten().any(|seen| (seen.thread, seen.n) == (0, n)));
            }
            ended.store(true, Ordering::Relaxed);
        });
        assert!(pipeline.flush(LONG).is_complete());
        ledger(&pipeline);
    });
}

#[test]
fn many_may_ask_at_once() {
    watched(|| {
        let log = Log::default();
        let pipeline = start(scripted(&log, []).batch_delay(60 * LONG));
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (pipeline, log) = (&pipeline, &log);
                scope.spawn(move || {
                    for n in 0..100 {
                        record_as(pipeline, thread, [n]);
                        let _ = pipeline.flush(LONG);
                        let seen = log.attempts();
                        let mine =
                            |seen: &crate::support::Seen| (seen.thread, seen.n) == (thread, n);
                        assert!(seen.iter().flatten().any(mine), "thread {thread}, event {n}");
                    }
                });
            }
        });
        assert_eq!(ledger(&pipeline).delivered, 800);
    });
}

#[test]
fn says_exactly_what_is_left_when_time_runs_out() {
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let pipeline = start(queue.batch_events(4));
        record(&pipeline, 0..4);
        gate.wait_for_entry();
        record(&pipeline, 4..10);
        let flushed = pipeline.flush(Duration::from_millis(20));
        assert_eq!((flushed.delivered, flushed.undelivered), (0, 10));
        assert!(!flushed.is_complete());
        ledger(&pipeline);
        gate.open();
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.numbers(), (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn the_deadline_of_an_answered_flush_does_not_outlive_it() {
    watched(|| {
        let log = Log::default();
        let pipeline = start(scripted(&log, (0..10_000).map(|_| fails(for_now))));
        assert!(pipeline.flush(60 * LONG).is_complete());
        record(&pipeline, 0..7);
        let end = pipeline.shutdown(SHORT);
        assert_eq!((end.delivered, end.undelivered), (0, 7));
        // Not after another half hour of retries.
        wait_until(|| glance(&pipeline).dropped.get(DropReason::Deadline) == 7);
    });
}

#[test]
fn a_stop_does_not_wait_for_the_deadline_of_somebody_s_flush() {
    watched(|| {
        let log = Log::default();
        let pipeline = start(scripted(&log, (0..10_000).map(|_| fails(for_now))));
        record(&pipeline, 0..7);
        std::thread::scope(|scope| {
            let flushing = scope.spawn(|| pipeline.flush(60 * LONG));
            wait_until(|| log.count() > 0);
            assert_eq!(pipeline.shutdown(SHORT).undelivered, 7);
            assert_eq!(flushing.join().unwrap().delivered, 0);
        });
        assert_dropped(&ledger(&pipeline), &[(DropReason::Deadline, 7)]);
    });
}

#[test]
fn what_ends_after_shutdown_is_refused_and_counted() {
    watched(|| {
        let log = Log::default();
        let pipeline = start(scripted(&log, []));
        record(&pipeline, 0..5);
        let open = pipeline.run(|| WideEvent::builder("open").start());
        let end = pipeline.shutdown(LONG);
        assert_eq!((end.delivered, end.undelivered, end.open_units), (5, 0, 1));
        open.end();
        record(&pipeline, 5..8);
        let ledger = ledger(&pipeline);
        assert_eq!((ledger.offered, ledger.delivered), (9, 5));
        assert_dropped(&ledger, &[(DropReason::AlreadyShutdown, 4)]);
        assert_eq!(log.numbers(), [0, 1, 2, 3, 4]);

        let again = pipeline.shutdown(LONG);
        assert_eq!((again.delivered, again.undelivered, again.open_units), (5, 0, 0));
        assert!(pipeline.flush(LONG).is_complete());
    });
}

#[test]
fn nothing_gets_in_while_it_closes() {
    watched(|| {
        for round in 0..100 {
            let log = Log::default();
            let queue = scripted(&log, []).capacity(8 + round);
            let pipeline = start(queue.overflow(ode_core::Overflow::BlockFor(60 * LONG)));
            std::thread::scope(|scope| {
                for thread in 0..4 {
                    let pipeline = &pipeline;
                    scope.spawn(move || record_as(pipeline, thread, 0..200));
                }
                wait_until(|| log.count() > round % 7);
                assert_eq!(pipeline.shutdown(LONG).undelivered, 0);
            });
            let ledger = ledger(&pipeline);
            assert_eq!((ledger.offered, ledger.queued, ledger.in_flight), (800, 0, 0), "{ledger}");
            assert_eq!(log.numbers().len() as u64, ledger.delivered);
            let refused = ledger.dropped.get(DropReason::AlreadyShutdown);
            assert_eq!(ledger.delivered + refused, 800, "{ledger}");
        }
    });
}

#[test]
fn every_destination_is_flushed_within_one_timeout() {
    watched(|| {
        let (healthy, stuck) = (Log::default(), Log::default());
        let (first, one) = Gate::before(&stuck);
        let (second, two) = Gate::before(&stuck);
        let builder = builder(first).export_to(second).export_to(scripted(&healthy, []));
        let pipeline = TestPipeline::start(builder).unwrap();
        record(&pipeline, 0..3);
        let end = pipeline.shutdown(SHORT);
        assert_eq!((end.delivered, end.undelivered), (3, 6));
        assert_eq!(healthy.numbers(), [0, 1, 2]);
        assert!(pipeline.stats().is_balanced());
        one.open();
        two.open();
        wait_until(|| {
            let stats = pipeline.stats();
            stats.destinations.iter().all(|to| to.queued + to.in_flight == 0)
        });
        assert!(pipeline.stats().is_balanced());
    });
}

#[test]
fn threads_end_with_the_last_clone_even_while_units_are_open() {
    watched(|| {
        /// Tells when its worker is gone.
        struct Tell(std::sync::mpsc::SyncSender<()>);
        impl Drop for Tell {
            fn drop(&mut self) {
                self.0.send(()).unwrap();
            }
        }
        let (ended, seen_ending) = std::sync::mpsc::sync_channel(1);
        let tell = Tell(ended);
        let pipeline = start(by(move |_| {
            let _ = &tell;
            Ok(())
        }));
        let open = pipeline.run(|| WideEvent::builder("open").start());
        drop(pipeline.clone());
        assert!(pipeline.flush(LONG).is_complete());
        assert!(seen_ending.try_recv().is_err());
        drop(pipeline);
        seen_ending.recv_timeout(LONG).expect("the worker ends");
        open.end();
    });
}
