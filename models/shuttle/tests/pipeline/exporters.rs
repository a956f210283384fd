//! Exporters that fail in every way, and destinations beside each other.

use ode_core::testing::TestClock;
use ode_core::{DropReason, Queue};

use crate::support::{Answer, LONG, STEP, at_rest, away, check, go, passes_while, scripted, start};

#[test]
fn every_way_to_fail_is_counted() {
    check(|| {
        let script = [Answer::Panics, Answer::IsAway, Answer::Refuses, Answer::TakesOne];
        let (exporter, seen) = scripted(&script);
        let clock = TestClock::new();
        let queue = Queue::new(exporter).batch_events(2).give_up_after(LONG * 1_000);
        let pipeline = start([queue], &clock);
        let other = pipeline.clone();
        let producer = go(move || (0..4).for_each(|number| other.record(1, number)));
        (4..7).for_each(|number| pipeline.record(0, number));
        producer.join().expect("it records");
        let flushed = passes_while(&clock, {
            let pipeline = pipeline.clone();
            move || pipeline.flush(LONG * 1_000)
        });
        assert!(flushed.is_complete(), "{flushed:?}");
        let stats = at_rest(&pipeline, 0);
        let panicked = stats.dropped.get(DropReason::ExporterPanic);
        let refused = stats.dropped.get(DropReason::NonRetryable);
        assert!(panicked >= 1 && refused >= 1, "{stats:?}");
        assert_eq!(stats.offered, 7);
        assert_eq!(seen.once().len() as u64, stats.delivered);
        assert_eq!(stats.delivered + panicked + refused, 7, "{stats:?}");
    });
}

#[test]
fn a_flush_does_not_wait_out_the_pause_after_panics() {
    check(|| {
        let (exporter, seen) = scripted(&[Answer::Panics; 5]);
        let pipeline = start([Queue::new(exporter).batch_events(1)], &TestClock::new());
        let other = pipeline.clone();
        let producer = go(move || (0..3).for_each(|number| other.record(1, number)));
        (3..6).for_each(|number| pipeline.record(0, number));
        producer.join().expect("it records");
        // Time stands still, so a pause would never end.
        assert!(pipeline.flush(LONG).is_complete());
        let stats = at_rest(&pipeline, 0);
        assert_eq!(stats.dropped.get(DropReason::ExporterPanic), 5, "{stats:?}");
        assert_eq!(seen.once().len(), 1);
    });
}

#[test]
fn one_that_is_away_does_not_hold_up_the_other() {
    check(|| {
        let (away, nothing) = away();
        let (well, seen) = scripted(&[]);
        let clock = TestClock::new();
        let away = Queue::new(away).capacity(2).give_up_after(LONG * 1_000);
        let pipeline = start([away, Queue::new(well)], &clock);
        let other = pipeline.clone();
        let producer = go(move || (0..2).for_each(|number| other.record(1, number)));
        (2..4).for_each(|number| pipeline.record(0, number));
        producer.join().expect("it records");
        let ends = pipeline.clone();
        passes_while(&clock, move || {
            // At its deadline, which the other does not need.
            ends.flush(STEP * 4);
            ends.shutdown(STEP * 4);
        });
        let well = at_rest(&pipeline, 1);
        assert_eq!((well.offered, well.delivered), (4, 4), "{well:?}");
        assert_eq!(seen.once().len(), 4);
        let away = at_rest(&pipeline, 0);
        let full = away.dropped.get(DropReason::QueueFull);
        let late = away.dropped.get(DropReason::Deadline);
        assert_eq!((away.offered, away.delivered, full + late), (4, 0, 4), "{away:?}");
        assert!(nothing.numbers().is_empty());
    });
}
