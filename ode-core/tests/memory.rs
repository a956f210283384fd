//! Memory stays bounded under overload (T4) and under huge values (T5), by a counting allocator.
//! Alone in its binary, so that nothing else allocates meanwhile.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod checkout;
mod counting;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::yield_now;
use std::time::Duration;

use checkout::{cart, checkout, checkout_with_child};
use counting::{Counting, forget_peak, live, peak};
use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{
    Batch, DiagnosticKind, DropReason, ExportError, Exporter, PipelineBuilder, Process, UnitName,
    Value, WideEvent,
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LONG: Duration = Duration::from_secs(30);
const MIB: i64 = 1 << 20;

/// Takes a batch when it is let through, and looks at every text in it.
#[derive(Clone, Default)]
struct Gated {
    open: Arc<AtomicBool>,
    taken: Arc<AtomicU64>,
    longest: Arc<AtomicU64>,
}

impl Exporter for Gated {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        while !self.open.load(Ordering::SeqCst) {
            yield_now();
        }
        for event in batch.events() {
            if let Some(Value::Str(text)) = event.get("huge") {
                assert!(text.chars().all(|character| "é€𝄞".contains(character)), "cut within one");
                self.longest.fetch_max(text.len() as u64, Ordering::SeqCst);
            }
        }
        self.taken.fetch_add(batch.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

fn builder(exporter: &Gated) -> PipelineBuilder {
    PipelineBuilder::new(Process::new("test")).export_to(exporter.clone()).on_diagnostic(|_| ())
}

/// One test: the memory is the process's.
#[test]
fn memory_is_bounded() {
    under_overload();
    under_overload_by_many_threads();
    under_huge_values();
    under_many_keys();
    under_many_names();
}

/// T4: a producer that nothing holds back, an exporter that stands still.
fn under_overload() {
    const EVENTS: u64 = 200_000;
    let exporter = Gated::default();
    let said = Arc::new(Mutex::new(Vec::with_capacity(64)));
    let heard = Arc::clone(&said);
    let clock = TestClock::new();
    let cart = cart();
    let before = live();
    forget_peak();
    let builder =
        builder(&exporter).on_diagnostic(move |message| heard.lock().unwrap().push(message.kind()));
    let pipeline = TestPipeline::start_with_clock(builder, &clock).unwrap();
    pipeline.run(|| (0..EVENTS).for_each(|_| checkout(&cart)));
    let growth = peak() - before;
    assert!(growth <= 24 * MIB, "{} MiB", growth / MIB);

    let full = pipeline.stats();
    assert_eq!(full.destinations[0].dropped.get(DropReason::QueueFull), EVENTS - 8_192, "{full}");
    exporter.open.store(true, Ordering::SeqCst);
    assert!(pipeline.flush(LONG).is_complete());
    let stats = pipeline.stats();
    assert!(stats.is_balanced(), "{stats}");
    assert_eq!(exporter.taken.load(Ordering::SeqCst), 8_192);
    assert_eq!(stats.destinations[0].delivered, 8_192);

    // It was said, with the count, and once.
    let first = DiagnosticKind::Dropped { reason: DropReason::QueueFull, events: EVENTS - 8_192 };
    assert_eq!(*said.lock().unwrap(), [first]);

    // It is over, and nothing of it stays.
    for _ in 0..100 {
        pipeline.run(|| (0..1_000).for_each(|_| checkout(&cart)));
        assert!(pipeline.flush(LONG).is_complete());
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(pipeline.stats().dropped(), EVENTS - 8_192);
    assert_eq!(*said.lock().unwrap(), [first]);
    let end = pipeline.shutdown(LONG);
    assert_eq!((end.delivered, end.undelivered), (8_192 + 100_000, 0));
}

fn under_overload_by_many_threads() {
    const EACH: u64 = 25_000;
    let exporter = Gated::default();
    let before = live();
    forget_peak();
    let pipeline = TestPipeline::start(builder(&exporter)).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let cart = cart();
                pipeline.run(|| (0..EACH / 2).for_each(|_| checkout_with_child(&cart)));
            });
        }
    });
    let growth = peak() - before;
    assert!(growth <= 24 * MIB, "{} MiB", growth / MIB);
    exporter.open.store(true, Ordering::SeqCst);
    assert!(pipeline.flush(LONG).is_complete());
    let to = &pipeline.stats().destinations[0];
    assert_eq!(to.offered, 8 * EACH);
    assert_eq!(to.delivered, exporter.taken.load(Ordering::SeqCst));
    assert_eq!(to.dropped.get(DropReason::QueueFull), to.offered - to.delivered, "{to}");
    // What a thread has leased and not used when the last of them ends is all that may be missing.
    assert!((8_192 - 8 * 64..=8_192).contains(&to.delivered), "{to}");
}

/// T5: text of a MiB, cut at a character, and as many of them as would be 2 GiB.
fn under_huge_values() {
    const EVENTS: u64 = 2_048;
    for character in ["é", "€", "𝄞"] {
        let text = character.repeat((1 << 20) / character.len());
        let exporter = Gated::default();
        let before = live();
        forget_peak();
        let pipeline = TestPipeline::start(builder(&exporter)).unwrap();
        pipeline.run(|| {
            for _ in 0..EVENTS {
                WideEvent::builder("huge").run(|| ode_core::set! { huge = text });
            }
        });
        exporter.open.store(true, Ordering::SeqCst);
        assert!(pipeline.flush(LONG).is_complete());
        let growth = peak() - before;
        assert!(growth <= 24 * MIB, "{} MiB", growth / MIB);

        let to = pipeline.stats().destinations.remove(0);
        assert!(to.is_balanced(), "{to}");
        assert_eq!(to.offered, EVENTS);
        assert_eq!(to.delivered, exporter.taken.load(Ordering::SeqCst));
        assert_eq!(to.delivered + to.dropped.get(DropReason::QueueBytes), EVENTS, "{to}");
        // 16 MiB of 64 KiB each, less what the rest of a record takes.
        assert!((240..256).contains(&to.delivered), "{to}");
        let longest = exporter.longest.load(Ordering::SeqCst);
        assert!((65_533..=65_536).contains(&longest), "{longest}");
    }
}

/// Adds up what the events say they have dropped.
#[derive(Clone, Default)]
struct Summed(Arc<AtomicU64>);

impl Exporter for Summed {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        for event in batch.events() {
            assert_eq!(event.fields().count(), 4_096 + 1, "and the count");
            let Some(Value::U64(dropped)) = event.get("ode.dropped_fields") else { continue };
            self.0.fetch_add(dropped, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// T23: 10,000 keys that nobody has used before in every event, a million of them in all.
fn under_many_keys() {
    const EVENTS: u64 = 100;
    const KEYS: u64 = 10_000;
    let summed = Summed::default();
    let builder = PipelineBuilder::new(Process::new("test")).export_to(summed.clone());
    let pipeline = TestPipeline::start(builder).unwrap();
    let record = |events: std::ops::Range<u64>| {
        pipeline.run(|| {
            for event in events {
                WideEvent::builder("keys").run(|| {
                    for key in event * KEYS..(event + 1) * KEYS {
                        ode_core::current().set(&format!("key_{key}"), key);
                    }
                });
            }
        });
        assert!(pipeline.flush(LONG).is_complete());
    };
    // What one event takes is kept for the next.
    record(0..10);
    let before = live();
    forget_peak();
    (10..EVENTS).for_each(|event| record(event..event + 1));
    let (growth, stays) = (peak() - before, live() - before);
    assert!(growth <= 8 * MIB, "{} KiB", growth >> 10);
    assert!(stays <= MIB, "{} KiB stay", stays >> 10);
    assert_eq!(summed.0.load(Ordering::SeqCst), EVENTS * (KEYS - 4_096));
    assert!(pipeline.stats().is_balanced());
}

/// Names of units that are made at run time: the table of them is bounded.
fn under_many_names() {
    let before = live();
    forget_peak();
    let mut known = 0;
    for n in 0..1_000_000_u64 {
        known += u64::from(UnitName::intern(&format!("name {n:0>100}")).as_str() != "__other__");
    }
    assert!((4_000..=4_096).contains(&known), "{known}");
    let growth = peak() - before;
    assert!(growth <= 8 * MIB, "{} KiB", growth >> 10);
}
