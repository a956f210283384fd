//! [`Rollout`]: to whom a change is live.

use crate::context::slot;
use crate::ship::change::Declaration;
use crate::ship::decide::{Asked, Decision, Facts, Inclusion, decide};
use crate::ship::flag::Flag;
use crate::ship::rollout::bucket::{BUCKETS, Purpose, Salted};
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
    rings: [Option<Ring>; MAX_RINGS],
    /// Without a key where no flag carries the percentage.
    percent: Flag<f64>,
    gate: Salted,
    /// Salted apart from the gate: who is included says nothing about which variant it gets.
    share: Salted,
    variants: &'static [(&'static str, f64)],
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
            rings: [None; MAX_RINGS],
            percent: Flag::keyless(0.0),
            gate: Salted::new(Purpose::Gate, name),
            share: Salted::new(Purpose::Variant, name),
            variants: &[],
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
    /// configuration widens. It is asked about the subject of the unit, and decided once there.
    /// Without a value, or with one that is no percentage, it includes nobody.
    ///
    /// # Panics
    /// For an empty key and for a second flag: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn percent_flag(mut self, key: &'static str) -> Self {
        assert!(self.percent.key().is_empty(), "a rollout has one flag for its percentage");
        self.percent.set_key(key);
        self.ring(Ring { name: "percent", who: Who::Flag })
    }

    /// Sets what keys are salted with, in the place of the name: two rollouts of one salt include
    /// the same keys, and a new salt draws anew.
    #[must_use]
    pub const fn salt(mut self, salt: &'static str) -> Self {
        self.gate = Salted::new(Purpose::Gate, salt);
        self.share = Salted::new(Purpose::Variant, salt);
        self
    }

    /// Shares those who are included among variants, by weight; see [`Rollout::variant`]. Which
    /// variant a targeting key gets is drawn apart from whether it is included. It is sticky while
    /// the list stays as it is.
    ///
    /// # Panics
    /// For an empty name, a weight that is negative or no number, and weights that are all 0: in a
    /// `static`, so it fails to compile.
    #[must_use]
    pub const fn variants(mut self, variants: &'static [(&'static str, f64)]) -> Self {
        let (mut rest, mut sum) = (variants, 0.0);
        while let [(name, weight), more @ ..] = rest {
            assert!(!name.is_empty(), "a variant needs a name");
            assert!(*weight >= 0.0 && *weight <= f64::MAX, "a weight is a number from 0 up");
            sum += *weight;
            rest = more;
        }
        assert!(sum > 0.0 && sum <= f64::MAX, "weights of variants add up to more than 0");
        self.variants = variants;
        self
    }

    /// Which variant the subject of the current unit gets; `None` where it is not included, has no
    /// targeting key, or there are no variants. Decided and recorded with [`Rollout::includes`], as
    /// `change.<name>.variant`.
    ///
    /// ```
    /// use ode_core::{Ring, Rollout};
    /// static BUTTON: Rollout = Rollout::new("button")
    ///     .ring(Ring::percent(10.0))
    ///     .variants(&[("blue", 1.0), ("green", 1.0)]);
    /// let colour = BUTTON.variant().unwrap_or("grey");
    /// # assert_eq!(colour, "grey"); // nothing is set up
    /// ```
    pub fn variant(&self) -> Option<&'static str> {
        let decision = self.decide();
        if decision.stage.acts() { decision.variant } else { None }
    }

    /// Whether the subject of the current unit is included; decided once a unit, and recorded as
    /// `change.<name>.stage`, `.ring`, `.bucket`, `.reason`. A kill, a forced dry run and a unit
    /// around this one that withheld come before.
    #[inline]
    pub fn includes(&self) -> bool {
        self.decide().stage.acts()
    }

    #[inline]
    fn decide(&self) -> Decision {
        self.change.decided().unwrap_or_else(|| {
            let here = Here::find();
            self.change.decide_as(&here, &|_, _| (Asked::Rollout, self.judge_here(&here)))
        })
    }

    /// As [`Rollout::includes`], for a subject named here; asked anew each time. The first answer is
    /// recorded, where the unit has no answer yet about its own subject.
    pub fn includes_for(&self, subject: &Subject) -> bool {
        let met = slot::with_own(|unit| {
            let shipping = &unit.pipeline.as_ref()?.shipping;
            let met = unit.decisions.with(|state| state.met(self.name()))?;
            let dry = met.dry || shipping.is_dry();
            Some(met.killed || dry || self.change.is_killed(&shipping.kills))
        });
        match met {
            Some(Some(withheld)) => !withheld && self.judge(Some(subject)).included,
            Some(None) | None => self.meet(&Here::find(), subject),
        }
    }

    /// The first question of a unit about a named subject.
    #[cold]
    fn meet(&self, here: &Here, subject: &Subject) -> bool {
        let Some(shipping) = here.shipping() else { return false };
        let decisions = here.decisions.as_ref();
        let met = decisions.and_then(|decisions| decisions.state().met(self.name()));
        let flag_kills =
            met.map_or_else(|| self.change.heed_flag(here, shipping), |met| met.killed);
        let dry = decisions.is_some_and(|decisions| decisions.is_dry());
        let facts = Facts {
            killed: flag_kills || self.change.is_killed(&shipping.kills),
            dry_run_forced: dry || shipping.is_dry(),
            stage: Asked::Rollout,
            inclusion: self.judge(Some(subject)),
            above: None,
        };
        let decision = decide(&facts, 0);
        if decisions.is_some_and(|decisions| decisions.meet(self.name(), flag_kills)) {
            self.change.record(&decision);
        }
        decision.stage.acts()
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.change.name()
    }

    /// Whether, and how, the subject at hand is included.
    pub(crate) fn judge_here(&self, here: &Here) -> Inclusion {
        self.judge(here.subject().as_deref())
    }

    fn judge(&self, subject: Option<&Subject>) -> Inclusion {
        let key = subject.and_then(Subject::targeting_key);
        let bucket = key.map(|key| self.gate.bucket(key));
        let includes = |ring: &Ring| match ring.who {
            Who::Attribute { attribute, equals } => {
                subject.is_some_and(|subject| has(subject, attribute, equals))
            }
            Who::Below(first) => bucket.is_some_and(|bucket| bucket < first),
            Who::Flag => bucket.is_some_and(|bucket| bucket < self.below_flag()),
        };
        let ring = self.rings.iter().map_while(Option::as_ref).find(|ring| includes(ring));
        let variant = ring.and(key).and_then(|key| self.share_of(key));
        Inclusion { included: ring.is_some(), ring: ring.map(|ring| ring.name), bucket, variant }
    }

    fn share_of(&self, key: &str) -> Option<&'static str> {
        if self.variants.is_empty() {
            return None;
        }
        let all: f64 = self.variants.iter().map(|(_, weight)| weight).sum();
        let bucket = f64::from(self.share.bucket(key)) / f64::from(BUCKETS) * all;
        let mut sum = 0.0;
        let mut chosen = self.variants.iter().find(|(_, weight)| {
            sum += weight;
            bucket < sum
        });
        // Sums of fractions may end a little early.
        chosen = chosen.or_else(|| self.variants.iter().rfind(|(_, weight)| *weight > 0.0));
        chosen.map(|(name, _)| *name)
    }

    fn below_flag(&self) -> u32 {
        let percent = self.percent.get();
        if (0.0..=100.0).contains(&percent) { below(percent) } else { 0 }
    }
}

#[expect(clippy::panic, reason = "runs in const evaluation: this is the compile error")]
const fn panic_full() -> ! {
    panic!("a rollout has at most eight rings")
}
