//! A flush delivers what was recorded before it, whatever else goes on.

use std::sync::Arc;

use ode_core::testing::TestClock;
use ode_core::{Batch, ExportError, Exporter, Queue};
use shuttle::sync::{Condvar, Mutex};

use crate::support::{
    Answer, LONG, at_rest, check, go, join, passes_while, scripted, start, two_producers,
};

#[test]
fn it_covers_what_was_recorded_before() {
    check(|| {
        let (exporter, seen) = scripted(&[]);
        let pipeline = start([Queue::new(exporter).batch_events(2)], &TestClock::new());
        let (recorded, producers) = two_producers(&pipeline);
        let before = recorded.numbers();
        pipeline.flush(LONG);
        let delivered = seen.once();
        assert!(before.iter().all(|number| delivered.contains(number)), "{before:?} {delivered:?}");
        join(producers);
        pipeline.flush(LONG);
        assert_eq!(at_rest(&pipeline, 0).delivered, 4);
        assert_eq!(seen.once().len(), 4);
    });
}

#[test]
fn each_of_two_at_once_covers_its_own() {
    check(|| {
        let (exporter, seen) = scripted(&[]);
        let pipeline = start([Queue::new(exporter).batch_events(1)], &TestClock::new());
        let flushes = |thread: u64| {
            let (pipeline, seen) = (pipeline.clone(), seen.clone());
            move || {
                for number in [thread * 2, thread * 2 + 1] {
                    pipeline.record(usize::try_from(thread).expect("small"), number);
                    pipeline.flush(LONG);
                    assert!(seen.once().contains(&number), "{number}: {:?}", seen.numbers());
                }
            }
        };
        let other = go(flushes(1));
        flushes(0)();
        other.join().expect("it flushes");
        assert_eq!(at_rest(&pipeline, 0).delivered, 4);
    });
}

#[test]
fn it_comes_through_while_the_receiver_is_away() {
    check(|| {
        let (exporter, seen) = scripted(&[Answer::IsAway, Answer::TakesOne, Answer::IsAway]);
        let clock = TestClock::new();
        let queue = Queue::new(exporter).give_up_after(LONG * 1_000);
        let pipeline = start([queue], &clock);
        pipeline.record(0, 0);
        pipeline.record(1, 1);
        let flushed = passes_while(&clock, {
            let pipeline = pipeline.clone();
            // Longer than the waits between four attempts, however soon time passes.
            move || pipeline.flush(LONG * 1_000)
        });
        assert!(flushed.is_complete(), "{flushed:?}");
        assert_eq!(at_rest(&pipeline, 0).delivered, 2);
        assert_eq!(seen.once().len(), 2);
    });
}

/// Tells of every event it takes.
struct Ringing(Arc<(Mutex<usize>, Condvar)>);

impl Exporter for Ringing {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let (taken, bell) = &*self.0;
        *taken.lock().expect("nobody panics") += batch.len();
        bell.notify_all();
        Ok(())
    }
}

#[test]
fn without_one_records_leave_when_it_is_time() {
    check(|| {
        let taken = Arc::new((Mutex::new(0), Condvar::new()));
        let queue = Queue::new(Ringing(Arc::clone(&taken))).batch_events(2);
        let clock = TestClock::new();
        let pipeline = start([queue], &clock);
        let other = pipeline.clone();
        let producer = go(move || (0..2).for_each(|number| other.record(1, number)));
        pipeline.record(0, 2);
        passes_while(&clock, move || {
            let (taken, bell) = &*taken;
            let waits = bell.wait_while(taken.lock().expect("nobody panics"), |taken| *taken < 3);
            drop(waits.expect("nobody panics"));
        });
        producer.join().expect("it records");
    });
}
