//! [`Rollout`]: to whom a change is live.

use crate::ship::change::Declaration;
use crate::ship::decide::{Asked, Facts, Inclusion, decide};
use crate::ship::flag::{self, FlagType, Kind};
use crate::ship::keys::Names;
use crate::ship::rollout::bucket::{Purpose, bucket};
use crate::ship::rollout::ring::{Ring, Who, below, has};
use crate::ship::shipping::Here;
use crate::ship::subject::Subject;

/// To whom a change is live: rings in order, from the inside out.
///
/// The first ring that includes the subject is the one; widening a rollout only ever adds subjects.
/// Percentages are sticky: a targeting key falls into one of 1,000,000 buckets, by a hash of the
/// rollout's name and the key, the same in every process and version. A subject without a targeting
/// key is in no percentage.
///
/// Declared as a `static`; given to a [`change!`](crate::change), or asked by itself.
///
/// ```
/// use ode_core::{Ring, Rollout, Subject};
/// static NEW_CODEC: Rollout = Rollout::new("new_codec")
///     .ring(Ring::attribute("internal", "plan", "staff"))
///     .ring(Ring::percent(1.0));
/// // Nothing is set up, so nobody is included:
/// assert!(!NEW_CODEC.includes_for(&Subject::new("ada").with("plan", "staff")));
/// ```
#[derive(Debug)]
pub struct Rollout {
    change: Declaration,
    salt: &'static str,
    rings: [Option<Ring>; MAX_RINGS],
    flag_names: Names<4>,
}

const MAX_RINGS: usize = 8;

impl Rollout {
    /// A rollout that includes nobody yet.
    ///
    /// # Panics
    /// For an empty name: in a `static`, so it fails to compile.
    pub const fn new(name: &'static str) -> Self {
        Self {
            change: Declaration::new(name),
            salt: name,
            rings: [None; MAX_RINGS],
            flag_names: Names::new(),
        }
    }

    /// Adds a ring around those there are; up to eight.
    ///
    /// # Panics
    /// For a ninth ring: in a `static`, so it fails to compile.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "below the length by the loop's condition")]
    pub const fn ring(mut self, ring: Ring) -> Self {
        let mut at = 0;
        while at < MAX_RINGS {
            if self.rings[at].is_none() {
                self.rings[at] = Some(ring);
                return self;
            }
            at += 1;
        }
        panic_full();
    }

    /// Adds a percentage that a flag carries, a number from 0 to 100: the outermost ring, which
    /// configuration widens. Without a value it includes nobody.
    #[must_use]
    pub const fn percent_flag(self, key: &'static str) -> Self {
        assert!(!key.is_empty(), "a flag needs a key");
        self.ring(Ring { name: "percent", who: Who::Flag(key) })
    }

    /// Sets what keys are salted with, in the place of the name: two rollouts of one salt include
    /// the same keys, and a new salt draws anew.
    #[must_use]
    pub const fn salt(mut self, salt: &'static str) -> Self {
        self.salt = salt;
        self
    }

    /// Whether the subject of the current unit is included; decided once a unit, and recorded as
    /// `change.<name>.stage`, `.ring`, `.bucket`, `.reason`. A kill, a forced dry run and a unit
    /// around this one that withheld come before.
    #[inline]
    pub fn includes(&self) -> bool {
        self.change
            .decided()
            .unwrap_or_else(|| {
                let here = Here::find();
                self.change.decide_as(&here, &|_, _| (Asked::Rollout, self.judge(&here)))
            })
            .stage
            .acts()
    }

    /// As [`Rollout::includes`], for a subject named here; asked anew each time.
    pub fn includes_for(&self, subject: &Subject) -> bool {
        let here = Here::find();
        let Some(shipping) = here.shipping() else { return false };
        let dry = shipping.is_dry()
            || here.decisions.as_ref().is_some_and(|decisions| decisions.is_dry());
        let facts = Facts {
            killed: self.change.heed_flag(&here, shipping)
                || self.change.is_killed(&shipping.kills),
            dry_run_forced: dry,
            stage: Asked::Rollout,
            inclusion: self.judge_subject(&here, Some(subject)),
            above: None,
        };
        let decision = decide(&facts, 0);
        if here.decisions.is_some() {
            self.change.record(&decision);
        }
        decision.stage.acts()
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.change.name()
    }

    /// Whether, and how, the subject at hand is included.
    pub(crate) fn judge(&self, here: &Here) -> Inclusion {
        self.judge_subject(here, here.subject().as_deref())
    }

    fn judge_subject(&self, here: &Here, subject: Option<&Subject>) -> Inclusion {
        let key = subject.and_then(Subject::targeting_key);
        let bucket = key.map(|key| bucket(Purpose::Gate, self.salt, key));
        let includes = |ring: &Ring| match ring.who {
            Who::Attribute { attribute, equals } => {
                subject.is_some_and(|subject| has(subject, attribute, equals))
            }
            Who::Below(first) => bucket.is_some_and(|bucket| bucket < first),
            Who::Flag(key) => bucket.is_some_and(|bucket| bucket < self.below_flag(here, key)),
        };
        let ring = self.rings.iter().flatten().find(|ring| includes(ring));
        Inclusion { included: ring.is_some(), ring: ring.map(|ring| ring.name), bucket }
    }

    fn below_flag(&self, here: &Here, key: &'static str) -> u32 {
        let evaluation = flag::evaluate(here, key, &self.flag_names, None, Kind::F64);
        let percent = f64::read(&evaluation, &0.0);
        if (0.0..=100.0).contains(&percent) { below(percent) } else { 0 }
    }
}

#[expect(clippy::panic, reason = "runs in const evaluation: this is the compile error")]
const fn panic_full() -> ! {
    panic!("a rollout has at most eight rings")
}
