//! The end of the process: [`Guard`], [`flush`] and [`stats`].

use std::fmt;
use std::time::Duration;

use crate::context::cells;
use crate::pipeline::diagnostics::{Diagnostic, DiagnosticKind, tell};
use crate::pipeline::engine::{GLOBAL, Pipeline};
use crate::pipeline::ledger::{DropReason, Stats};
use crate::pipeline::lifecycle;

/// Keeps ode's events flowing to the end of `main`.
///
/// It belongs to the process that set ode up. A child made by `fork` has none of ode's threads: what it
/// records is dropped and counted as `fork_child`, and flush, shutdown and the guard's end return at
/// once. A program that forks to work in its children sets ode up in each of them, after the fork.
///
/// Dropping it flushes within a deadline (5 seconds unless set) and does not stop ode;
/// [`Guard::shutdown`] does.
#[must_use = "events of the last moments are lost unless this lives to the end of `main`: `let _ode = ode::init(..)?;`"]
pub struct Guard {
    /// `None` once it is stopped, or where ode is switched off.
    pub(crate) pipeline: Option<&'static Pipeline>,
    pub(crate) flush_timeout: Duration,
}

/// What a [`flush`] achieved.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Events delivered since the start, summed over destinations.
    pub delivered: u64,
    /// Events still queued or being exported when the time was up. 0: everything that was recorded
    /// before the call is delivered, or counted with its reason.
    pub undelivered: u64,
}

/// What a [`Guard::shutdown`] achieved.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// Events delivered since the start, summed over destinations.
    pub delivered: u64,
    /// Events that were accepted and could not be delivered before the deadline.
    pub undelivered: u64,
    /// Events that are in a spool, for the next start.
    pub spooled: u64,
    /// Units of work that were still open; they leave no event.
    pub open_units: u64,
}

impl Shutdown {
    pub(crate) fn of(stats: &Stats) -> Self {
        let mut shutdown = Self { open_units: stats.open, ..Self::default() };
        for destination in &stats.destinations {
            shutdown.delivered += destination.delivered;
            shutdown.spooled += destination.spooled;
            shutdown.undelivered += destination.queued
                + destination.in_flight
                + destination.dropped.get(DropReason::Deadline);
        }
        shutdown
    }
}

impl Flushed {
    pub(crate) fn of(stats: &Stats) -> Self {
        let sum = Shutdown::of(stats);
        let undelivered = stats
            .destinations
            .iter()
            .map(|destination| destination.queued + destination.in_flight)
            .sum();
        Self { delivered: sum.delivered, undelivered }
    }

    /// Whether nothing was left when the time was up.
    pub fn is_complete(&self) -> bool {
        self.undelivered == 0
    }
}

impl Guard {
    /// Stops ode: refuses new events, delivers what it has within `timeout`, ends its threads.
    ///
    /// Bounded, and safe from any context: with or without a runtime, in a task, in a drop. Units
    /// that are still open are counted; their events are refused from now on and counted as
    /// `already_shutdown`.
    pub fn shutdown(mut self, timeout: Duration) -> Shutdown {
        let Some(pipeline) = self.pipeline.take() else {
            return Shutdown::default();
        };
        cells::with_own(|own| {
            lifecycle::stop(pipeline, own, || pipeline.stats(&cells::sum()), timeout);
        });
        let stats = pipeline.stats(&cells::sum());
        if !pipeline.is_left_behind() {
            report_losses(pipeline, &stats);
        }
        Shutdown::of(&stats)
    }

    /// The guard of a process in which ode is switched off.
    #[doc(hidden)]
    pub fn inert() -> Self {
        Self { pipeline: None, flush_timeout: Duration::ZERO }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(pipeline) = self.pipeline {
            // A child that ends has nothing to deliver and nothing to report.
            if pipeline.is_left_behind() {
                return;
            }
            pipeline.flush_at_end(self.flush_timeout);
            report_losses(pipeline, &pipeline.stats(&cells::sum()));
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

/// Says once, at the end, what was lost; says nothing when nothing was.
fn report_losses(pipeline: &Pipeline, stats: &Stats) {
    let undelivered = Flushed::of(stats).undelivered;
    if stats.dropped() + undelivered > 0 {
        let text = format!("events were lost or left behind: {stats}");
        let kind = DiagnosticKind::Summary;
        tell(&pipeline.observer, &Diagnostic { destination: None, kind, text });
    }
}

/// Delivers everything recorded so far, and waits for that at most `timeout`.
///
/// Safe from any context; blocks the calling thread. Without set-up there is nothing to do.
///
/// ```
/// use std::time::Duration;
/// // Before a process that does not return from `main`:
/// if !ode_core::flush(Duration::from_secs(2)).is_complete() {
///     eprintln!("some events were not delivered: {}", ode_core::stats());
/// }
/// ```
pub fn flush(timeout: Duration) -> Flushed {
    let Some(pipeline) = GLOBAL.get() else {
        return Flushed::default();
    };
    pipeline.flush(timeout);
    Flushed::of(&pipeline.stats(&cells::sum()))
}

/// The ledger: how many units there were, and where every event went.
///
/// ```
/// let stats = ode_core::stats();
/// assert_eq!(stats.opened, stats.finished + stats.open);
/// for destination in &stats.destinations {
///     println!("{}: {} dropped", destination.name, destination.dropped.total());
/// }
/// ```
pub fn stats() -> Stats {
    let counts = cells::sum();
    match GLOBAL.get() {
        Some(pipeline) => pipeline.stats(&counts),
        None => Stats {
            late_writes: counts.late.into_inner(),
            orphan_writes: counts.orphan.into_inner(),
            ..Stats::default()
        },
    }
}
