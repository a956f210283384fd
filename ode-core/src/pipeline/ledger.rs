//! Exact counts: where every event went. Nothing is lost without a reason and a number.

use std::fmt;

use crate::fork;
use crate::sync::{AtomicU64, Ordering};

/// Why an event was dropped. A closed set in every release; it may grow in a later one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DropReason {
    /// The queue held as many events as it may.
    QueueFull,
    /// The queue held as many bytes as it may.
    QueueBytes,
    /// The event alone is larger than the queue.
    EventTooLarge,
    /// The exporter could not encode it.
    EncodeError,
    /// Recording it panicked inside ode.
    CapturePanic,
    /// It was recorded while ode was recording.
    Reentrant,
    /// The thread's storage was already gone.
    TlsGone,
    /// The process was forked from the one that owns the pipeline, and has none of its threads.
    ForkChild,
    /// It finished after `shutdown`.
    AlreadyShutdown,
    /// The exporter failed in a way that a retry cannot help.
    NonRetryable,
    /// The exporter went on failing.
    RetriesExhausted,
    /// It was still undelivered when the shutdown deadline passed.
    Deadline,
    /// One request would have been larger than the receiver takes.
    RequestTooLarge,
    /// The exporter panicked on its batch.
    ExporterPanic,
    /// The spool was full.
    SpoolFull,
    /// The spool could not be written.
    SpoolIo,
    /// The spool was damaged.
    SpoolCorrupt,
    /// It was too old when the spool was read.
    SpoolExpired,
    /// Nothing was set up.
    NotInitialised,
    /// Set-up had failed.
    InitFailed,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 20] = [
        Self::QueueFull,
        Self::QueueBytes,
        Self::EventTooLarge,
        Self::EncodeError,
        Self::CapturePanic,
        Self::Reentrant,
        Self::TlsGone,
        Self::ForkChild,
        Self::AlreadyShutdown,
        Self::NonRetryable,
        Self::RetriesExhausted,
        Self::Deadline,
        Self::RequestTooLarge,
        Self::ExporterPanic,
        Self::SpoolFull,
        Self::SpoolIo,
        Self::SpoolCorrupt,
        Self::SpoolExpired,
        Self::NotInitialised,
        Self::InitFailed,
    ];

    /// The name in reports: `queue_full`, `exporter_panic`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::QueueBytes => "queue_bytes",
            Self::EventTooLarge => "event_too_large",
            Self::EncodeError => "encode_error",
            Self::CapturePanic => "capture_panic",
            Self::Reentrant => "reentrant",
            Self::TlsGone => "tls_gone",
            Self::ForkChild => "fork_child",
            Self::AlreadyShutdown => "already_shutdown",
            Self::NonRetryable => "non_retryable",
            Self::RetriesExhausted => "retries_exhausted",
            Self::Deadline => "deadline",
            Self::RequestTooLarge => "request_too_large",
            Self::ExporterPanic => "exporter_panic",
            Self::SpoolFull => "spool_full",
            Self::SpoolIo => "spool_io",
            Self::SpoolCorrupt => "spool_corrupt",
            Self::SpoolExpired => "spool_expired",
            Self::NotInitialised => "not_initialised",
            Self::InitFailed => "init_failed",
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Dropped events by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    counts: [u64; DropReason::ALL.len()],
}

impl Dropped {
    /// How many were dropped for this reason.
    pub fn get(&self, reason: DropReason) -> u64 {
        self.counts.get(reason as usize).copied().unwrap_or(0)
    }

    /// How many were dropped in all.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The reasons that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (DropReason, u64)> {
        DropReason::ALL.into_iter().zip(self.counts).filter(|(_, count)| *count > 0)
    }

    fn add(&mut self, reason: DropReason, events: u64) {
        if let Some(count) = self.counts.get_mut(reason as usize) {
            *count += events;
        }
    }
}

/// The side of the ledger that the worker writes.
#[derive(Debug, Default)]
pub(crate) struct WorkerLedger {
    pub(crate) delivered: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) dropped: DropCounters,
}

/// Dropped events by reason, counted from any thread.
#[derive(Debug, Default)]
pub(crate) struct DropCounters {
    counts: [AtomicU64; DropReason::ALL.len()],
}

impl DropCounters {
    pub(crate) fn add(&self, reason: DropReason, events: u64) {
        if let Some(count) = self.counts.get(reason as usize) {
            count.fetch_add(events, Ordering::Relaxed);
        }
    }

    /// Adds what was counted here.
    pub(crate) fn add_to(&self, sum: &mut Dropped) {
        for (reason, count) in DropReason::ALL.into_iter().zip(&self.counts) {
            sum.add(reason, count.load(Ordering::Relaxed));
        }
    }
}

/// The ledger of one destination. At every quiescent point
/// `offered = delivered + sampled_out + rejected + dropped + queued + in_flight + spooled`.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationStats {
    /// The exporter's name.
    pub name: String,
    /// Events that reached the destination's queue, kept or not.
    pub offered: u64,
    /// Events the exporter delivered.
    pub delivered: u64,
    /// Events the sampler left out.
    pub sampled_out: u64,
    /// Events the receiver refused.
    pub rejected: u64,
    /// Events dropped, by reason.
    pub dropped: Dropped,
    /// Events in the queue.
    pub queued: u64,
    /// Events in the batch that is being exported.
    pub in_flight: u64,
    /// Events in the spool.
    pub spooled: u64,
}

impl DestinationStats {
    /// That of a child made by `fork`, which delivers nothing.
    pub(crate) fn of_child(name: &str) -> Self {
        let mut dropped = Dropped::default();
        let offered = fork::refused();
        dropped.add(DropReason::ForkChild, offered);
        Self { name: name.to_owned(), offered, dropped, ..Self::default() }
    }

    /// Whether the ledger balances; it does at every quiescent point.
    pub fn is_balanced(&self) -> bool {
        let Self {
            name: _,
            offered,
            delivered,
            sampled_out,
            rejected,
            dropped,
            queued,
            in_flight,
            spooled,
        } = self;
        *offered
            == delivered + sampled_out + rejected + dropped.total() + queued + in_flight + spooled
    }
}

impl fmt::Display for DestinationStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            offered,
            delivered,
            sampled_out,
            rejected,
            dropped,
            queued,
            in_flight,
            spooled,
        } = self;
        write!(f, "{name}: {offered} offered, {delivered} delivered")?;
        for (count, what) in [
            (sampled_out, "sampled out"),
            (rejected, "rejected"),
            (queued, "queued"),
            (in_flight, "in flight"),
            (spooled, "spooled"),
        ] {
            if *count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        for (reason, count) in dropped.iter() {
            write!(f, ", {count} dropped ({reason})")?;
        }
        Ok(())
    }
}

/// Where everything is: `opened = finished + open`, and one ledger per destination.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Units of work that were opened.
    pub opened: u64,
    /// Units of work that finished.
    pub finished: u64,
    /// Units of work that are open.
    pub open: u64,
    /// Writes that came after their unit had ended.
    pub late_writes: u64,
    /// Writes that found no unit.
    pub orphan_writes: u64,
    /// The destinations, in the order they were set up.
    pub destinations: Vec<DestinationStats>,
}

impl Stats {
    /// Whether every ledger balances.
    pub fn is_balanced(&self) -> bool {
        self.opened == self.finished + self.open
            && self.destinations.iter().all(DestinationStats::is_balanced)
    }

    /// Events dropped by any destination.
    pub fn dropped(&self) -> u64 {
        self.destinations.iter().map(|destination| destination.dropped.total()).sum()
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { opened, finished, open, late_writes, orphan_writes, destinations } = self;
        write!(f, "{opened} units opened, {finished} finished, {open} open")?;
        if *late_writes + *orphan_writes > 0 {
            write!(f, "; {late_writes} late writes, {orphan_writes} writes without a unit")?;
        }
        for destination in destinations {
            write!(f, "; {destination}")?;
        }
        Ok(())
    }
}
