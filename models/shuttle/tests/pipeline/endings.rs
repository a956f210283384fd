//! The end against everything that may still be going on.

use std::time::Duration;

use ode_core::testing::TestClock;
use ode_core::{DropReason, Overflow, Queue};

use crate::support::{
    Answer, LONG, at_rest, away, check, go, join, passes_while, scripted, start, two_producers,
};

#[test]
fn what_comes_too_late_is_counted() {
    check(|| {
        let (exporter, seen) = scripted(&[]);
        let pipeline = start([Queue::new(exporter).batch_events(2)], &TestClock::new());
        let (recorded, producers) = two_producers(&pipeline);
        let before = recorded.numbers();
        let shutdown = pipeline.shutdown(LONG);
        assert_eq!(shutdown.undelivered, 0);
        let delivered = seen.once();
        assert!(before.iter().all(|number| delivered.contains(number)), "{before:?} {delivered:?}");
        join(producers);
        pipeline.record(0, 4);
        let stats = at_rest(&pipeline, 0);
        let late = stats.dropped.get(DropReason::AlreadyShutdown);
        assert_eq!(stats.offered, 5);
        assert_eq!(late, stats.dropped.total(), "{stats:?}");
        assert!(late >= 1);
        assert_eq!(seen.once().len() as u64, stats.delivered);
    });
}

#[test]
fn flushes_end_with_it() {
    check(|| {
        let (exporter, seen) = scripted(&[]);
        let pipeline = start([Queue::new(exporter)], &TestClock::new());
        pipeline.record(0, 0);
        let flushers: Vec<_> = (0..2)
            .map(|_| {
                let pipeline = pipeline.clone();
                go(move || {
                    pipeline.flush(LONG);
                })
            })
            .collect();
        pipeline.record(1, 1);
        assert_eq!(pipeline.shutdown(LONG).undelivered, 0);
        join(flushers);
        assert_eq!(at_rest(&pipeline, 0).delivered, 2);
        assert_eq!(seen.once().len(), 2);
        assert!(pipeline.flush(LONG).is_complete(), "after the end there is nothing to wait for");
    });
}

#[test]
fn two_at_once_are_one() {
    check(|| {
        let (exporter, seen) = scripted(&[]);
        let pipeline = start([Queue::new(exporter)], &TestClock::new());
        pipeline.record(0, 0);
        let other = pipeline.clone();
        let second = go(move || {
            other.record(1, 1);
            assert_eq!(other.shutdown(LONG).undelivered, 0);
        });
        assert_eq!(pipeline.shutdown(LONG).undelivered, 0);
        second.join().expect("it stops");
        let stats = at_rest(&pipeline, 0);
        assert_eq!(stats.offered, 2);
        assert_eq!(seen.once().len() as u64, stats.delivered);
    });
}

#[test]
fn nobody_waits_for_room_after_it() {
    check(|| {
        let (exporter, seen) = away();
        let queue = Queue::new(exporter).capacity(1).overflow(Overflow::BlockFor(LONG));
        let pipeline = start([queue], &TestClock::new());
        let producers: Vec<_> = (0..2)
            .map(|thread| {
                let pipeline = pipeline.clone();
                go(move || {
                    pipeline.record(thread, thread as u64 * 2);
                    pipeline.record(thread, thread as u64 * 2 + 1);
                })
            })
            .collect();
        // There is no time to deliver anything.
        pipeline.shutdown(Duration::ZERO);
        join(producers);
        let stats = at_rest(&pipeline, 0);
        let dropped = [DropReason::AlreadyShutdown, DropReason::Deadline];
        let dropped: u64 = dropped.into_iter().map(|reason| stats.dropped.get(reason)).sum();
        assert_eq!((stats.offered, stats.delivered, dropped), (4, 0, 4), "{stats:?}");
        assert!(seen.numbers().is_empty());
    });
}

#[test]
fn a_batch_that_is_tried_again_meets_it() {
    check(|| {
        let script = [Answer::IsAway, Answer::TakesOne, Answer::Panics, Answer::IsAway];
        let (exporter, seen) = scripted(&script);
        let clock = TestClock::new();
        let pipeline = start([Queue::new(exporter).batch_events(2)], &clock);
        let other = pipeline.clone();
        let producer = go(move || (0..4).for_each(|number| other.record(0, number)));
        // Some schedules have time for all of it, others for nothing.
        let stops = pipeline.clone();
        passes_while(&clock, move || stops.shutdown(Duration::from_secs(40)));
        producer.join().expect("it records");
        let stats = at_rest(&pipeline, 0);
        assert_eq!(stats.offered, 4);
        assert_eq!(seen.once().len() as u64, stats.delivered);
        let reasons =
            [DropReason::AlreadyShutdown, DropReason::Deadline, DropReason::ExporterPanic];
        let dropped: u64 = reasons.into_iter().map(|reason| stats.dropped.get(reason)).sum();
        assert_eq!(dropped, stats.dropped.total(), "{stats:?}");
    });
}
