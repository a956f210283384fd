//! [`Experiment`]: old code against new on the same input.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use crate::pipeline::engine::PipelineRef;
use crate::rng::Odds;
use crate::ship::change::{Change, Declaration};
use crate::ship::experiment::background::Side;
use crate::ship::experiment::breaker::Breaker;
use crate::ship::experiment::comparison::Comparison;
use crate::ship::experiment::ledger::ExperimentStats;
use crate::ship::experiment::record::FieldNames;
use crate::ship::experiment::settings::{self, Settings};
use crate::ship::experiment::state::State;
use crate::ship::experiment::trial::Trial;
use crate::ship::shipping::Here;
use crate::ship::stage::Stage;
use crate::sync::Arc;

/// Old code and new on the same input: one answers, the other is compared with it.
///
/// Declared as a `static`. Its [`Stage`] comes from the flag of its name, and says who answers:
///
/// | stage | answers | in the background |
/// |---|---|---|
/// | `Off`, `DryRun`; killed; not set up | control, the old code | – |
/// | `Shadow` | control | the candidate, the new code |
/// | `Live`, `RampDown` | the candidate | control, as the check |
/// | `Complete` | the candidate | – |
///
/// Where no source knows the flag the stage is `DryRun`, or [`default_stage`](Self::default_stage).
///
/// ```
/// use ode_core::{Experiment, Stage};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// static CODEC: Experiment = Experiment::new("codec")
///     .default_stage(Stage::Shadow)
///     .sample(0.01)
///     .max_concurrent(4)
///     .deadline(Duration::from_millis(50));
///
/// fn old(chunk: &Arc<[u8]>) -> usize { chunk.len() }
/// fn new(chunk: &Arc<[u8]>) -> usize { chunk.iter().count() }
///
/// let chunk: Arc<[u8]> = Arc::from([1, 2, 3]);
/// let packed = CODEC.on(&chunk).run(old, new); // `old` answers; nobody waits for `new`
/// assert_eq!(packed, 3);
/// ```
///
/// # Who waits for whom
/// The caller gets the answer of the side that answers, and never waits for the other. That one is
/// started when the answer is there: a sync side on a thread of ode's (`ode-trial-1`, …, one for each
/// place of the bulkhead, ended after ten idle seconds), an async side on the host's runtime. So it
/// outlives the call: both sides are `'static`, take the input as an argument, and the input is
/// cloned when the trial is sampled. [`run_inline`](Self::run_inline) borrows instead, and waits.
///
/// # What is on events
/// On the unit that asked: `experiment.<name>.stage`, `.sampled` (whether any trial of the unit was),
/// `.answered` (`control` or `candidate`), `.not_run` (why the other side was not started).
///
/// The other side has a unit of its own, `<name>.candidate`, or `<name>.control` where control is the
/// check, or `<name>.noise`: a trace of its own, linked to the unit that asked (`links`). Its fields,
/// declines and errors land there. It finds the flags as the unit that asked decided them and the
/// same subject, and **no change acts in it**: it runs under a forced dry run, so that effects behind
/// a `DryRun` or a gate are not done twice. There is `experiment.<name>.match`; for a mismatch
/// `.mismatch`, a fingerprint of where and how the answers differ, `.paths`, and for the first five of
/// a fingerprint `.exemplars`, values, redacted; `.ignored`; `.control_ns` and `.candidate_ns`.
///
/// What became of every trial is in the [ledger](Self::stats), which is also the event
/// `ode.experiment.status`: once a minute while anything changes, and at shutdown.
/// `ode.experiment.never_started` on it says that a comparison does not take place.
///
/// # What is isolated, and what is not
/// Isolated from the caller are panics of the other side and of all closures of the trial, their
/// slowness, and waiting for them. When the side that *answers* panics, the panic is the caller's:
/// in `Live` and later the candidate is the code, and nothing stands behind it.
///
/// **Not isolated:** `abort`, a stack overflow, memory that the other side takes and a process that
/// runs out of it, a panic while unwinding; the CPU it uses, which the caller's threads lack; locks,
/// connections and other things that both sides share; and effects, unless they are behind a
/// `DryRun` or a gate. A panic of the other side runs the process's panic hook, which prints. A sync
/// side that never returns cannot be stopped: at the deadline it is counted as `deadline`, and its
/// thread and its place in the bulkhead stay taken (`abandoned`). A panicking or hanging `clean` or
/// `clone` of the side that answers runs on the caller's thread: its panic is caught, its time is
/// the caller's.
///
/// # Writes
/// Make both sides return a plan, as data, compare the plans, and commit the one that came back:
///
/// ```
/// # use ode_core::Experiment;
/// #[derive(Clone, PartialEq)]
/// struct Plan { rows_to_delete: Vec<u64> }
/// static RETENTION: Experiment = Experiment::new("retention");
/// # fn old_plan(table: &u64) -> Plan { Plan { rows_to_delete: vec![*table] } }
/// # fn new_plan(table: &u64) -> Plan { Plan { rows_to_delete: vec![*table] } }
/// # let table = 7;
/// let plan = RETENTION.on(&table).run(old_plan, new_plan); // pure: nothing is deleted
/// // PURGE.plan(plan).commit(|live, plan| ..)              // the one place that acts
/// # assert_eq!(plan.rows_to_delete, [7]);
/// ```
pub struct Experiment {
    name: &'static str,
    of: Of,
    settings: Settings,
    fields: FieldNames,
    units: OnceLock<[&'static str; 3]>,
    /// In the process's own pipeline.
    state: OnceLock<Arc<State>>,
}

/// What decides the stage.
enum Of {
    Name(Declaration),
    Change(fn() -> &'static Declaration),
}

impl fmt::Debug for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Experiment").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Experiment {
    /// An experiment of this name, which is also the key of the flag that carries its stage.
    ///
    /// # Panics
    /// For an empty name: in a `static`, so it fails to compile.
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty(), "an experiment needs a name");
        Self::with(name, Of::Name(Declaration::new(name)))
    }

    /// The experiment of a change: the change's name, flag, default and rollout decide.
    ///
    /// ```
    /// use ode_core::{Experiment, Ring, Rollout};
    /// static TO_WHOM: Rollout = Rollout::new("codec").ring(Ring::percent(1.0));
    /// ode_core::change!(Codec = "codec", rollout = TO_WHOM);
    /// static CODEC: Experiment = Experiment::of::<Codec>();
    /// ```
    pub const fn of<C: Change>() -> Self {
        Self::with(C::NAME, Of::Change(C::declaration))
    }

    const fn with(name: &'static str, of: Of) -> Self {
        Self {
            name,
            of,
            settings: Settings::DEFAULT,
            fields: FieldNames::new(),
            units: OnceLock::new(),
            state: OnceLock::new(),
        }
    }

    /// Sets the stage where no source knows: any, since the one who writes the experiment has both
    /// sides at hand. Default `DryRun`, which runs control alone.
    ///
    /// # Panics
    /// For the experiment of a change, whose declaration says it: in a `static`, so it fails to
    /// compile.
    #[must_use]
    pub const fn default_stage(mut self, stage: Stage) -> Self {
        match &mut self.of {
            Of::Name(declaration) => declaration.set_any_default(stage),
            Of::Change(_) => {
                panic_default();
            }
        }
        self
    }

    /// Sets the share of the trials in which the other side runs, from 0 to 1. Default 1.
    ///
    /// # Panics
    /// Beyond these: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn sample(mut self, share: f64) -> Self {
        self.settings.sample = Odds::of(settings::share(share));
        self
    }

    /// Sets how many other sides run at once, from 1 to 1,024. Default 8. For sync sides each is a
    /// thread.
    ///
    /// # Panics
    /// Beyond these: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn max_concurrent(mut self, sides: usize) -> Self {
        assert!(
            sides >= 1 && sides <= settings::MAX_CONCURRENT,
            "from 1 to 1,024 sides run at once"
        );
        self.settings.max_concurrent = sides;
        self
    }

    /// Sets how many other sides wait while others run, from 0 to 65,536; beyond it they are counted
    /// as `bulkhead_full`. Default 64. Each holds a copy of the input and an answer.
    ///
    /// # Panics
    /// Beyond these: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn max_queue(mut self, sides: usize) -> Self {
        assert!(sides <= settings::MAX_QUEUE, "from 0 to 65,536 sides wait");
        self.settings.max_queue = sides;
        self
    }

    /// Sets how long after the answer the other side may be done. Default 10 seconds. One that still
    /// waits is let go; an async side is dropped at its next `.await`; a sync side cannot be stopped,
    /// its answer will not count.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.settings.deadline = deadline;
        self
    }

    /// Sets the share of the trials, from 0 to 1, in which control is run once more in the place of
    /// the candidate: old against old. What differs then is noise, not the candidate's doing. In
    /// stage `Shadow` only; counted apart, and recorded on units `<name>.noise`. Default 0.
    ///
    /// # Panics
    /// Beyond these: in a `static`, so it fails to compile.
    #[must_use]
    pub const fn noise_control(mut self, share: f64) -> Self {
        self.settings.noise = Odds::of(settings::share(share));
        self
    }

    /// Sets when the other side is switched off by itself.
    #[must_use]
    pub const fn breaker(mut self, breaker: Breaker) -> Self {
        self.settings.breaker = breaker;
        self
    }

    /// Sets who is shown every comparison. It runs where the other side ran, in its unit: what it
    /// records lands on that event. What it panics with is caught.
    ///
    /// ```
    /// use ode_core::{Comparison, Experiment};
    /// fn note(comparison: &Comparison) {
    ///     ode_core::set! { slower = comparison.candidate_time() > comparison.control_time() };
    /// }
    /// static CODEC: Experiment = Experiment::new("codec").observe(note);
    /// ```
    #[must_use]
    pub const fn observe(mut self, observer: fn(&Comparison)) -> Self {
        self.settings.observer = Some(observer);
        self
    }

    /// Makes a test fail in whose capture a mismatch was found, when the capture is dropped. Outside
    /// a capture it does nothing. See also `Capture::assert_no_mismatches`.
    #[must_use]
    pub const fn strict(mut self) -> Self {
        self.settings.strict = true;
        self
    }

    /// A trial on this input; `.run(control, candidate)` runs it.
    ///
    /// The input is cloned only if the other side runs, so let the clone be cheap: an `Arc`.
    #[inline]
    pub fn on<'i, I: Clone + Send + 'static>(&'static self, input: &'i I) -> Trial<'i, I> {
        Trial::new(self, input)
    }

    /// The ledger of the experiment; in a test's capture, of what ran in it.
    ///
    /// ```
    /// # use ode_core::Experiment;
    /// static CODEC: Experiment = Experiment::new("codec");
    /// let trials = CODEC.stats().trials;
    /// assert!(trials.is_balanced());
    /// ```
    pub fn stats(&self) -> ExperimentStats {
        let none = || ExperimentStats { name: self.name.to_owned(), ..ExperimentStats::default() };
        self.known().map_or_else(none, |state| state.stats())
    }

    /// The state here, if there was a trial.
    pub(crate) fn known(&self) -> Option<Arc<State>> {
        let known = Here::find().pipeline?.shipping.experiments.all();
        known.into_iter().find(|state| state.name() == self.name)
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(crate) const fn fields(&self) -> &FieldNames {
        &self.fields
    }

    #[inline]
    pub(crate) fn declaration(&'static self) -> &'static Declaration {
        match &self.of {
            Of::Name(declaration) => declaration,
            Of::Change(declaration) => declaration(),
        }
    }

    /// What units of the other side are called; made once.
    pub(crate) fn unit_name(&self, side: Side) -> &'static str {
        let make = |side| &*String::leak(format!("{}.{side}", self.name));
        let [candidate, control, noise] =
            self.units.get_or_init(|| ["candidate", "control", "noise"].map(make));
        match side {
            Side::Candidate => candidate,
            Side::Control => control,
            Side::Noise => noise,
        }
    }

    /// The state in the process's own pipeline, once there is one.
    #[inline]
    pub(crate) fn state_of_process(&self) -> Option<&State> {
        self.state.get().map(|state| &**state)
    }

    pub(crate) fn state(&self, pipeline: &PipelineRef) -> Arc<State> {
        let find = || pipeline.shipping.experiments.state(self.name, &self.settings, pipeline);
        match pipeline {
            PipelineRef::Global(_) => Arc::clone(self.state.get_or_init(find)),
            PipelineRef::Scoped(_) => find(),
        }
    }
}

#[expect(clippy::panic, reason = "runs in const evaluation: this is the compile error")]
const fn panic_default() -> ! {
    panic!("the change's own declaration says its default: `change!(.., default = ..)`")
}
