//! When a batch leaves, and what is in it.

use std::time::{Duration, SystemTime};

use ode_core::testing::TestClock;
use ode_core::{Limits, Queue};

use crate::support::{
    Gate, LONG, Log, builder, ledger, let_it_look, record, record_text, scripted, start, start_at,
    start_built, wait_for_attempts, wait_until, watched,
};

#[test]
fn of_as_many_events_as_it_may_hold() {
    watched(|| {
        for size in [1, 2, 10, 511, 512, 600] {
            let (log, clock) = (Log::default(), TestClock::new());
            let pipeline = start_at(&clock, scripted(&log, []).batch_events(size));
            record(&pipeline, 0..1_300);
            assert!(pipeline.flush(LONG).is_complete());
            assert!(log.sizes().iter().all(|batch| *batch <= size), "{:?}", log.sizes());
            assert_eq!(log.numbers(), (0..1_300).collect::<Vec<_>>());
        }
    });
}

#[test]
fn leaves_without_a_tick_when_it_is_full() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let pipeline = start_at(&clock, scripted(&log, []).batch_events(10));
        record(&pipeline, 0..10);
        wait_for_attempts(&pipeline, &log, 1);
        assert_eq!(log.ordered(), (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn leaves_without_a_tick_when_another_is_full_too() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let pipeline = start_at(&clock, scripted(&log, []));
        record(&pipeline, 0..1_024);
        wait_for_attempts(&pipeline, &log, 2);
        assert_eq!(log.ordered(), (0..1_024).collect::<Vec<_>>());
    });
}

/// Where it would wait for long, or two are much of what there is room for.
#[test]
fn leaves_alone_where_it_cannot_wait() {
    watched(|| {
        let queues: [fn(Queue) -> Queue; 3] = [
            |queue| queue.batch_delay(Duration::from_millis(101)),
            |queue| queue.capacity(4_095),
            |queue| queue.capacity_bytes((8 << 20) - 4),
        ];
        for queue in queues {
            let (log, clock) = (Log::default(), TestClock::new());
            let pipeline = start_at(&clock, queue(scripted(&log, [])));
            record(&pipeline, 0..512);
            wait_for_attempts(&pipeline, &log, 1);
        }
    });
}

#[test]
fn of_as_many_bytes_as_it_may_hold() {
    const BYTES: usize = 64 << 10;
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let pipeline = start_at(&clock, scripted(&log, []).batch_bytes(BYTES));
        for n in 0..100 {
            record_text(&pipeline, n, 10 << 10);
        }
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.numbers(), (0..100).collect::<Vec<_>>());
        assert!(log.sizes().iter().all(|batch| batch * (10 << 10) <= BYTES), "{:?}", log.sizes());
        assert!(log.count() < 34, "{:?}", log.sizes());
    });
}

#[test]
fn a_giant_goes_alone() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let queue = scripted(&log, []).batch_bytes(64 << 10);
        let limits = Limits::default().value_bytes(1 << 20);
        let pipeline = start_built(&clock, builder(queue).limits(limits));
        for (n, bytes) in [10, 100 << 10, 10, 10, 500 << 10, 10].into_iter().enumerate() {
            record_text(&pipeline, n as u64, bytes);
        }
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.numbers(), [0, 1, 2, 3, 4, 5]);
        for attempt in log.attempts() {
            let giant = attempt.iter().any(|seen| [1, 4].contains(&seen.n));
            assert!(!giant || attempt.len() == 1, "{attempt:?}");
        }
    });
}

#[test]
fn leaves_when_its_delay_is_over_and_not_before() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let pipeline = start_at(&clock, scripted(&log, []).batch_delay(Duration::from_secs(10)));
        // A tick that finds something makes the next one ten seconds away.
        record(&pipeline, [0]);
        assert!(pipeline.flush(LONG).is_complete());
        record(&pipeline, 1..4);
        clock.advance(Duration::from_millis(9_999));
        let_it_look(&pipeline, &log);
        assert_eq!(log.numbers(), [0], "too early");
        clock.advance(Duration::from_millis(1));
        wait_until(|| log.numbers().len() == 4);
        assert_eq!(log.sizes(), [1, 3]);
    });
}

/// T19: the delay runs on the monotonic clock, wherever the wall clock jumps to.
#[test]
fn leaves_in_time_whatever_the_wall_clock_does() {
    let hour = Duration::from_secs(3_600);
    let year = 24 * 365 * hour;
    let start_of_time = SystemTime::UNIX_EPOCH;
    let now = start_of_time + 56 * year;
    watched(move || {
        let walls = [
            now - hour,
            now + year,
            start_of_time - 10 * year,
            // Past 2262-04-11, where nanoseconds no longer fit into 63 bits.
            start_of_time + 300 * year,
        ];
        for wall in walls {
            let (log, clock) = (Log::default(), TestClock::new());
            let pipeline = start_at(&clock, scripted(&log, []));
            record(&pipeline, [0]);
            assert!(pipeline.flush(LONG).is_complete());
            clock.set_wall(wall);
            record(&pipeline, [1]);
            clock.advance(Duration::from_millis(99));
            let_it_look(&pipeline, &log);
            assert_eq!(log.numbers(), [0], "too early");
            clock.advance(Duration::from_millis(1));
            wait_until(|| log.numbers() == [0, 1]);
            ledger(&pipeline);
        }
    });
}

#[test]
fn keep_the_order_of_their_thread() {
    watched(|| {
        let log = Log::default();
        let (queue, gate) = Gate::before(&log);
        let pipeline = start(queue.batch_events(100).batch_delay(Duration::from_millis(1)));
        record(&pipeline, [0]);
        gate.wait_for_entry();
        record(&pipeline, 1..5_000);
        gate.open();
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(log.ordered(), (0..5_000).collect::<Vec<_>>());
        assert!(log.count() >= 51, "{:?}", log.sizes());
    });
}
