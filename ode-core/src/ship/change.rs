//! [`Change`]: one change on its way into production, as a type.

use std::sync::OnceLock;

use crate::context::slot;
use crate::context::write;
use crate::event::keys::Key;
use crate::event::value::Value;
use crate::ship::decide::{Asked, Decision, Facts, Inclusion, decide};
use crate::ship::decisions::Found;
use crate::ship::evaluation::{Answer, FlagValue};
use crate::ship::experiment;
use crate::ship::flag::{FlagKey, Kind, Query, Question};
use crate::ship::keys::{Names, interned};
use crate::ship::kill::{self, KillSource, Kills};
use crate::ship::rollout::Rollout;
use crate::ship::shipping::{Here, Shipping};
use crate::ship::stage::Stage;
use crate::ship::subject::Subject;

/// One change on its way into production; declared with [`change!`](crate::change).
///
/// The type is what the compiler tells changes apart by: what one is allowed to do is not allowed
/// to another.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a change",
    label = "declare it: `ode::change!(pub {Self} = \"name\");`"
)]
pub trait Change: Send + Sync + 'static {
    /// The name on events (`change.<name>.stage`), and the key of the flag that carries the stage.
    const NAME: &'static str;

    #[doc(hidden)]
    fn declaration() -> &'static Declaration;
}

/// Declares a change: a type, its name, and what decides its stage.
///
/// `change!(pub Compress = "compress")`. The stage comes from the flag of the same name; `flag =
/// "key"` names another. Where no source knows the flag it is `Stage::DryRun`, or `default = …`,
/// which is one of the stages that do not act. In stage `Live` it acts for those that `rollout = …`
/// includes, which is the path of a `static` [`Rollout`](crate::Rollout); without one, for all.
///
/// ```
/// use ode_core::{Ring, Rollout, Stage};
/// static TO_WHOM: Rollout = Rollout::new("compress").ring(Ring::percent(1.0));
/// ode_core::change!(
///     /// Compresses columns in place.
///     pub Compress = "compress", rollout = TO_WHOM
/// );
/// ode_core::change!(Purge = "purge", flag = "jobs.purge", default = Stage::Off);
/// ```
#[macro_export]
macro_rules! change {
    ($(#[$meta:meta])* $vis:vis $name:ident = $text:literal $(, $option:ident = $value:expr)* $(,)?) => {
        $(#[$meta])*
        #[derive(::core::clone::Clone, ::core::marker::Copy, ::core::fmt::Debug)]
        #[non_exhaustive]
        $vis struct $name;

        impl $crate::Change for $name {
            const NAME: &'static ::core::primitive::str = $text;

            fn declaration() -> &'static $crate::macro_support::Declaration {
                static DECLARATION: $crate::macro_support::Declaration = {
                    let declaration = $crate::macro_support::Declaration::new($text);
                    $(let declaration = $crate::__change_option!(declaration $option $value);)*
                    declaration
                };
                &DECLARATION
            }
        }
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "`change!` takes the name of a type, the change's own name, and options: \
             `change!(pub Compress = \"compress\", flag = \"..\", default = .., rollout = ..)`"
        );
    };
}

/// An option of [`change!`]: a declaration that has it. No method is called by the author's word for
/// it, which would be a second message about one mistake.
#[doc(hidden)]
#[macro_export]
macro_rules! __change_option {
    ($declaration:ident rollout $value:expr) => {
        $declaration.rollout(&$value)
    };
    ($declaration:ident flag $value:expr) => {
        $declaration.flag($value)
    };
    ($declaration:ident default $value:expr) => {
        $declaration.default($value)
    };
    ($declaration:ident $other:ident $value:expr) => {
        ::core::compile_error!(::core::concat!(
            "unknown option ",
            ::core::stringify!($other),
            "; valid options: flag, default, rollout"
        ))
    };
}

/// What is declared of a change.
#[doc(hidden)]
#[derive(Debug)]
pub struct Declaration {
    name: &'static str,
    flag: &'static str,
    default: Stage,
    rollout: Option<&'static Rollout>,
    names: Names<5>,
    flag_names: Names<4>,
    would_act: Names<1>,
    did_act: Names<1>,
    kill_key: OnceLock<String>,
}

/// The members of `change.<name>.*`.
const MEMBERS: [&str; 5] = ["stage", "reason", "ring", "bucket", "variant"];

impl Declaration {
    /// A change of this name.
    ///
    /// # Panics
    /// For an empty name: in a `static`, so it fails to compile.
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "a change needs a name");
        Self {
            name,
            flag: name,
            default: Stage::DryRun,
            rollout: None,
            names: Names::new(),
            flag_names: Names::new(),
            would_act: Names::new(),
            did_act: Names::new(),
            kill_key: OnceLock::new(),
        }
    }

    /// Which flag carries the stage.
    ///
    /// # Panics
    /// For an empty key: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn flag(mut self, key: &'static str) -> Self {
        assert!(!key.is_empty(), "a flag needs a key");
        self.flag = key;
        self
    }

    /// The stage where no source knows.
    ///
    /// # Panics
    /// For a stage that acts: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn default(mut self, stage: Stage) -> Self {
        assert!(
            !stage.acts(),
            "a change does not act by default: `Live` comes from a flag, a file or the set-up"
        );
        self.default = stage;
        self
    }

    /// The stage where no source knows, whatever it is.
    pub(crate) const fn set_any_default(&mut self, stage: Stage) {
        self.default = stage;
    }

    /// To whom it is live.
    #[must_use]
    pub const fn rollout(mut self, rollout: &'static Rollout) -> Self {
        self.rollout = Some(rollout);
        self
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn flag_key(&self) -> &'static str {
        self.flag
    }

    pub(crate) const fn default_stage(&self) -> Stage {
        self.default
    }

    /// What the current unit decided, or decides now, about this change.
    #[inline]
    pub(crate) fn decide(&self) -> Decision {
        self.decided().unwrap_or_else(|| self.decide_in(&Here::find()))
    }

    /// As [`Declaration::decide`], where the unit has not decided, or there was a kill since.
    pub(crate) fn decide_in(&self, here: &Here) -> Decision {
        self.decide_by(here, self.flag, &self.flag_names, self.default)
    }

    /// As [`Declaration::decide_in`], by another flag and another default.
    pub(crate) fn decide_by(
        &self,
        here: &Here,
        flag: &'static str,
        flag_names: &Names<4>,
        default: Stage,
    ) -> Decision {
        self.decide_as(here, &|shipping, inclusion| {
            // What a test sets, it sets for the change, whatever flag is asked.
            let (flag, flag_names) = if shipping.is_tested(self.flag) {
                (self.flag, &self.flag_names)
            } else {
                (flag, flag_names)
            };
            let evaluation = Question {
                key: FlagKey::new(flag),
                names: flag_names,
                named: None,
                kind: Kind::Stage,
            }
            .evaluate(here);
            let asked = shipping.stage(self.flag, &evaluation, default);
            let inclusion = match (asked, self.rollout) {
                (Asked::Said(Stage::Live), Some(rollout)) => rollout.judge_here(here),
                _ => inclusion,
            };
            (asked, inclusion)
        })
    }

    /// Decides by a stage and an inclusion that `ask` finds out, where they are needed.
    pub(crate) fn decide_as(
        &self,
        here: &Here,
        ask: &dyn Fn(&Shipping, Inclusion) -> (Asked, Inclusion),
    ) -> Decision {
        let Some(decisions) = &here.decisions else {
            return self.judge(here, None, ask);
        };
        let above = match decisions.change(self.name) {
            Found::Here(decision) => return self.recheck(here, decision),
            Found::Above(decision) => Some(decision),
            Found::Nowhere => None,
        };
        let decision = self.judge(here, above, ask);
        let (decision, is_new) = decisions.decide_change(self.name, decision);
        if is_new {
            self.record(&decision);
        }
        // Asking takes time, in which somebody may have killed it.
        self.recheck(here, decision)
    }

    fn judge(
        &self,
        here: &Here,
        above: Option<Decision>,
        ask: &dyn Fn(&Shipping, Inclusion) -> (Asked, Inclusion),
    ) -> Decision {
        let Some(shipping) = here.shipping() else {
            let killed = self.is_killed(&kill::of_process());
            let facts = Facts {
                killed,
                dry_run_forced: false,
                stage: Asked::NotSetUp,
                inclusion: Inclusion::EVERYBODY,
                above,
            };
            return decide(&facts, 0);
        };
        // Read first: a kill that comes in between makes the decision an old one.
        let generation = shipping.kills.generation();
        let flag_kills = self.heed_flag(here, shipping);
        let decisions = here.decisions.as_ref();
        let mut facts = Facts {
            killed: flag_kills || self.is_killed(&shipping.kills),
            dry_run_forced: shipping.is_dry() || decisions.is_some_and(|known| known.is_dry()),
            stage: Asked::NotSetUp,
            inclusion: Inclusion::EVERYBODY,
            above,
        };
        if !facts.killed && !facts.dry_run_forced {
            (facts.stage, facts.inclusion) = ask(shipping, facts.inclusion);
        }
        decide(&facts, generation)
    }

    /// Whether somebody killed it, or the rollout that says to whom it is live.
    pub(crate) fn is_killed(&self, kills: &Kills) -> bool {
        kills.any()
            && (kills.is_killed(self.name)
                || self.rollout.is_some_and(|rollout| kills.is_killed(rollout.name())))
    }

    /// The flag `kill.<name>` kills while it is true. Where it is anything but true or false nobody
    /// knows, and nothing acts.
    pub(crate) fn heed_flag(&self, here: &Here, shipping: &Shipping) -> bool {
        if !shipping.has_sources() {
            return false;
        }
        let key = self.kill_key.get_or_init(|| format!("kill.{}", self.name));
        let evaluation = shipping.evaluate(Query::new(key, Kind::Bool), Subject::nobody());
        let killed = match &evaluation.answer {
            Answer::NotFound | Answer::Default | Answer::Value(FlagValue::Bool(false)) => false,
            Answer::Value(FlagValue::Bool(true)) => true,
            Answer::Value(_) | Answer::Failed(_) => return true,
        };
        if killed || shipping.kills.any() {
            let by = evaluation.rule.as_deref().unwrap_or_default();
            kill::flip_on(here.pipeline.as_ref(), KillSource::Flag, self.name, by, killed);
        }
        // Whoever saw it does not act, also where somebody else has an older answer.
        killed
    }

    /// Asks the flag that kills once more: before an effect of a unit that runs for hours.
    pub(crate) fn heed_again(&self, here: &Here) {
        let (Some(shipping), Some(decisions)) = (here.shipping(), &here.decisions) else { return };
        if self.heed_flag(here, shipping)
            && let Some((decision, true)) = decisions.restrict(self.name, 0, Decision::killed)
        {
            self.record(&decision);
        }
    }

    /// Takes back that the current unit acts: what comes later in it, or below it, is withheld.
    pub(crate) fn withhold(&self, here: &Here, decision: Decision) {
        let Some(decisions) = &here.decisions else { return };
        let limit = |known: Decision| if known.stage.acts() { decision } else { known };
        if let Some((now, true)) = decisions.restrict(self.name, decision.generation, limit) {
            self.record(&now);
            experiment::forget();
        }
    }

    /// A decision of this unit, after somebody flipped a kill switch or forced a dry run.
    fn recheck(&self, here: &Here, decision: Decision) -> Decision {
        let (Some(shipping), Some(decisions)) = (here.shipping(), &here.decisions) else {
            return decision;
        };
        // Read first, as above.
        let generation = shipping.kills.generation();
        if decision.generation == generation {
            return decision;
        }
        let killed = self.is_killed(&shipping.kills);
        let dry = decisions.is_dry();
        let limited = decisions.restrict(self.name, generation, |known| match (killed, dry) {
            (true, _) => known.killed(),
            (false, true) => known.dry(),
            (false, false) => known,
        });
        let Some((now, is_news)) = limited else { return decision };
        if is_news {
            self.record(&now);
        }
        now
    }

    /// What a gate of the current unit answered before, unless there was a kill since.
    #[inline]
    pub(crate) fn gated(&self) -> Option<bool> {
        let found = slot::with_own(|unit| {
            let generation = unit.pipeline.as_ref()?.shipping.kills.generation();
            unit.decisions.with(|state| state.gate(self.name, generation))
        });
        found.flatten()
    }

    /// Records what a gate would do, once a unit.
    pub(crate) fn note_gate(&self, here: &Here, stage: Stage) {
        if here.decisions.as_ref().is_none_or(|decisions| decisions.note_gate(self.name))
            || stage == Stage::Off
        {
            return;
        }
        let [act] = self.would_act.get("would", self.name, ["act"]);
        write::set_static(act, Value::Bool(true));
        if stage.acts() {
            let [act] = self.did_act.get("did", self.name, ["act"]);
            write::set_static(act, Value::Bool(true));
        }
    }

    pub(crate) fn record(&self, decision: &Decision) {
        record(self.names.get("change", self.name, MEMBERS), decision);
    }

    /// What the unit that is current decided, unless there was a kill since.
    #[inline]
    pub(crate) fn decided(&self) -> Option<Decision> {
        let found = slot::with_own(|unit| {
            let generation = unit.pipeline.as_ref()?.shipping.kills.generation();
            let decided = unit.decisions.with(|state| state.own_change(self.name));
            decided.filter(|decision| decision.generation == generation)
        });
        found.flatten()
    }
}

/// Records a decision of a change that is known by name only.
pub(crate) fn record_by_name(name: &'static str, decision: &Decision) {
    record(interned("change", name, MEMBERS), decision);
}

fn record(keys: &'static [Key; 5], decision: &Decision) {
    let [stage, reason, ring, bucket, variant] = keys;
    write::set_static(stage, Value::Str(decision.stage.as_str()));
    write::set_static(reason, Value::Str(decision.cause.as_str()));
    if let Some(name) = decision.ring {
        write::set_static(ring, Value::Str(name));
    }
    if let Some(number) = decision.bucket {
        write::set_static(bucket, Value::U64(number.into()));
    }
    if let Some(name) = decision.variant {
        write::set_static(variant, Value::Str(name));
    }
}

/// The stage of a change in the current unit, which from now on stays; recorded as
/// `change.<name>.stage`.
///
/// ```
/// ode_core::change!(Compress = "compress");
/// let stage = ode_core::WideEvent::builder("column").run(|| ode_core::stage::<Compress>());
/// assert_eq!(stage, ode_core::Stage::Off); // nothing is set up
/// ```
pub fn stage<C: Change>() -> Stage {
    C::declaration().decide().stage
}
