//! Exact counts: what became of every trial of an experiment.

use std::fmt;

/// Why the other side of a trial did not run, or did not count. A closed set in every release; it
/// may grow in a later one.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum NotRunCause {
    /// The sample left it out.
    NotSampled,
    /// The trial said so, by `enabled_if`.
    Disabled,
    /// As many ran and waited as may.
    BulkheadFull,
    /// It was not done at the deadline.
    Deadline,
    /// The breaker is open.
    BreakerOpen,
    /// It panicked.
    Panicked,
    /// Another closure of the trial panicked: `clone` of the input or a side, `clean`, `same`,
    /// `ignore`.
    HookPanicked,
    /// An answer could not be serialised, or is too large to be looked into.
    NotComparable,
    /// The side that answers panicked, or its future was dropped: there is nothing to compare with.
    NoAnswer,
    /// An async side, and no runtime that would run it.
    NoRuntime,
    /// The system refused a thread.
    NoThread,
    /// The change was killed while it waited.
    Killed,
    /// ode, or the runtime it ran on, was shut down.
    Shutdown,
}

impl NotRunCause {
    /// Every cause.
    pub const ALL: [Self; 13] = [
        Self::NotSampled,
        Self::Disabled,
        Self::BulkheadFull,
        Self::Deadline,
        Self::BreakerOpen,
        Self::Panicked,
        Self::HookPanicked,
        Self::NotComparable,
        Self::NoAnswer,
        Self::NoRuntime,
        Self::NoThread,
        Self::Killed,
        Self::Shutdown,
    ];

    /// The name in reports: `not_sampled`, `bulkhead_full`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSampled => "not_sampled",
            Self::Disabled => "disabled",
            Self::BulkheadFull => "bulkhead_full",
            Self::Deadline => "deadline",
            Self::BreakerOpen => "breaker_open",
            Self::Panicked => "panicked",
            Self::HookPanicked => "hook_panicked",
            Self::NotComparable => "not_comparable",
            Self::NoAnswer => "no_answer",
            Self::NoRuntime => "no_runtime",
            Self::NoThread => "no_thread",
            Self::Killed => "killed",
            Self::Shutdown => "shutdown",
        }
    }
}

impl fmt::Display for NotRunCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Trials whose other side did not run or did not count, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotRun {
    counts: [u64; NotRunCause::ALL.len()],
}

impl NotRun {
    /// How many by this cause.
    pub fn get(&self, cause: NotRunCause) -> u64 {
        self.counts.get(cause as usize).copied().unwrap_or(0)
    }

    /// How many in all.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The causes that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (NotRunCause, u64)> {
        NotRunCause::ALL.into_iter().zip(self.counts).filter(|(_, count)| *count > 0)
    }

    pub(crate) fn add(&mut self, cause: NotRunCause, trials: u64) {
        if let Some(count) = self.counts.get_mut(cause as usize) {
            *count += trials;
        }
    }
}

/// What became of the trials of an experiment; always
/// `eligible = finished + not_run + running + queued`.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialStats {
    /// Trials in a stage in which the other side runs too.
    pub eligible: u64,
    /// Other sides that were started.
    pub started: u64,
    /// Those that were compared: `matched + mismatched + ignored`.
    pub finished: u64,
    /// Compared, and the same.
    pub matched: u64,
    /// Compared, and different.
    pub mismatched: u64,
    /// Compared, different, and the trial's `ignore` said that this is all right.
    pub ignored: u64,
    /// Those that did not run or did not count, by cause.
    pub not_run: NotRun,
    /// Waiting for one of those that run to end.
    pub queued: u64,
    /// Under way.
    pub running: u64,
}

impl TrialStats {
    /// Whether every trial is accounted for.
    pub fn is_balanced(&self) -> bool {
        let Self {
            eligible,
            started: _,
            finished,
            matched,
            mismatched,
            ignored,
            not_run,
            queued,
            running,
        } = self;
        *eligible == finished + not_run.total() + running + queued
            && *finished == matched + mismatched + ignored
    }

    /// There were trials, and the other side never ran: a comparison that does not take place.
    pub fn never_started(&self) -> bool {
        self.eligible > 0 && self.started == 0
    }
}

impl fmt::Display for TrialStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            eligible,
            started,
            finished: _,
            matched,
            mismatched,
            ignored,
            not_run,
            queued,
            running,
        } = self;
        write!(f, "{eligible} eligible, {started} started, {matched} matched")?;
        for (count, what) in [
            (mismatched, "mismatched"),
            (ignored, "ignored"),
            (queued, "queued"),
            (running, "running"),
        ] {
            if *count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        for (cause, count) in not_run.iter() {
            write!(f, ", {count} not run ({cause})")?;
        }
        Ok(())
    }
}

/// The ledger of one experiment.
#[non_exhaustive]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExperimentStats {
    /// The name of the experiment.
    pub name: String,
    /// Old against new.
    pub trials: TrialStats,
    /// Old against old: see `Experiment::noise_control`. Not among the trials.
    pub noise: TrialStats,
    /// Sides that missed the deadline, were counted so, and still keep their place: they have not
    /// returned.
    pub abandoned: u64,
    /// Whether the breaker keeps the other side from running.
    pub breaker_is_open: bool,
    /// Mismatches by fingerprint, the most frequent first; the first 64 fingerprints that were seen.
    pub fingerprints: Vec<(u64, u64)>,
}

impl fmt::Display for ExperimentStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.trials)?;
        if self.noise.eligible > 0 {
            write!(f, "; old against old: {}", self.noise)?;
        }
        if self.abandoned > 0 {
            write!(f, "; {} abandoned", self.abandoned)?;
        }
        if self.breaker_is_open { f.write_str("; breaker open") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_place_and_a_name() {
        let mut not_run = NotRun::default();
        for (at, cause) in NotRunCause::ALL.into_iter().enumerate() {
            assert_eq!(cause as usize, at);
            not_run.add(cause, at as u64 + 1);
        }
        for (at, cause) in NotRunCause::ALL.into_iter().enumerate() {
            assert_eq!(not_run.get(cause), at as u64 + 1, "{cause}");
        }
        assert_eq!(not_run.total(), (1..=NotRunCause::ALL.len() as u64).sum());
    }

    #[test]
    fn a_ledger_that_loses_one_is_seen() {
        let mut stats = TrialStats {
            eligible: 3,
            finished: 2,
            matched: 1,
            mismatched: 1,
            ..TrialStats::default()
        };
        assert!(!stats.is_balanced());
        stats.not_run.add(NotRunCause::Killed, 1);
        assert!(stats.is_balanced() && stats.never_started());
        assert_eq!(
            stats.to_string(),
            "3 eligible, 0 started, 1 matched, 1 mismatched, 1 not run (killed)"
        );
    }
}
