//! What an exporter may answer, and what becomes of the batch.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ode_core::testing::TestClock;
use ode_core::{DropReason, ExportError};

use crate::support::{
    Answer, LONG, Log, assert_dropped, fails, for_now, glance, ledger, let_it_look, ok, record,
    scripted, start, start_at, wait_for_attempts, wait_until, watched,
};

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn a_retry_waits_its_backoff_on_the_injected_clock() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let pipeline = start_at(&clock, scripted(&log, [fails(for_now), fails(for_now), ok()]));
        record(&pipeline, 0..3);
        clock.advance(100 * MILLISECOND);
        wait_for_attempts(&pipeline, &log, 1);
        // The n-th wait is between a half and the whole of 200 ms × 2ⁿ.
        for (attempts, full) in [(1, 200), (2, 400)] {
            clock.advance((full / 2 - 1) * MILLISECOND);
            let_it_look(&pipeline, &log);
            assert_eq!(log.count(), attempts, "too early");
            assert_eq!(ledger(&pipeline).in_flight, 3);
            clock.advance((full / 2 + 1) * MILLISECOND);
            wait_for_attempts(&pipeline, &log, attempts + 1);
        }
        assert!(pipeline.flush(LONG).is_complete());
        let attempts = log.attempts();
        assert_eq!(attempts[0], attempts[1]);
        assert_eq!(attempts[0], attempts[2]);
        let ledger = ledger(&pipeline);
        assert_eq!((ledger.delivered, ledger.in_flight), (3, 0));
        assert_dropped(&ledger, &[]);
    });
}

#[test]
fn backing_off_ends_with_the_first_success() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let mut script: Vec<_> = (0..5).map(|_| fails(for_now)).collect();
        script.extend([ok(), fails(for_now)]);
        let pipeline = start_at(&clock, scripted(&log, script));
        record(&pipeline, [0]);
        wait_until(|| {
            clock.advance(1_600 * MILLISECOND);
            log.count() == 6
        });
        assert!(pipeline.flush(LONG).is_complete());
        record(&pipeline, [1]);
        clock.advance(100 * MILLISECOND);
        wait_for_attempts(&pipeline, &log, 7);
        clock.advance(200 * MILLISECOND);
        wait_for_attempts(&pipeline, &log, 8);
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(ledger(&pipeline).delivered, 2);
    });
}

/// T26, with the pipeline's own schedule: never two attempts within 100 ms, however long it lasts, and
/// none later than 10 s after the receiver is back.
#[test]
fn a_receiver_that_is_away_is_not_asked_too_often_and_found_soon() {
    const STEP: u32 = 20;
    const BACK: u64 = 60_000;
    watched(|| {
        for _ in 0..3 {
            let (clock, now, log) = (TestClock::new(), Arc::new(AtomicU64::new(0)), Log::default());
            let attempts = Arc::new(Mutex::new(Vec::new()));
            let (time, times) = (Arc::clone(&now), Arc::clone(&attempts));
            let script = std::iter::repeat_with(move || {
                let (time, times) = (Arc::clone(&time), Arc::clone(&times));
                let answer: Answer = Box::new(move || {
                    let now = time.load(Ordering::SeqCst);
                    times.lock().unwrap().push(now);
                    if now < BACK { Err(for_now()) } else { Ok(()) }
                });
                answer
            });
            let pipeline = start_at(&clock, scripted(&log, script.take(1_000)));
            record(&pipeline, [0]);
            while glance(&pipeline).delivered == 0 {
                now.fetch_add(STEP.into(), Ordering::SeqCst);
                clock.advance(STEP * MILLISECOND);
                let_it_look(&pipeline, &log);
            }
            let attempts = attempts.lock().unwrap().clone();
            let gaps = attempts.windows(2).map(|pair| pair[1] - pair[0]);
            assert!(gaps.clone().all(|gap| gap >= 100), "{attempts:?}");
            assert!(gaps.clone().max() <= Some(10_000 + u64::from(STEP)), "{attempts:?}");
            assert!((10..40).contains(&attempts.len()), "{attempts:?}");
            assert!(*attempts.last().unwrap() <= BACK + 10_000 + u64::from(STEP), "{attempts:?}");
        }
    });
}

#[test]
fn a_retry_comes_no_earlier_than_the_receiver_asks() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let later = || for_now().retry_after(Duration::from_secs(10));
        let pipeline = start_at(&clock, scripted(&log, [fails(later), ok()]));
        record(&pipeline, [0]);
        clock.advance(100 * MILLISECOND);
        wait_for_attempts(&pipeline, &log, 1);
        for _ in 0..9 {
            clock.advance(Duration::from_secs(1));
            let_it_look(&pipeline, &log);
        }
        clock.advance(999 * MILLISECOND);
        let_it_look(&pipeline, &log);
        assert_eq!(log.count(), 1, "too early");
        clock.advance(MILLISECOND);
        wait_for_attempts(&pipeline, &log, 2);
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(ledger(&pipeline).delivered, 1);
    });
}

#[test]
fn what_arrived_is_not_sent_again() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let script = vec![
            fails(|| for_now().delivered(2)),
            fails(|| for_now().delivered(0)),
            fails(|| for_now().delivered(1)),
            ok(),
        ];
        let pipeline = start_at(&clock, scripted(&log, script));
        record(&pipeline, 0..5);
        clock.advance(100 * MILLISECOND);
        wait_for_attempts(&pipeline, &log, 1);
        wait_until(|| glance(&pipeline).delivered == 2);
        assert_eq!(ledger(&pipeline).in_flight, 3);
        wait_until(|| {
            clock.advance(100 * MILLISECOND);
            log.count() == 4
        });
        assert!(pipeline.flush(LONG).is_complete());
        let sent: Vec<Vec<_>> = log
            .attempts()
            .iter()
            .map(|events| events.iter().map(|seen| seen.n).collect())
            .collect();
        assert_eq!(sent, [vec![0, 1, 2, 3, 4], vec![2, 3, 4], vec![2, 3, 4], vec![3, 4]]);
        assert_eq!(ledger(&pipeline).delivered, 5);
    });
}

/// `delivered` as an exporter may get it wrong.
#[test]
fn more_than_there_was_cannot_have_arrived() {
    watched(|| {
        for count in [5, 6, usize::MAX] {
            let (log, clock) = (Log::default(), TestClock::new());
            let script = [fails(move || for_now().delivered(count))];
            let pipeline = start_at(&clock, scripted(&log, script));
            record(&pipeline, 0..5);
            assert!(pipeline.flush(LONG).is_complete());
            record(&pipeline, [5]);
            assert!(pipeline.flush(LONG).is_complete());
            assert_eq!(log.numbers(), [0, 1, 2, 3, 4, 5], "nothing was left to send again");
            assert_eq!(ledger(&pipeline).delivered, 6);
        }
    });
}

#[test]
fn gives_up_after_its_time_and_goes_on() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let give_up = Duration::from_secs(60);
        // One event a batch: the second does not inherit the time the first has used up.
        let script = (0..100).map(|_| fails(for_now));
        let queue = scripted(&log, script).batch_events(1).give_up_after(give_up);
        let pipeline = start_at(&clock, queue);
        record(&pipeline, 0..2);
        wait_for_attempts(&pipeline, &log, 1);
        clock.advance(Duration::from_secs(59));
        wait_for_attempts(&pipeline, &log, 2);
        assert_dropped(&ledger(&pipeline), &[]);
        clock.advance(Duration::from_secs(1));
        wait_until(|| log.attempts().last().unwrap()[0].n == 1);
        assert_dropped(&ledger(&pipeline), &[(DropReason::RetriesExhausted, 1)]);
        let tried = log.count();
        wait_until(|| {
            clock.advance(Duration::from_secs(30));
            glance(&pipeline).dropped.total() == 2
        });
        assert!(log.count() > tried, "the second had a time of its own");
        assert_dropped(&ledger(&pipeline), &[(DropReason::RetriesExhausted, 2)]);
    });
}

#[test]
fn what_fails_for_good_is_dropped_and_the_rest_goes_on() {
    watched(|| {
        let log = Log::default();
        let script = vec![
            ok(),
            fails(|| ExportError::permanent("malformed")),
            fails(|| ExportError::permanent("malformed").delivered(3)),
        ];
        let pipeline = start(scripted(&log, script).batch_events(10));
        record(&pipeline, 0..50);
        assert!(pipeline.flush(LONG).is_complete());
        let ledger = ledger(&pipeline);
        let sizes = log.sizes();
        let lost = (sizes[1] + sizes[2].saturating_sub(3)) as u64;
        assert_eq!(log.numbers(), (0..50).collect::<Vec<_>>(), "nothing is tried twice");
        assert_eq!(ledger.delivered, 50 - lost);
        assert_dropped(&ledger, &[(DropReason::NonRetryable, lost)]);
    });
}

#[test]
fn rejected_events_are_counted_and_nonsense_is_clamped() {
    watched(|| {
        for (delivered, rejected, expected) in [
            (0, 0, (5, 0)),
            (0, 2, (3, 2)),
            (0, 5, (0, 5)),
            (0, 6, (0, 5)),
            (0, usize::MAX, (0, 5)),
            (2, 1, (4, 1)),
            (3, 100, (3, 2)),
            (5, 3, (5, 0)),
            (usize::MAX, usize::MAX, (5, 0)),
        ] {
            let (log, clock) = (Log::default(), TestClock::new());
            let answer = move || ExportError::partial(rejected, "refused").delivered(delivered);
            let pipeline = start_at(&clock, scripted(&log, [fails(answer)]));
            record(&pipeline, 0..5);
            assert!(pipeline.flush(LONG).is_complete());
            assert_eq!(log.count(), 1, "rejected events are not sent again");
            let ledger = ledger(&pipeline);
            assert_eq!((ledger.delivered, ledger.rejected), expected, "{delivered} {rejected}");
            assert_dropped(&ledger, &[]);
        }
    });
}

#[test]
fn a_batch_that_is_retried_still_takes_its_room() {
    watched(|| {
        let (log, clock) = (Log::default(), TestClock::new());
        let script = (0..3).map(|_| fails(|| for_now().delivered(1)));
        let pipeline = start_at(&clock, scripted(&log, script).capacity(10));
        record(&pipeline, 0..10);
        wait_for_attempts(&pipeline, &log, 1);
        record(&pipeline, 10..20);
        assert_dropped(&ledger(&pipeline), &[(DropReason::QueueFull, 10)]);
        wait_until(|| {
            clock.advance(Duration::from_secs(1));
            glance(&pipeline).delivered == 10
        });
        // The room is given back just after the count.
        let_it_look(&pipeline, &log);
        record(&pipeline, 20..30);
        assert!(pipeline.flush(LONG).is_complete());
        assert_eq!(ledger(&pipeline).delivered, 20);
    });
}

/// An exporter that splits a batch tells what became of each part.
#[test]
fn every_event_of_a_batch_has_its_own_fate() {
    watched(|| {
        let log = Log::default();
        let queue = scripted(
            &log,
            [
                fails(|| {
                    ExportError::retryable("away")
                        .delivered(2)
                        .rejected(3)
                        .dropped(DropReason::RequestTooLarge, 1)
                }),
                fails(|| ExportError::permanent("no").rejected(1)),
                fails(|| ExportError::partial(1, "no").dropped(DropReason::EncodeError, 100)),
            ],
        );
        let clock = TestClock::new();
        let pipeline = start_at(&clock, queue.batch_events(10));
        record(&pipeline, 0..13);
        wait_for_attempts(&pipeline, &log, 1);
        clock.advance(Duration::from_secs(60));
        let _ = pipeline.shutdown(LONG);
        let ledger = ledger(&pipeline);
        let sizes: Vec<usize> = log.attempts().iter().map(Vec::len).collect();
        assert_eq!(sizes, [10, 4, 3]);
        assert_eq!((ledger.delivered, ledger.rejected), (2, 5));
        assert_eq!(ledger.dropped.get(DropReason::RequestTooLarge), 1);
        assert_eq!(ledger.dropped.get(DropReason::NonRetryable), 3);
        assert_eq!(ledger.dropped.get(DropReason::EncodeError), 2, "no more than there are");
    });
}
