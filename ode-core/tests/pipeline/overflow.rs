//! What gives way when the queue is full: the newest, the oldest, or the recording thread.

use std::time::Duration;

use ode_core::testing::TestClock;
use ode_core::{DropReason, Overflow};

use crate::support::{
    Gate, LONG, Log, SHORT, assert_dropped, glance, ledger, record, record_as, record_text,
    scripted, start, start_at, wait_until, watched,
};

#[test]
fn the_newest_survive() {
    watched(|| {
        for capacity in [1, 2, 10, 64, 700] {
            let log = Log::default();
            let (queue, gate) = Gate::before(&log);
            let queue = queue.capacity(capacity).overflow(Overflow::DropOldest);
            let pipeline = start(queue.batch_delay(Duration::from_millis(1)));
            record(&pipeline, [0]);
            gate.wait_for_entry();
            record(&pipeline, 1..2_001);

            // The one in the exporter's hands counts, and nothing can displace it.
            let left = capacity as u64 - 1;
            let full = pipeline.stats().destinations[0].clone();
            assert_dropped(&full, &[(DropReason::QueueFull, 2_000 - left)]);
            gate.open();
            assert!(pipeline.flush(LONG).is_complete());
            let survivors: Vec<_> = [0].into_iter().chain(2_001 - left..2_001).collect();
            assert_eq!(log.ordered(), survivors, "capacity {capacity}");
            assert_eq!(ledger(&pipeline).delivered, capacity as u64);
        }
    });
}

#[test]
fn the_oldest_make_room_for_the_bytes_of_the_newest() {
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let queue = queue.capacity_bytes(20 << 10).overflow(Overflow::DropOldest);
        let pipeline = start(queue.batch_delay(Duration::from_millis(1)));
        record(&pipeline, [0]);
        gate.wait_for_entry();
        for n in 1..11 {
            record_text(&pipeline, n, 1 << 10);
        }
        record_text(&pipeline, 11, 15 << 10);
        gate.open();
        assert!(pipeline.flush(LONG).is_complete());
        let numbers = log.ordered();
        assert!(numbers.ends_with(&[10, 11]), "{numbers:?}");
        let kept = numbers.len() as u64;
        assert_eq!(numbers[1..], (13 - kept..12).collect::<Vec<_>>());
        assert_dropped(&ledger(&pipeline), &[(DropReason::QueueBytes, 12 - kept)]);
    });
}

#[test]
fn eight_threads_displace_each_other_exactly() {
    const THREADS: u64 = 8;
    const EACH: u64 = 500;
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let pipeline = start(queue.capacity(100).overflow(Overflow::DropOldest));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let pipeline = &pipeline;
                scope.spawn(move || record_as(pipeline, thread, 0..EACH));
            }
        });
        record_as(&pipeline, THREADS, 0..100);
        gate.open();
        assert!(pipeline.flush(LONG).is_complete());
        let ledger = ledger(&pipeline);
        assert_eq!(ledger.delivered, 100);
        assert_dropped(&ledger, &[(DropReason::QueueFull, THREADS * EACH)]);
        assert_eq!(log.numbers().len(), 100);
    });
}

#[test]
fn waits_until_there_is_room() {
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let queue = queue.capacity(4).overflow(Overflow::BlockFor(60 * LONG));
        let pipeline = start(queue);
        std::thread::scope(|scope| {
            let recording = scope.spawn(|| record(&pipeline, 0..100));
            wait_until(|| glance(&pipeline).offered == 5);
            assert!(!recording.is_finished());
            gate.open();
        });
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.numbers(), (0..100).collect::<Vec<_>>());
        assert_dropped(&ledger(&pipeline), &[]);
    });
}

#[test]
fn many_wait_and_all_of_them_get_through() {
    const THREADS: u64 = 8;
    watched(|| {
        for capacity in [1, 3, 65] {
            let log = Log::default();
            let queue = scripted(&log, []).capacity(capacity).batch_delay(LONG);
            let pipeline = start(queue.overflow(Overflow::BlockFor(60 * LONG)));
            std::thread::scope(|scope| {
                for thread in 0..THREADS {
                    let pipeline = &pipeline;
                    scope.spawn(move || record_as(pipeline, thread, 0..200));
                }
            });
            assert!(pipeline.flush(LONG).is_complete());
            assert_eq!(log.numbers().len(), 1_600);
            assert_dropped(&ledger(&pipeline), &[]);
        }
    });
}

#[test]
fn gives_up_waiting_after_its_time() {
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let patience = Duration::from_millis(20);
        let pipeline = start(queue.capacity(4).overflow(Overflow::BlockFor(patience)));
        record(&pipeline, 0..7);
        assert_dropped(&pipeline.stats().destinations[0], &[(DropReason::QueueFull, 3)]);
        gate.open();
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.numbers(), [0, 1, 2, 3]);
        assert_eq!(ledger(&pipeline).delivered, 4);
    });
}

/// Nobody has packed a whole chunk and no tick is due: who waits must say so.
#[test]
fn whoever_waits_wakes_an_idle_worker() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let queue = scripted(&log, []).capacity(100).overflow(Overflow::BlockFor(60 * LONG));
        let pipeline = start_at(&clock, queue);
        assert!(pipeline.flush(LONG).is_complete());
        for thread in 0..4 {
            let pipeline = pipeline.clone();
            let part = move || record_as(&pipeline, thread, 0..30);
            std::thread::scope(|scope| scope.spawn(part).join().unwrap());
        }
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.numbers().len(), 120);
        assert_dropped(&ledger(&pipeline), &[]);
    });
}

#[test]
fn shutdown_frees_those_who_wait() {
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let queue = queue.capacity(2).overflow(Overflow::BlockFor(60 * LONG));
        let pipeline = start(queue);
        std::thread::scope(|scope| {
            for thread in 0..3 {
                let pipeline = &pipeline;
                scope.spawn(move || record_as(pipeline, thread, 0..10));
            }
            wait_until(|| glance(&pipeline).offered == 2 + 3);
            assert_eq!(pipeline.shutdown(SHORT).undelivered, 2);
        });
        let ledger = ledger(&pipeline);
        assert_eq!(ledger.offered, 30);
        assert_eq!(ledger.dropped.get(DropReason::AlreadyShutdown), 28);
        gate.open();
    });
}
