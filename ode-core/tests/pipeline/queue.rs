//! What the queue holds: events and bytes, exactly.

use ode_core::{DropReason, Queue};

use crate::support::{
    Gate, LONG, Log, assert_dropped, ledger, record, record_as, record_text, start, watched,
};

/// Offers more than fits while the exporter holds its first batch; what fits is the first of it.
fn fills(capacity: usize, batch: usize) {
    let log = Log::default();
    let (queue, gate) = Gate::before(&log);
    let pipeline = start(queue.capacity(capacity).batch_events(batch));
    let (capacity, offered) = (capacity as u64, 3 * capacity as u64 + 50);
    record(&pipeline, 0..offered);

    let full = pipeline.stats().destinations[0].clone();
    assert_dropped(&full, &[(DropReason::QueueFull, offered - capacity)]);
    gate.open();
    assert!(pipeline.flush(LONG).is_complete());
    assert_eq!(log.numbers(), (0..capacity).collect::<Vec<_>>(), "capacity {capacity}");
    assert_eq!(ledger(&pipeline).delivered, capacity);

    record(&pipeline, [offered]);
    assert!(pipeline.flush(LONG).is_complete());
    assert_eq!(ledger(&pipeline).delivered, capacity + 1, "all room is back");
}

#[test]
fn holds_exactly_its_capacity() {
    watched(|| {
        for capacity in [1, 2, 3, 63, 64, 65, 127, 513, 1_500] {
            fills(capacity, 512);
            fills(capacity, 1 + capacity / 3);
        }
    });
}

#[test]
fn eight_threads_never_exceed_it_and_leave_no_room_unused() {
    const THREADS: u64 = 8;
    const EACH: u64 = 400;
    watched(|| {
        for capacity in [1, 5, 64, 100, 777, 1_000] {
            let log = Log::default();
            let (queue, gate) = Gate::before(&log);
            let pipeline = start(queue.capacity(capacity));
            std::thread::scope(|scope| {
                for thread in 0..THREADS {
                    let pipeline = &pipeline;
                    scope.spawn(move || record_as(pipeline, thread, 0..EACH));
                }
            });
            // What a thread had leased and did not use belongs to whoever comes next.
            record_as(&pipeline, THREADS, 0..capacity as u64);

            let offered = THREADS * EACH + capacity as u64;
            let full = pipeline.stats().destinations[0].clone();
            assert_eq!(full.offered, offered);
            assert_dropped(&full, &[(DropReason::QueueFull, offered - capacity as u64)]);
            gate.open();
            assert!(pipeline.flush(LONG).is_complete());
            assert_eq!(log.numbers().len(), capacity);
            assert_eq!(ledger(&pipeline).delivered, capacity as u64);
        }
    });
}

#[test]
fn bytes_bound_it_too() {
    const BYTES: usize = 64 << 10;
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let pipeline = start(queue.capacity_bytes(BYTES));
        for n in 0..200 {
            record_text(&pipeline, n, 1 << 10);
        }
        gate.open();
        assert!(pipeline.flush(LONG).is_complete());
        let kept = log.numbers().len();
        // Text of 1 KiB and at most as much for the rest of the record.
        assert!((BYTES / (2 << 10)..BYTES / (1 << 10)).contains(&kept), "{kept} events");
        assert_eq!(log.numbers(), (0..kept as u64).collect::<Vec<_>>());
        assert_dropped(&ledger(&pipeline), &[(DropReason::QueueBytes, 200 - kept as u64)]);

        // The room of the dropped is not lost.
        for n in 0..kept as u64 {
            record_text(&pipeline, n, 1 << 10);
        }
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(ledger(&pipeline).delivered, 2 * kept as u64);
    });
}

#[test]
fn small_events_find_room_beside_large_ones_that_do_not() {
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let pipeline = start(queue.capacity_bytes(16 << 10));
        record_text(&pipeline, 0, 10 << 10);
        record_text(&pipeline, 1, 10 << 10);
        record_text(&pipeline, 2, 10);
        gate.open();
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.numbers(), [0, 2]);
        assert_dropped(&ledger(&pipeline), &[(DropReason::QueueBytes, 1)]);
    });
}

#[test]
fn an_event_larger_than_the_queue_is_told_apart() {
    watched(|| {
        for tune in [
            (|queue| queue) as fn(Queue) -> Queue,
            |queue| queue.overflow(ode_core::Overflow::DropOldest),
            |queue| queue.overflow(ode_core::Overflow::BlockFor(LONG)),
        ] {
            let log = Log::default();
            let pipeline = start(tune(crate::support::scripted(&log, []).capacity_bytes(4 << 10)));
            record(&pipeline, 0..3);
            record_text(&pipeline, 3, 10 << 10);
            record(&pipeline, 4..7);
            assert!(pipeline.flush(LONG).is_complete());
            assert_eq!(log.numbers(), [0, 1, 2, 4, 5, 6], "its neighbours are unharmed");
            assert_dropped(&ledger(&pipeline), &[(DropReason::EventTooLarge, 1)]);
        }
    });
}

#[test]
fn destinations_do_not_share_a_bound() {
    watched(|| {
        let (stuck, free) = (Log::default(), Log::default());
        let (queue, gate) = Gate::before(&stuck);
        let builder = crate::support::builder(queue.capacity(10));
        let builder = builder.export_to(crate::support::scripted(&free, []));
        let pipeline = ode_core::testing::TestPipeline::start(builder).unwrap();
        record(&pipeline, 0..100);
        crate::support::wait_until(|| pipeline.stats().destinations[1].delivered == 100);

        let stats = pipeline.stats();
        assert_eq!(free.numbers().len(), 100);
        assert_dropped(&stats.destinations[0], &[(DropReason::QueueFull, 90)]);
        gate.open();
        assert!(pipeline.flush(LONG).is_complete());
        assert!(pipeline.stats().is_balanced());
        assert_eq!(stuck.numbers(), (0..10).collect::<Vec<_>>());
    });
}
