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
    pub(crate) const EVERYBODY: Self =
        Self { included: true, ring: None, bucket: None, variant: None };
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
    const OUTSIDE: Inclusion =
        Inclusion { included: false, bucket: Some(7), ..Inclusion::EVERYBODY };

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

    fn every_fact() -> Vec<Facts> {
        let asked =
            Stage::ALL.into_iter().flat_map(|stage| [Asked::Said(stage), Asked::Default(stage)]);
        let asked = asked.chain([Asked::Failed, Asked::NotSetUp, Asked::Rollout]);
        let above = |stage| Decision { stage, ..decide(&Facts { killed: true, ..LIVE }, 0) };
        let above: Vec<_> =
            Stage::ALL.into_iter().map(|stage| Some(above(stage))).chain([None]).collect();
        let mut facts = Vec::new();
        for stage in asked {
            for &above in &above {
                for inclusion in [Inclusion::EVERYBODY, OUTSIDE] {
                    for switches in 0..4_u8 {
                        let (killed, dry_run_forced) = (switches & 1 != 0, switches & 2 != 0);
                        facts.push(Facts { killed, dry_run_forced, stage, inclusion, above });
                    }
                }
            }
        }
        facts
    }

    /// What is known, and what everything says that has a say.
    fn allows(facts: &Facts) -> bool {
        let (stage, said) = match facts.stage {
            Asked::Said(stage) | Asked::Default(stage) => (stage, stage.acts()),
            Asked::Rollout => (Stage::Live, true),
            Asked::Failed | Asked::NotSetUp => (Stage::Off, false),
        };
        let included = stage != Stage::Live || facts.inclusion.included;
        let above = facts.above.is_none_or(|above| above.stage.acts());
        said && included && above && !facts.killed && !facts.dry_run_forced
    }

    #[test]
    fn it_acts_where_all_allow_it_and_nowhere_else() {
        let facts = every_fact();
        assert_eq!(facts.len(), 15 * 7 * 2 * 4);
        for facts in facts {
            let decision = decide(&facts, 7);
            assert_eq!(decision.stage.acts(), allows(&facts), "{facts:?}: {decision:?}");
            assert_eq!(decision.generation, 7);
        }
    }

    #[test]
    fn one_restriction_more_never_makes_it_act() {
        let withheld = decide(&Facts { dry_run_forced: true, ..LIVE }, 0);
        for facts in every_fact() {
            let before = decide(&facts, 0);
            let restricted = [
                Facts { killed: true, ..facts },
                Facts { dry_run_forced: true, ..facts },
                Facts { stage: Asked::Failed, ..facts },
                Facts { stage: Asked::NotSetUp, ..facts },
                Facts { inclusion: OUTSIDE, ..facts },
                Facts { above: Some(withheld), ..facts },
            ];
            for more in restricted {
                assert!(
                    before.stage.acts() || !decide(&more, 0).stage.acts(),
                    "{facts:?} {more:?}"
                );
            }
            for taken_back in [before.killed(), before.dry(), before.below(withheld)] {
                assert!(!taken_back.stage.acts(), "{facts:?}");
            }
            assert_eq!(before.below(before), before, "what was decided above says the same here");
        }
    }
}
