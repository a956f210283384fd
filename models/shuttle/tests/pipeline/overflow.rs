//! A queue that is too small for what comes: nothing is lost uncounted, and nothing waits for ever.

use std::time::Duration;

use ode_core::testing::TestClock;
use ode_core::{DropReason, Overflow, Queue};

use crate::support::{LONG, Scripted, at_rest, check, go, join, scripted, start};

const THREADS: usize = 3;
const RECORDS: u64 = 2;
const OFFERED: u64 = THREADS as u64 * RECORDS;

/// Threads that race for a queue; what they recorded and what became of it.
fn race(queue: fn(Scripted) -> Queue) -> (u64, u64) {
    let (exporter, seen) = scripted(&[]);
    let pipeline = start([queue(exporter)], &TestClock::new());
    let producers: Vec<_> = (0..THREADS)
        .map(|thread| {
            let pipeline = pipeline.clone();
            let numbers = thread as u64 * RECORDS..(thread as u64 + 1) * RECORDS;
            go(move || numbers.for_each(|number| pipeline.record(thread, number)))
        })
        .collect();
    join(producers);
    assert!(pipeline.flush(LONG).is_complete());
    let stats = at_rest(&pipeline, 0);
    let dropped = stats.dropped.get(DropReason::QueueFull);
    assert_eq!(stats.offered, OFFERED);
    assert_eq!(dropped, stats.dropped.total(), "{stats:?}");
    assert_eq!(stats.delivered, seen.once().len() as u64);
    (stats.delivered, dropped)
}

#[test]
fn the_newest_are_dropped_and_counted() {
    check(|| {
        let (delivered, dropped) =
            race(|exporter| Queue::new(exporter).capacity(2).batch_events(2));
        assert!(delivered >= 2, "there was room for two");
        assert_eq!(delivered + dropped, OFFERED);
    });
}

#[test]
fn the_oldest_make_room_and_are_counted() {
    check(|| {
        let queue = |exporter| {
            Queue::new(exporter).capacity(2).batch_events(2).overflow(Overflow::DropOldest)
        };
        let (delivered, dropped) = race(queue);
        assert!(delivered >= 2, "two stay at least");
        assert_eq!(delivered + dropped, OFFERED);
    });
}

#[test]
fn who_waits_for_room_gets_it() {
    check(|| {
        let queue = |exporter| {
            Queue::new(exporter).capacity(2).batch_events(1).overflow(Overflow::BlockFor(LONG))
        };
        assert_eq!(race(queue), (OFFERED, 0));
    });
}

/// The first thread leases all of the room, and gives it back when the worker looks.
#[test]
fn nothing_is_dropped_while_there_is_room() {
    check(|| {
        let (exporter, seen) = scripted(&[]);
        let pipeline = start([Queue::new(exporter).capacity(8)], &TestClock::new());
        let producers: Vec<_> = (0..2)
            .map(|thread| {
                let pipeline = pipeline.clone();
                let numbers = thread as u64 * RECORDS..(thread as u64 + 1) * RECORDS;
                go(move || numbers.for_each(|number| pipeline.record(thread, number)))
            })
            .collect();
        pipeline.flush(LONG);
        join(producers);
        assert!(pipeline.flush(LONG).is_complete());
        let stats = at_rest(&pipeline, 0);
        assert_eq!((stats.offered, stats.delivered), (4, 4), "{stats:?}");
        assert_eq!(seen.once().len(), 4);
    });
}

/// One wake is all there will be.
#[test]
fn the_only_room_is_not_waited_for_in_vain() {
    check(|| {
        let (exporter, seen) = scripted(&[]);
        let queue = Queue::new(exporter).capacity(1).overflow(Overflow::BlockFor(LONG));
        let pipeline = start([queue], &TestClock::new());
        pipeline.record(0, 0);
        pipeline.record(0, 1);
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(at_rest(&pipeline, 0).delivered, 2);
        assert_eq!(seen.numbers(), [0, 1]);
    });
}

#[test]
fn patience_ends_and_is_counted() {
    check(|| {
        let patience = Duration::from_nanos(1);
        let (exporter, seen) = scripted(&[]);
        let queue = Queue::new(exporter).capacity(1).overflow(Overflow::BlockFor(patience));
        let pipeline = start([queue], &TestClock::new());
        let other = pipeline.clone();
        let producer = go(move || (0..2).for_each(|number| other.record(0, number)));
        pipeline.record(1, 2);
        producer.join().expect("it records");
        assert!(pipeline.flush(LONG).is_complete());
        let stats = at_rest(&pipeline, 0);
        assert_eq!(stats.offered, 3);
        assert_eq!(stats.delivered, seen.once().len() as u64);
    });
}
