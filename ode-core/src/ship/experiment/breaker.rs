//! [`Breaker`]: when an experiment stops running its other side by itself.

use std::time::Duration;

use crate::event::value::saturating_nanos;
use crate::ship::experiment::settings;

/// When an experiment switches its other side off by itself, and for how long.
///
/// It looks at the last sides that ended, 64 unless said otherwise. When at least 16 did, and a
/// quarter of them panicked or half of them missed the deadline, nothing is started for 30 seconds:
/// that is counted as `breaker_open`. Then one is tried; when it ends well the breaker closes, else
/// it stays open for another pause. Every change is an event `ode.experiment.breaker`. Who answers
/// never depends on it.
///
/// ```
/// use ode_core::{Breaker, Experiment};
/// use std::time::Duration;
/// static CODEC: Experiment = Experiment::new("codec")
///     .breaker(Breaker::new().window(32, 8).panics(0.1).slow(0.2).pause(Duration::from_secs(300)));
/// ```
#[must_use = "it does nothing until it is given to an experiment"]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breaker {
    window: u32,
    least: u32,
    panics: f64,
    slow: f64,
    pause: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

impl Breaker {
    /// The rules above.
    pub const fn new() -> Self {
        Self { window: 64, least: 16, panics: 0.25, slow: 0.5, pause: Duration::from_secs(30) }
    }

    /// Sets how many of the last sides are looked at, from 1 to 64, and how many there must be at
    /// least.
    ///
    /// # Panics
    /// Beyond these: in a `static`, so it fails to compile.
    pub const fn window(mut self, last: u32, at_least: u32) -> Self {
        assert!(last >= 1 && last <= 64, "a window holds from 1 to 64");
        assert!(at_least >= 1 && at_least <= last, "at least 1, and no more than the window holds");
        self.window = last;
        self.least = at_least;
        self
    }

    /// Sets the share of panics that opens it, from 0 to 1. At 1 all have to panic.
    ///
    /// # Panics
    /// Beyond these: in a `static`, so it fails to compile.
    pub const fn panics(mut self, share: f64) -> Self {
        self.panics = settings::share(share);
        self
    }

    /// Sets the share that misses the deadline and opens it, from 0 to 1.
    ///
    /// # Panics
    /// Beyond these: in a `static`, so it fails to compile.
    pub const fn slow(mut self, share: f64) -> Self {
        self.slow = settings::share(share);
        self
    }

    /// Sets how long it stays open before one is tried.
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    pub(crate) fn pause_nanos(&self) -> u64 {
        saturating_nanos(self.pause)
    }
}

/// How a side ended that was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Fine,
    Panicked,
    Slow,
}

/// The breaker of one experiment in operation.
#[derive(Debug, Default)]
pub(crate) struct Circuit {
    phase: Phase,
    /// One bit for each of the last: the newest is the lowest.
    panicked: u64,
    slow: u64,
    seen: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Closed,
    Open {
        until: u64,
    },
    /// One is being tried.
    HalfOpen,
}

/// Whether a side may be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Yes,
    /// As the one that is tried.
    Trial(Change),
    No,
}

/// The breaker changed: what an event says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) panicked: u32,
    pub(crate) slow: u32,
    pub(crate) seen: u32,
}

impl Circuit {
    pub(crate) fn is_open(&self) -> bool {
        self.phase != Phase::Closed
    }

    pub(crate) fn admit(&mut self, now: u64) -> Admission {
        match self.phase {
            Phase::Closed => Admission::Yes,
            Phase::Open { until } if now >= until => {
                let change = self.change("half_open", "pause_over");
                self.phase = Phase::HalfOpen;
                Admission::Trial(change)
            }
            Phase::Open { .. } | Phase::HalfOpen => Admission::No,
        }
    }

    /// The one that was to be tried did not run: the next one is tried.
    pub(crate) fn trial_lost(&mut self, now: u64) {
        if self.phase == Phase::HalfOpen {
            self.phase = Phase::Open { until: now };
        }
    }

    /// A side ended that was started; `is_trial` is the one that was tried.
    pub(crate) fn note(
        &mut self,
        rules: &Breaker,
        run: Run,
        is_trial: bool,
        now: u64,
    ) -> Option<Change> {
        match self.phase {
            Phase::Closed => self.look(rules, run, now),
            Phase::HalfOpen if is_trial => {
                let word = match run {
                    Run::Fine => {
                        let change = self.change("closed", "trial_ended_well");
                        *self = Self::default();
                        return Some(change);
                    }
                    Run::Panicked => "trial_panicked",
                    Run::Slow => "trial_slow",
                };
                let change = self.change("open", word);
                self.open(rules, now);
                Some(change)
            }
            // Started before it opened.
            Phase::Open { .. } | Phase::HalfOpen => None,
        }
    }

    fn look(&mut self, rules: &Breaker, run: Run, now: u64) -> Option<Change> {
        let kept = u64::MAX >> (64 - rules.window);
        self.panicked = (self.panicked << 1 | u64::from(run == Run::Panicked)) & kept;
        self.slow = (self.slow << 1 | u64::from(run == Run::Slow)) & kept;
        self.seen = (self.seen + 1).min(rules.window);
        if self.seen < rules.least {
            return None;
        }
        let is_share = |bits: u64, share: f64| {
            bits != 0 && f64::from(bits.count_ones()) >= share * f64::from(self.seen)
        };
        let word = if is_share(self.panicked, rules.panics) {
            "panics"
        } else if is_share(self.slow, rules.slow) {
            "slow"
        } else {
            return None;
        };
        let change = self.change("open", word);
        self.open(rules, now);
        Some(change)
    }

    fn open(&mut self, rules: &Breaker, now: u64) {
        *self = Self {
            phase: Phase::Open { until: now.saturating_add(rules.pause_nanos()) },
            ..Self::default()
        };
    }

    fn change(&self, to: &'static str, reason: &'static str) -> Change {
        let from = match self.phase {
            Phase::Closed => "closed",
            Phase::Open { .. } => "open",
            Phase::HalfOpen => "half_open",
        };
        let (panicked, slow) = (self.panicked.count_ones(), self.slow.count_ones());
        Change { from, to, reason, panicked, slow, seen: self.seen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Breaker =
        Breaker::new().window(8, 4).panics(0.5).slow(0.75).pause(Duration::from_nanos(100));

    fn after(runs: &[Run]) -> (Circuit, Option<Change>) {
        let mut circuit = Circuit::default();
        let mut last = None;
        for run in runs {
            last = circuit.note(&RULES, *run, false, 10);
        }
        (circuit, last)
    }

    #[test]
    fn it_opens_at_the_share_and_not_before() {
        use Run::{Fine, Panicked, Slow};
        for (runs, reason) in [
            (&[Panicked, Panicked, Panicked][..], None),
            (&[Fine, Fine, Panicked, Panicked], Some("panics")),
            (&[Fine, Fine, Fine, Panicked], None),
            (&[Slow, Slow, Slow, Fine], Some("slow")),
            (&[Slow, Slow, Fine, Fine], None),
            // The window slides: the first two are forgotten.
            (&[Panicked, Fine, Fine, Fine, Fine, Fine, Fine, Fine, Fine, Panicked], None),
        ] {
            let (circuit, last) = after(runs);
            assert_eq!(last.map(|change| change.reason), reason, "{runs:?}");
            assert_eq!(circuit.is_open(), reason.is_some(), "{runs:?}");
        }
    }

    #[test]
    fn after_the_pause_one_is_tried() {
        let (mut circuit, _) = after(&[Run::Panicked; 4]);
        assert_eq!(circuit.admit(109), Admission::No);
        assert!(matches!(circuit.admit(110), Admission::Trial(_)));
        assert_eq!(circuit.admit(110), Admission::No, "one at a time");
        assert_eq!(circuit.note(&RULES, Run::Fine, false, 111), None, "an old one");
        let change = circuit.note(&RULES, Run::Panicked, true, 120);
        assert_eq!(change.map(|change| (change.from, change.to)), Some(("half_open", "open")));
        assert_eq!(circuit.admit(219), Admission::No);
        assert!(matches!(circuit.admit(220), Admission::Trial(_)));
        circuit.trial_lost(221);
        assert!(matches!(circuit.admit(221), Admission::Trial(_)), "the next one is tried");
        let change = circuit.note(&RULES, Run::Fine, true, 230);
        assert_eq!(change.map(|change| change.to), Some("closed"));
        assert_eq!(circuit.admit(230), Admission::Yes);
        assert_eq!(circuit.note(&RULES, Run::Panicked, false, 231), None, "it counts from zero");
    }
}
