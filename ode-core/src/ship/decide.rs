//! The one function that decides what a change may do.

use crate::ship::stage::Stage;

/// What is known about a change where a unit meets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) killed: bool,
    pub(crate) dry_run_forced: bool,
    /// What the change's flag says, or its default.
    pub(crate) stage: Asked,
    /// Whether the change's rollout includes the subject. Everybody, where there is no rollout.
    pub(crate) inclusion: Inclusion,
    /// What a unit that this one was opened in decided about the same change.
    pub(crate) above: Option<Decision>,
}

/// The answer to what stage a change is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A source said so.
    Said(Stage),
    /// No source knows: the code's own word.
    Default(Stage),
    /// A source failed, or said something that is no stage.
    Failed,
    /// ode is not set up.
    NotSetUp,
    /// A rollout on its own: it is live for those it includes.
    Rollout,
}

/// Whether a rollout includes a subject, and by what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inclusion {
    pub(crate) included: bool,
    /// The ring that included it.
    pub(crate) ring: Option<&'static str>,
    /// Where the subject falls, of 1,000,000.
    pub(crate) bucket: Option<u32>,
    /// Which variant it gets, of those the rollout has.
    pub(crate) variant: Option<&'static str>,
}

impl Inclusion {
    /// There is no rollout.
    pub(crate) const EVERYBODY: Self = Self { included: true, ring: None, bucket: None, variant: None };
}

/// What a unit decided about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) stage: Stage,
    pub(crate) cause: Cause,
    pub(crate) ring: Option<&'static str>,
    pub(crate) bucket: Option<u32>,
    pub(crate) variant: Option<&'static str>,
    /// How many kills there had been.
    pub(crate) generation: u64,
}

impl Decision {
    const fn withheld(stage: Stage, cause: Cause, generation: u64) -> Self {
        Self { stage, cause, ring: None, bucket: None, variant: None, generation }
    }

    /// What is left of it after a kill.
    pub(crate) const fn killed(self) -> Self {
        Self::withheld(Stage::Off, Cause::Killed, self.generation)
    }

    /// What is left of it in a forced dry run.
    pub(crate) const fn dry(self) -> Self {
        if !self.stage.acts() {
            return self;
        }
        Self::withheld(Stage::DryRun, Cause::ForcedDryRun, self.generation)
    }

    /// What is left of it below a unit that decided so.
    pub(crate) const fn below(self, above: Self) -> Self {
        if above.stage.acts() || !self.stage.acts() {
            return self;
        }
        Self { cause: Cause::Parent, generation: self.generation, ..above }
    }
}

/// What decided: `change.<name>.reason` on the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Killed,
    ForcedDryRun,
    /// A flag, a file, or the set-up.
    Flag,
    Default,
    /// A source failed or said something that is no stage.
    Error,
    NotSetUp,
    /// The rollout does not include the subject; or it does, and nothing else was asked.
    Rollout,
    /// A unit that this one was opened in does not act.
    Parent,
    /// The budget of effects is used up.
    Budget,
}

impl Cause {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::ForcedDryRun => "forced_dry_run",
            Self::Flag => "flag",
            Self::Default => "default",
            Self::Error => "error",
            Self::NotSetUp => "not_set_up",
            Self::Rollout => "rollout",
            Self::Parent => "parent",
            Self::Budget => "budget",
        }
    }
}

/// Kill, then forced dry run, then the stage, then the rollout; and a unit never acts where one that
/// it was opened in withheld.
pub(crate) fn decide(facts: &Facts, generation: u64) -> Decision {
    let Facts { killed, dry_run_forced, stage, inclusion, above } = *facts;
    let withheld = |stage, cause| Decision::withheld(stage, cause, generation);
    if killed {
        return withheld(Stage::Off, Cause::Killed);
    }
    if dry_run_forced {
        return withheld(Stage::DryRun, Cause::ForcedDryRun);
    }
    let (stage, cause) = match stage {
        Asked::Said(stage) => (stage, Cause::Flag),
        Asked::Default(stage) => (stage, Cause::Default),
        Asked::Failed => return withheld(Stage::Off, Cause::Error),
        Asked::NotSetUp => return withheld(Stage::Off, Cause::NotSetUp),
        Asked::Rollout => (Stage::Live, Cause::Rollout),
    };
    let Inclusion { included, ring, bucket, variant } = inclusion;
    let asked = Decision { stage, cause, ring, bucket, variant, generation };
    if let Some(above) = above
        && !above.stage.acts()
    {
        return asked.below(above);
    }
    if stage == Stage::Live && !included {
        return Decision { stage: Stage::DryRun, cause: Cause::Rollout, ..asked };
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: Facts = Facts {
        killed: false,
        dry_run_forced: false,
        stage: Asked::Said(Stage::Live),
        inclusion: Inclusion::EVERYBODY,
        above: None,
    };
    const OUTSIDE: Inclusion = Inclusion { included: false, bucket: Some(7), ..Inclusion::EVERYBODY };

    fn decided(facts: Facts) -> (Stage, Cause) {
        let decision = decide(&facts, 0);
        (decision.stage, decision.cause)
    }

    #[test]
    fn what_comes_first_wins() {
        let dry = Some(decide(&Facts { dry_run_forced: true, ..LIVE }, 0));
        let all = Facts {
            killed: true,
            dry_run_forced: true,
            stage: Asked::Failed,
            inclusion: OUTSIDE,
            above: dry,
        };
        assert_eq!(decided(all), (Stage::Off, Cause::Killed));
        let all = Facts { killed: false, ..all };
        assert_eq!(decided(all), (Stage::DryRun, Cause::ForcedDryRun));
        let all = Facts { dry_run_forced: false, ..all };
        assert_eq!(decided(all), (Stage::Off, Cause::Error));
        let all = Facts { stage: Asked::Said(Stage::Live), ..all };
        assert_eq!(decided(all), (Stage::DryRun, Cause::Parent));
        let all = Facts { above: None, ..all };
        assert_eq!(decided(all), (Stage::DryRun, Cause::Rollout));
        assert_eq!(decided(LIVE), (Stage::Live, Cause::Flag));
    }

    #[test]
    fn a_rollout_limits_live_and_nothing_else() {
        for stage in Stage::ALL {
            let facts = Facts { stage: Asked::Said(stage), inclusion: OUTSIDE, ..LIVE };
            let expected = if stage == Stage::Live { Stage::DryRun } else { stage };
            assert_eq!(decided(facts).0, expected);
        }
    }

    #[test]
    fn nothing_acts_without_a_word_that_says_so() {
        for stage in [Asked::Failed, Asked::NotSetUp, Asked::Default(Stage::DryRun)] {
            assert!(!decided(Facts { stage, ..LIVE }).0.acts(), "{stage:?}");
        }
    }

    /// Every combination: acting below what withheld never happens.
    #[test]
    fn never_acts_below_what_withheld() {
        for above in Stage::ALL {
            for stage in Stage::ALL {
                let above = Decision { stage: above, ..decide(&Facts { killed: true, ..LIVE }, 0) };
                let facts = Facts { above: Some(above), stage: Asked::Said(stage), ..LIVE };
                let decision = decide(&facts, 0);
                assert!(above.stage.acts() || !decision.stage.acts());
                if !stage.acts() {
                    assert_eq!(decision.stage, stage, "what does not act needs no restriction");
                }
            }
        }
    }
}
