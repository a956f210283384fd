//! A destination in a model: the real intake and control, and a worker of a few lines.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use crate::event::finished::Head;
use crate::pipeline::control::Control;
use crate::pipeline::intake::Intake;
use crate::pipeline::queue::{Overflow, QueueSettings};
use crate::record::buffer::Buffer;
use crate::sync::{AtomicU64, Ordering};

/// Tries every order with so many switches at will.
pub(crate) fn check(switches: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(switches);
    builder.max_branches = 100_000;
    builder.check(model);
}

#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) intake: Intake,
    pub(crate) control: Control,
    pub(crate) delivered: AtomicU64,
    /// Not the model's: all of its threads are the same one of the system's.
    seen: std::sync::Mutex<Vec<u64>>,
}

impl Destination {
    pub(crate) fn new(capacity: usize, batch_events: usize, overflow: Overflow) -> Arc<Self> {
        let settings = QueueSettings {
            capacity,
            capacity_bytes: 1 << 20,
            batch_events,
            batch_bytes: 1 << 20,
            batch_delay: Duration::ZERO,
            overflow,
        };
        Arc::new(Self {
            intake: Intake::new(&settings),
            control: Control::default(),
            delivered: AtomicU64::new(0),
            seen: std::sync::Mutex::default(),
        })
    }

    pub(crate) fn record(&self, thread: usize, number: u64) {
        let head = Head { number, rest: [0; 3] };
        self.intake.offer(thread, &head, &Buffer, || self.control.wake());
    }

    /// Delivers what is there.
    pub(crate) fn deliver(&self) {
        self.intake.collect();
        while let Some(chunk) = self.intake.take(|_| ()) {
            let (events, bytes) = (chunk.len(), chunk.bytes());
            self.seen.lock().unwrap().extend(&chunk.numbers);
            self.delivered.fetch_add(events as u64, Ordering::Relaxed);
            self.intake.recycle(chunk);
            self.intake.release(events, bytes);
        }
    }

    /// The numbers that were delivered, each of which came once.
    pub(crate) fn seen(&self) -> Vec<u64> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort_unstable();
        assert!(seen.is_sorted_by(|before, after| before < after), "{seen:?}");
        seen
    }

    /// What a worker does, as far as flush and stop go.
    pub(crate) fn work(&self) {
        self.control.register(thread::current());
        loop {
            let orders = self.control.orders();
            if orders.flush.is_none() && !orders.woken {
                thread::park();
                continue;
            }
            self.deliver();
            if orders.stop {
                break;
            }
            if let Some(flush) = orders.flush {
                self.control.flushed(flush);
            }
        }
        self.control.stopped();
    }

    /// The ledger when nothing is on its way: how many were offered and how many dropped.
    pub(crate) fn at_rest(&self) -> (u64, u64) {
        let stats = self.intake.stats();
        let mut dropped = crate::pipeline::ledger::Dropped::default();
        self.intake.take_drops(&mut dropped);
        let delivered = self.delivered.load(Ordering::Relaxed);
        assert_eq!(stats.queued, 0);
        assert_eq!(stats.offered, delivered + dropped.total());
        (stats.offered, dropped.total())
    }
}
