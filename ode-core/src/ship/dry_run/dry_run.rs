//! [`DryRun`]: a change that plans before it acts.

use std::fmt;
use std::marker::PhantomData;

use crate::EventFields;
use crate::context::slot;
use crate::context::write;
use crate::event::keys::Key;
use crate::event::value::Value;
use crate::ship::change::Change;
use crate::ship::decide::{Cause, Decision};
use crate::ship::dry_run::budget::{self, Budget};
use crate::ship::dry_run::effect::Underway;
use crate::ship::dry_run::fields;
use crate::ship::dry_run::planned::Planned;
use crate::ship::dry_run::refusing::Refusing;
use crate::ship::keys::Names;
use crate::ship::kill::Acting;
use crate::ship::shipping::Here;
use crate::ship::stage::Stage;

/// A change that says what it would do, and does it where it is live.
///
/// The work is written once, as a plan, which looks and decides and changes nothing, and an effect,
/// which gets a [`Live`](crate::Live) and does it. The plan is recorded as `would.<change>.*`
/// whether or not it is carried out, what was done as `did.<change>.*`; [`calibration`] compares
/// them.
///
/// | stage | recorded | the effect |
/// |---|---|---|
/// | `Off` | `change.<name>.stage` | is not called |
/// | `DryRun`, `Shadow` | the plan too | is not called |
/// | `Live`, `RampDown`, `Complete` | the plan, and what was done | is called |
///
/// Where nothing is set up, and whenever something is unclear, the stage is `Off`. Without a word
/// from anybody else it is `DryRun`.
///
/// Declared as a `static`. One plan of a change in a unit: a second one's fields replace the first's,
/// so that a loop opens a unit for each of what it goes over.
///
/// ```
/// use ode_core::{Commit, DryRun, EventFields, Fields, Live, LiveOnly, WideEvent};
///
/// ode_core::change!(Compress = "compress");
/// static COMPRESS: DryRun<Compress> = DryRun::new();
///
/// struct Plan { bytes_after: u64 }
/// impl EventFields for Plan {
///     fn record(&self, fields: &mut Fields<'_>) {
///         fields.set("bytes_after", self.bytes_after); // would.compress.bytes_after
///     }
/// }
///
/// fn overwrite(_live: &Live<Compress>, _plan: Plan) -> std::io::Result<()> {
///     unreachable!("nothing is set up, so nothing is live")
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let commit = WideEvent::builder("column").run(|| {
///     COMPRESS.plan(Plan { bytes_after: 70 }).commit(overwrite)
/// })?;
/// if let Commit::Withheld(plan) = commit {
///     println!("would leave {} bytes", plan.bytes_after);
/// }
/// # Ok(())
/// # }
/// ```
///
/// [`calibration`]: crate::calibration
pub struct DryRun<C> {
    /// In the place of the change's own.
    flag: Option<&'static str>,
    default: Option<Stage>,
    budget: Option<Budget>,
    flag_names: Names<4>,
    would_act: Names<1>,
    did_act: Names<1>,
    error: Names<1>,
    change: PhantomData<fn() -> C>,
}

impl<C: Change> DryRun<C> {
    /// A dry run whose stage comes from where [`change!`](crate::change) says.
    pub const fn new() -> Self {
        Self {
            flag: None,
            default: None,
            budget: None,
            flag_names: Names::new(),
            would_act: Names::new(),
            did_act: Names::new(),
            error: Names::new(),
            change: PhantomData,
        }
    }

    /// The stage where no source knows, in the place of the change's own default: `Off`, `DryRun` or
    /// `Shadow`.
    ///
    /// # Panics
    /// For a stage that acts: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn default_stage(mut self, stage: Stage) -> Self {
        assert!(
            !stage.acts(),
            "a dry run does not act by default, so this is `Off`, `DryRun` or `Shadow`; `Live` comes \
             from a flag, a file or `ode::setup(..).stage::<TheChange>(Stage::Live)`"
        );
        self.default = Some(stage);
        self
    }

    /// Which flag carries the stage, in the place of the change's own. A unit decides about a change
    /// once: where it has met the change elsewhere, by the flag of that place, that holds.
    ///
    /// # Panics
    /// For an empty key: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn stage_flag(mut self, key: &'static str) -> Self {
        assert!(!key.is_empty(), "a flag needs a key");
        self.flag = Some(key);
        self
    }

    /// How much may be done; without one, there is no limit.
    #[must_use]
    pub const fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// For work that cannot be done halfway: where the change does not act it refuses, for this
    /// reason, before anything ran. See [`Refusing`].
    ///
    /// # Panics
    /// For an empty reason: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn refuse(self, reason: &'static str) -> Refusing<C> {
        Refusing::new(self, reason)
    }

    /// The stage of the change in the current unit, which from now on stays, unless there is a kill;
    /// recorded as `change.<name>.stage`.
    #[inline]
    pub fn stage(&self) -> Stage {
        let change = C::declaration();
        change.decided().unwrap_or_else(|| self.decide_in(&Here::find())).stage
    }

    /// Records what would be done, as `would.<change>.*`, in every stage but `Off`; with
    /// `would.<change>.act` true, unless the plan has a field `act` that says otherwise.
    pub fn plan<P: EventFields>(&self, plan: P) -> Planned<'_, C, P> {
        let stage = self.stage();
        if stage != Stage::Off {
            fields::record("would", C::NAME, self.would_key(), &plan);
        }
        Planned::new(self, stage, plan)
    }

    fn decide_in(&self, here: &Here) -> Decision {
        let change = C::declaration();
        let flag = self.flag.unwrap_or(change.flag_key());
        let default = self.default.unwrap_or(change.default_stage());
        change.decide_by(here, flag, &self.flag_names, default)
    }

    /// Begins an effect of this cost, of a change that acts; `None` where it must not run after all.
    pub(super) fn begin(&self, cost: Option<u64>) -> Option<Underway<'_, C>> {
        let here = Here::find();
        if !self.has_budget_for(&here, cost) {
            self.withhold_for_budget(&here);
            return None;
        }
        let acting = Acting::begin(&here, C::NAME)?;
        // From here on a kill waits for the effect; one that came before must still be heeded.
        C::declaration().heed_again(&here);
        self.stage().acts().then(|| Underway::new(self, acting))
    }

    fn has_budget_for(&self, here: &Here, cost: Option<u64>) -> bool {
        let Some(budget) = self.budget else { return true };
        match (&here.pipeline, cost) {
            (Some(pipeline), Some(cost)) => budget::reserve(pipeline, C::NAME, budget, cost),
            _ => false,
        }
    }

    fn withhold_for_budget(&self, here: &Here) {
        let decided = self.decide_in(here);
        // A kill in between is the better reason.
        if decided.stage.acts() {
            let withheld = Decision { stage: Stage::DryRun, cause: Cause::Budget, ..decided };
            C::declaration().withhold(here, withheld);
        }
    }

    pub(super) fn record_did(&self, done: &impl EventFields) {
        let [act] = self.did_act.get("did", C::NAME, ["act"]);
        fields::record("did", C::NAME, act, done);
    }

    /// The plan is out of date.
    pub(super) fn record_would_not(&self) {
        if slot::is_current() {
            write::set_static(self.would_key(), Value::Bool(false));
        }
    }

    fn would_key(&self) -> &'static Key {
        let [act] = self.would_act.get("would", C::NAME, ["act"]);
        act
    }

    pub(super) fn error_key(&self) -> &'static Key {
        let [error] = self.error.get("did", C::NAME, ["error"]);
        error
    }
}

impl<C: Change> Default for DryRun<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Change> fmt::Debug for DryRun<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DryRun")
            .field("change", &C::NAME)
            .field("flag", &self.flag)
            .field("default", &self.default)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}
