//! T0: whatever happens, every event that was offered is delivered, rejected, dropped for a named
//! reason, or still there; counted by ode and, apart from it, by the exporter.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{scope, yield_now};
use std::time::Duration;

use fastrand::Rng;
use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{Batch, DropReason, EventId, ExportError, Overflow, Queue, Shutdown, Stats};

use crate::support::{LONG, by, glance, record_as, start_at, wait_until, watched};

const SCENARIOS: u64 = 150;

#[test]
fn nothing_is_lost_without_a_reason() {
    for seed in 0..SCENARIOS {
        watched(move || {
            let failing = Failing(seed);
            scenario(&mut Rng::with_seed(seed));
            drop(failing);
        });
    }
}

/// Names the seed of a scenario that fails.
struct Failing(u64);

impl Drop for Failing {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stderr, reason = "part of the failure's message")]
            {
                eprintln!("in the scenario of seed {}", self.0);
            }
        }
    }
}

/// What the exporter took, by its own count.
#[derive(Debug, Default)]
struct Taken {
    ids: Mutex<HashSet<EventId>>,
    delivered: AtomicU64,
    rejected: AtomicU64,
    lost: AtomicU64,
}

impl Taken {
    fn deliver(&self, batch: &Batch, events: usize) {
        let mut ids = self.ids.lock().unwrap();
        for event in batch.events().take(events) {
            assert!(ids.insert(event.event_id()), "delivered twice");
        }
        self.delivered.fetch_add(events as u64, Ordering::SeqCst);
    }
}

/// An exporter that does each time whatever comes to its mind.
fn moody(mut rng: Rng, taken: Arc<Taken>, well: Arc<AtomicBool>) -> Queue {
    by(move |batch| {
        let count = batch.len();
        let mood = if well.load(Ordering::SeqCst) { 0 } else { rng.u32(0..20) };
        match mood {
            0..=9 => {
                taken.deliver(batch, count);
                Ok(())
            }
            10..=11 => {
                (0..rng.u32(0..2_000)).for_each(|_| yield_now());
                taken.deliver(batch, count);
                Ok(())
            }
            12..=14 => {
                let arrived = rng.usize(0..=count);
                taken.deliver(batch, arrived);
                let error = ExportError::retryable("away").delivered(arrived);
                let wait = Duration::from_millis(rng.u64(0..500));
                Err(if rng.bool() { error.retry_after(wait) } else { error })
            }
            15..=16 => {
                let (arrived, rejected) = (rng.usize(0..=count), rng.usize(0..count + 5));
                // The receiver does not say which ones it refused: the last, to count by.
                let refused = rejected.min(count - arrived);
                taken.deliver(batch, count - refused);
                taken.rejected.fetch_add(refused as u64, Ordering::SeqCst);
                Err(ExportError::partial(rejected, "refused").delivered(arrived))
            }
            17..=18 => {
                let arrived = rng.usize(0..=count);
                taken.deliver(batch, arrived);
                taken.lost.fetch_add((count - arrived) as u64, Ordering::SeqCst);
                Err(ExportError::permanent("malformed").delivered(arrived))
            }
            _ => {
                taken.lost.fetch_add(count as u64, Ordering::SeqCst);
                resume_unwind(Box::new("told to"))
            }
        }
    })
}

/// A way for things to go.
#[derive(Debug)]
struct Scenario {
    threads: u64,
    each: u64,
    capacity: usize,
    /// Stops when so many events were offered; otherwise when all were.
    stops_at: Option<u64>,
    flushes: bool,
    /// The exporter comes to its senses before the end.
    recovers: bool,
    timeout: Duration,
}

impl Scenario {
    fn roll(rng: &mut Rng) -> Self {
        let (threads, each) = (rng.u64(1..=8), rng.u64(0..400));
        Self {
            threads,
            each,
            capacity: [1, 4, 64, 500, 8_192][rng.usize(0..5)],
            stops_at: rng.bool().then(|| rng.u64(0..=threads * each)),
            flushes: rng.bool(),
            recovers: rng.bool(),
            // Hours on the pipeline's clock pass in no time; a second is where deadlines come in.
            timeout: if rng.bool() { 10_000 * LONG } else { Duration::from_secs(1) },
        }
    }

    fn queue(&self, rng: &mut Rng, queue: Queue) -> Queue {
        queue
            .capacity(self.capacity)
            .capacity_bytes([4 << 10, 64 << 10, 16 << 20][rng.usize(0..3)])
            .batch_events([1, 7, 512][rng.usize(0..3)])
            .batch_bytes([1 << 10, 3 << 20][rng.usize(0..2)])
            .batch_delay(Duration::from_millis(rng.u64(1..200)))
            .give_up_after(Duration::from_secs(rng.u64(0..20)))
            .overflow(match rng.u32(0..3) {
                0 => Overflow::DropNewest,
                1 => Overflow::DropOldest,
                _ => Overflow::BlockFor(Duration::from_micros(rng.u64(0..3_000))),
            })
    }

    /// Plays it until the pipeline has stopped and nobody records any more.
    fn play(&self, pipeline: &TestPipeline, clock: &TestClock, well: &AtomicBool) -> Shutdown {
        let (recording, over) = (AtomicU64::new(self.threads), AtomicBool::new(false));
        scope(|scope| {
            // Time passes, so that retries and deadlines come.
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    clock.advance(Duration::from_millis(20));
                    yield_now();
                }
            });
            for thread in 0..self.threads {
                let recording = &recording;
                scope.spawn(move || {
                    record_as(pipeline, thread, 0..self.each);
                    recording.fetch_sub(1, Ordering::SeqCst);
                });
            }
            if self.flushes {
                scope.spawn(|| {
                    while recording.load(Ordering::SeqCst) > 0 {
                        let _ = pipeline.flush(Duration::from_millis(500));
                    }
                });
            }
            wait_until(|| match self.stops_at {
                Some(events) => glance(pipeline).offered >= events,
                None => recording.load(Ordering::SeqCst) == 0,
            });
            well.store(self.recovers, Ordering::SeqCst);
            let end = pipeline.shutdown(self.timeout);
            wait_until(|| recording.load(Ordering::SeqCst) == 0);
            over.store(true, Ordering::SeqCst);
            end
        })
    }

    fn judge(&self, stats: &Stats, end: Shutdown, taken: &Taken) {
        let offered = self.threads * self.each;
        assert_eq!((stats.opened, stats.finished, stats.open), (offered, offered, 0));
        let ledger = &stats.destinations[0];
        let dropped = |reason| ledger.dropped.get(reason);
        assert!(ledger.is_balanced(), "{ledger}");
        assert_eq!(ledger.offered, offered, "{ledger}");
        assert_eq!(ledger.delivered, taken.delivered.load(Ordering::SeqCst), "{ledger}");
        assert_eq!(ledger.delivered, taken.ids.lock().unwrap().len() as u64, "{ledger}");
        assert_eq!(ledger.rejected, taken.rejected.load(Ordering::SeqCst), "{ledger}");
        let lost = dropped(DropReason::NonRetryable) + dropped(DropReason::ExporterPanic);
        assert_eq!(lost, taken.lost.load(Ordering::SeqCst), "{ledger}");
        assert!(end.delivered <= ledger.delivered, "{end:?} {ledger}");
        // Room that other threads have leased is found but for a narrow race.
        if self.threads == 1 && offered <= self.capacity as u64 {
            assert_eq!(dropped(DropReason::QueueFull), 0, "{ledger}");
        }
        if self.stops_at.is_none() {
            assert_eq!(dropped(DropReason::AlreadyShutdown), 0, "{ledger}");
        }
    }
}

fn scenario(rng: &mut Rng) {
    let (taken, well) = (Arc::new(Taken::default()), Arc::new(AtomicBool::new(false)));
    let scenario = Scenario::roll(rng);
    let queue = moody(rng.fork(), Arc::clone(&taken), Arc::clone(&well));
    let clock = TestClock::new();
    let pipeline = start_at(&clock, scenario.queue(rng, queue));
    let end = scenario.play(&pipeline, &clock, &well);
    // A worker that was late for its deadline has the last word.
    wait_until(|| {
        let to = &glance(&pipeline);
        to.queued + to.in_flight == 0
    });
    scenario.judge(&pipeline.stats(), end, &taken);
}
