//! The thread of one destination: collect, export, wait. What comes next is decided by a pure
//! function, [`next`](crate::pipeline::next::next).

use std::error::Error;
use std::time::Duration;

use crate::clock::Clock;
use crate::event::value::saturating_nanos;
use crate::export::{Batch, ExportError, Exporter, Kind};
use crate::pipeline::backoff::backoff;
use crate::pipeline::chunk::{Chunk, Room};
use crate::pipeline::control::Orders;
use crate::pipeline::destination::Destination;
use crate::pipeline::diagnostics::{Diagnostic, DiagnosticKind, Limiter, Observer, tell};
use crate::pipeline::ledger::{DropReason, Dropped};
use crate::pipeline::next::{Coverage, Mark, Next, Situation, next};
use crate::process::Process;
use crate::record::format::caught;
use crate::record::resolve::Resolver;
use crate::redact::Redaction;
use crate::redact::apply::Redactor;
use crate::sync::{Arc, Ordering, thread};

/// Idle workers look this often.
const IDLE: Duration = Duration::from_millis(100);
/// Panics in a row that are taken in stride.
const FREE_PANICS: u32 = 3;

pub(crate) struct Worker {
    pub(crate) destination: Arc<Destination>,
    pub(crate) exporter: Box<dyn Exporter>,
    pub(crate) clock: Clock,
    pub(crate) observer: Observer,
    batch: Batch,
    /// What the batch took in the queue, to be given back when it is settled.
    batch_events: usize,
    batch_bytes: usize,
    chunks: Vec<Chunk>,
    resolver: Resolver,
    redactor: Redactor,
    retry: Retry,
    next_collect: u64,
    limits: Limits,
    reported: Dropped,
}

#[derive(Debug, Default)]
struct Retry {
    /// No attempt before this.
    at: u64,
    /// When the batch was first tried.
    since: Option<u64>,
    failures: u32,
    panics: u32,
}

#[derive(Debug, Default)]
struct Limits {
    dropped: Limiter,
    failed: Limiter,
    panicked: Limiter,
}

impl Worker {
    pub(crate) fn new(
        destination: Arc<Destination>,
        exporter: Box<dyn Exporter>,
        clock: Clock,
        observer: Observer,
        process: Arc<Process>,
        redaction: Arc<Redaction>,
    ) -> Self {
        let batch = Batch { events: Vec::new(), first: 0, length: 0, process };
        Self {
            destination,
            exporter,
            clock,
            observer,
            batch,
            batch_events: 0,
            batch_bytes: 0,
            chunks: Vec::new(),
            resolver: Resolver::default(),
            redactor: Redactor::new(redaction),
            retry: Retry::default(),
            next_collect: 0,
            limits: Limits::default(),
            reported: Dropped::default(),
        }
    }

    /// The thread's body: a panic of ode's own is survived like one of the exporter's.
    pub(crate) fn run(mut self) {
        self.destination.control.register(thread::current());
        while caught(|| self.rounds()).is_none() {
            let seen = self.clock.now();
            self.abandon_batch();
            self.clock.park(seen, Some(IDLE));
        }
        self.destination.control.stopped();
    }

    fn rounds(&mut self) {
        let mut orders = self.destination.control.orders();
        let mut mark = Mark { flush: None, pushed: 0 };
        loop {
            let progress = self.destination.intake.progress();
            // The pause after a row of panics is not worth missing a flush for.
            let urgent = orders.flush.is_some() || orders.stop;
            let paused = !urgent || self.retry.since.is_some();
            let situation = Situation {
                now: self.clock.now(),
                orders,
                has_batch: !self.batch.is_empty(),
                retry_at: if paused { self.retry.at } else { 0 },
                next_collect: self.next_collect,
                has_backlog: progress.taken < progress.pushed,
                coverage: mark.coverage(orders.flush, progress.taken),
            };
            match next(&situation) {
                Next::Collect => {
                    orders.woken = false;
                    let pushed = self.collect(situation.now);
                    // What is collected later does not matter to a flush already under way.
                    if mark.flush != orders.flush {
                        mark = Mark { flush: orders.flush, pushed };
                    }
                }
                Next::Fill => {
                    self.fill();
                }
                Next::Export => {
                    self.attempt();
                    self.report_drops(situation.now);
                    // Under overload it never waits, and must hear of a flush all the same.
                    orders = self.destination.control.orders().after(&orders);
                }
                Next::Wait(until) => {
                    self.report_drops(situation.now);
                    let wait = Duration::from_nanos(until.saturating_sub(situation.now));
                    self.clock.park(situation.now, Some(wait));
                    orders = self.destination.control.orders().after(&orders);
                }
                Next::Answer(flush) => {
                    self.flush_exporter(situation.now, orders.deadline);
                    self.report_drops(situation.now);
                    self.destination.control.flushed(flush);
                    orders = self.destination.control.orders().after(&orders);
                }
                Next::Stop => return self.stop(situation.now, orders.deadline),
            }
        }
    }

    /// Collects what the threads have packed; says how many chunks were ever handed over.
    fn collect(&mut self, now: u64) -> u64 {
        self.destination.intake.collect();
        let pushed = self.destination.intake.progress().pushed;
        let found = self.fill();
        let delay = self.destination.settings.batch_delay;
        let wait = if found { delay } else { delay.max(IDLE) };
        self.next_collect = now.saturating_add(saturating_nanos(wait));
        pushed
    }

    /// Makes a batch of the oldest chunks; `false` if there are none.
    fn fill(&mut self) -> bool {
        let Self { destination, batch, batch_events, batch_bytes, chunks, .. } = self;
        let Self { resolver, redactor, .. } = self;
        let Destination { settings, intake, ledger, .. } = &**destination;
        let mut room = Room {
            events: 0,
            bytes: 0,
            max_events: settings.batch_events,
            max_bytes: settings.batch_bytes,
        };
        let count = |chunk: &Chunk| {
            ledger.in_flight.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        };
        while let Some(chunk) = intake.take(count) {
            // In its place before anything is done with it: a panic does not lose it.
            *batch_events += chunk.len();
            *batch_bytes += chunk.bytes();
            chunks.push(chunk);
            if let Some(chunk) = chunks.last_mut() {
                let Batch { events, process, .. } = &mut *batch;
                chunk.unpack(resolver, events, &mut room, |event, sequence| {
                    if !Arc::ptr_eq(&event.process, process) {
                        event.process = Arc::clone(process);
                    }
                    redactor.apply(event, sequence);
                });
            }
            if let Some(rest) = chunks.pop_if(|chunk| !chunk.is_empty()) {
                let left = rest.len();
                *batch_events -= left;
                *batch_bytes -= rest.bytes();
                intake.put_back(rest);
                ledger.in_flight.fetch_sub(left as u64, Ordering::Relaxed);
                break;
            }
        }
        let events = room.events;
        (self.batch.first, self.batch.length) = (0, events);
        self.retry = Retry { panics: self.retry.panics, at: self.retry.at, ..Retry::default() };
        events > 0
    }

    /// Exports the batch once and settles what became of it.
    fn attempt(&mut self) {
        let Self { exporter, batch, .. } = self;
        match caught(|| exporter.export(batch)) {
            Some(Ok(())) => {
                self.retry = Retry::default();
                self.deliver(self.batch.len());
                self.release();
            }
            Some(Err(error)) => {
                self.retry.panics = 0;
                self.settle(&error);
                // The cause is the exporter's own type.
                caught(|| drop(error));
            }
            None => self.panicked(),
        }
    }

    fn settle(&mut self, error: &ExportError) {
        let now = self.clock.now();
        self.deliver(error.delivered_events().min(self.batch.len()));
        self.reject(error.rejected_events().min(self.batch.len()));
        if let Some((reason, events)) = error.dropped_events() {
            self.drop_events(reason, events.min(self.batch.len()));
        }
        match error.kind() {
            Kind::Partial => {
                self.deliver(self.batch.len());
                self.release();
            }
            Kind::Permanent => self.finish_batch(DropReason::NonRetryable),
            Kind::Retryable { after } => self.retry_later(now, after),
        }
        if self.limits.failed.allows(now) {
            self.tell(DiagnosticKind::ExportFailed, with_causes(error));
        }
    }

    fn retry_later(&mut self, now: u64, after: Option<Duration>) {
        if self.batch.is_empty() {
            self.release();
            return;
        }
        let since = *self.retry.since.get_or_insert(now);
        let patience = saturating_nanos(self.destination.settings.give_up_after);
        if now.saturating_sub(since) >= patience {
            self.finish_batch(DropReason::RetriesExhausted);
            return;
        }
        let wait = backoff(self.retry.failures, fastrand::f64()).max(after.unwrap_or_default());
        self.retry.failures = self.retry.failures.saturating_add(1);
        self.retry.at = now.saturating_add(saturating_nanos(wait));
    }

    fn panicked(&mut self) {
        let now = self.clock.now();
        let panics = self.retry.panics.saturating_add(1);
        self.finish_batch(DropReason::ExporterPanic);
        self.retry = Retry { panics, ..Retry::default() };
        if panics > FREE_PANICS {
            let wait = backoff(panics - FREE_PANICS, fastrand::f64());
            self.retry.at = now.saturating_add(saturating_nanos(wait));
        }
        if self.limits.panicked.allows(now) {
            let text = "the exporter panicked; its batch is lost, the next one is tried";
            self.tell(DiagnosticKind::ExporterPanicked, text.to_owned());
        }
    }

    fn deliver(&mut self, events: usize) {
        self.destination.ledger.delivered.fetch_add(events as u64, Ordering::Relaxed);
        self.settle_events(events);
    }

    fn reject(&mut self, events: usize) {
        self.destination.ledger.rejected.fetch_add(events as u64, Ordering::Relaxed);
        self.settle_events(events);
    }

    fn drop_events(&mut self, reason: DropReason, events: usize) {
        self.destination.ledger.dropped.add(reason, events as u64);
        self.settle_events(events);
    }

    /// Takes the first events out of the batch, after they were counted.
    fn settle_events(&mut self, events: usize) {
        self.batch.first += events;
        self.destination.ledger.in_flight.fetch_sub(events as u64, Ordering::Relaxed);
    }

    /// Drops what is left of the batch, for this reason.
    fn finish_batch(&mut self, reason: DropReason) {
        self.drop_events(reason, self.batch.len());
        self.release();
    }

    /// Drops what is left of a batch that ode itself failed with, in whatever state it is.
    fn abandon_batch(&mut self) {
        let left = self.destination.ledger.in_flight.swap(0, Ordering::Relaxed);
        self.destination.ledger.dropped.add(DropReason::ExporterPanic, left);
        self.release();
    }

    /// Gives the memory and the capacity of a settled batch back.
    fn release(&mut self) {
        (self.batch.first, self.batch.length) = (0, 0);
        self.retry = Retry { panics: self.retry.panics, ..Retry::default() };
        for chunk in self.chunks.drain(..) {
            self.destination.intake.recycle(chunk);
        }
        let (events, bytes) =
            (std::mem::take(&mut self.batch_events), std::mem::take(&mut self.batch_bytes));
        self.destination.intake.release(events, bytes);
        // A batch of giants must not stay in memory for ever.
        if bytes > self.destination.settings.batch_bytes / 2 {
            self.batch.events = Vec::new();
        }
    }

    fn flush_exporter(&mut self, now: u64, deadline: u64) {
        let left = Duration::from_nanos(deadline.saturating_sub(now));
        let exporter = &mut self.exporter;
        match caught(|| exporter.flush(left)) {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                if self.limits.failed.allows(now) {
                    let text = format!("flush failed: {}", with_causes(&error));
                    self.tell(DiagnosticKind::ExportFailed, text);
                }
            }
            None => {
                if self.limits.panicked.allows(now) {
                    let text = "the exporter panicked while flushing".to_owned();
                    self.tell(DiagnosticKind::ExporterPanicked, text);
                }
            }
        }
    }

    /// The end: what could not be delivered in time is dropped, and counted so.
    fn stop(&mut self, now: u64, deadline: u64) {
        self.finish_batch(DropReason::Deadline);
        self.destination.intake.drop_all();
        self.flush_exporter(now, deadline);
        self.report_drops(now);
    }

    /// Says what was dropped since the last time, at most once in ten seconds.
    fn report_drops(&mut self, now: u64) {
        if !self.limits.dropped.is_due(now) {
            return;
        }
        let dropped = self.destination.take_drops();
        if dropped == self.reported {
            return;
        }
        self.limits.dropped.allows(now);
        for (reason, total) in dropped.iter() {
            let events = total - self.reported.get(reason);
            if events > 0 {
                let text = format!("{events} events dropped ({reason}), {total} since the start");
                self.tell(DiagnosticKind::Dropped { reason, events }, text);
            }
        }
        self.reported = dropped;
    }

    fn tell(&self, kind: DiagnosticKind, text: String) {
        let destination = Some(self.destination.settings.name.clone());
        tell(&self.observer, &Diagnostic { destination, kind, text });
    }
}

impl Mark {
    fn coverage(&self, flush: Option<u64>, taken: u64) -> Coverage {
        match (self.flush == flush, taken >= self.pushed) {
            (false, _) => Coverage::Unknown,
            (true, false) => Coverage::Waiting,
            (true, true) => Coverage::Taken,
        }
    }
}

impl Orders {
    /// A wake that was not acted upon is not forgotten.
    fn after(self, earlier: &Self) -> Self {
        Self { woken: self.woken || earlier.woken, ..self }
    }
}

/// An error and what caused it, outermost first. The causes are the exporter's own types.
fn with_causes(error: &ExportError) -> String {
    let causes = || {
        let mut text = error.to_string();
        let mut cause = error.source();
        for _ in 0..MAX_CAUSES {
            let Some(found) = cause else { break };
            text = format!("{text}: {found}");
            cause = found.source();
        }
        text
    };
    caught(causes).unwrap_or_else(|| format!("{error}: its description panicked"))
}

const MAX_CAUSES: usize = 16;
