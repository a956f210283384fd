//! [`Planned`]: from a plan to its effect, or to nothing.

use std::fmt;

use crate::EventFields;
use crate::context::decline;
use crate::record::format;
use crate::ship::change::Change;
use crate::ship::dry_run::DryRun;
use crate::ship::dry_run::commit::Commit;
use crate::ship::dry_run::effect::Underway;
use crate::ship::dry_run::live::{Live, live};
use crate::ship::dry_run::precondition::{Always, And, Precondition};
use crate::ship::stage::Stage;

/// A plan that was recorded and waits to be committed; made by [`DryRun::plan`].
#[must_use = "a plan does nothing until `.commit(..)`"]
pub struct Planned<'d, C, P, W = Always> {
    dry_run: &'d DryRun<C>,
    plan: P,
    /// Where the change was when the plan was made.
    stage: Stage,
    /// What it takes of the budget; `None` where the user's reckoning panicked.
    cost: Option<u64>,
    precondition: W,
}

impl<'d, C: Change, P: EventFields> Planned<'d, C, P> {
    pub(super) fn new(dry_run: &'d DryRun<C>, stage: Stage, plan: P) -> Self {
        Self { dry_run, plan, stage, cost: Some(1), precondition: Always }
    }
}

impl<'d, C: Change, P: EventFields, W: Precondition<P>> Planned<'d, C, P, W> {
    /// The plan.
    pub fn plan(&self) -> &P {
        &self.plan
    }

    /// What must still hold when the plan is committed, because the plan looked at something that
    /// others change: asked then, and where it does not hold the effect does not run and the unit is
    /// declined for this reason, with `would.<change>.act` false. In a dry run as well, so that it
    /// goes the same way. Of several the first that does not hold counts.
    ///
    /// ```
    /// use ode_core::{DryRun, Unrecorded, WideEvent};
    /// ode_core::change!(Compress = "compress");
    /// static COMPRESS: DryRun<Compress> = DryRun::new();
    /// fn version() -> u64 {
    ///     3
    /// }
    /// WideEvent::builder("column").run(|| {
    ///     let seen = version();
    ///     COMPRESS
    ///         .plan(Unrecorded("lz4"))
    ///         .precondition("changed_meanwhile", |_plan| version() == seen)
    ///         .commit(|_live, _plan| Ok::<_, std::fmt::Error>(()))
    /// })?
    /// .done();
    /// # Ok::<(), std::fmt::Error>(())
    /// ```
    pub fn precondition<F: FnOnce(&P) -> bool>(
        self,
        reason: &'static str,
        holds: F,
    ) -> Planned<'d, C, P, And<W, F>> {
        let Self { dry_run, plan, stage, cost, precondition } = self;
        let precondition = And { before: precondition, reason, holds };
        Planned { dry_run, plan, stage, cost, precondition }
    }

    /// What the effect takes of the [`Budget`](crate::Budget), in the place of 1. Asked at once; if
    /// that panics, nobody knows, and with a budget the effect is withheld.
    pub fn cost(mut self, of: impl FnOnce(&P) -> u64) -> Self {
        self.cost = format::caught(|| of(&self.plan));
        self
    }

    /// Runs the effect where the change acts, with the permission that it needs. Everywhere else it
    /// is not called, and the caller gets the plan back.
    ///
    /// Before it runs, in this order: a kill since the plan was made, the precondition, the budget,
    /// and the kill again. What the effect returns is recorded as `did.<change>.*`, and
    /// `did.<change>.act` as true; of an `Err` the type is, as `did.<change>.error`. While it runs it
    /// counts as under way: `ode.kill.settled` waits for it.
    ///
    /// A plan acts only where the change acted both when it was made and when it is committed.
    ///
    /// # Errors
    /// What the effect returns. A dry run has none.
    pub fn commit<T: EventFields, E>(
        self,
        effect: impl FnOnce(&Live<C>, P) -> Result<T, E>,
    ) -> Result<Commit<T, P>, E> {
        let (underway, plan) = match self.begin() {
            Ok(begun) => begun,
            Err(plan) => return Ok(Commit::Withheld(plan)),
        };
        let live = live();
        let result = effect(&live, plan);
        underway.over(&result);
        result.map(Commit::Done)
    }

    /// As [`Planned::commit`], for an effect that awaits. It may borrow, mutably too, and the future
    /// is `Send` where what it holds is.
    ///
    /// Everything is decided when the future is first polled. Dropped before it is done, the effect
    /// may be half done: `did.<change>.error` is then `cancelled`.
    ///
    /// ```
    /// use ode_core::{DryRun, Live, LiveOnly, Unrecorded};
    /// ode_core::change!(Purge = "purge");
    /// static PURGE: DryRun<Purge> = DryRun::new();
    /// struct Table;
    /// impl Table {
    ///     async fn delete(&self, rows: &[u64]) -> Result<(), std::io::Error> {
    ///         # let _ = rows;
    ///         Ok(())
    ///     }
    /// }
    /// async fn purge(table: &LiveOnly<Table>, rows: &mut Vec<u64>) -> Result<(), std::io::Error> {
    ///     let commit = PURGE.plan(Unrecorded(rows.len())).commit_async(async |live, _plan| {
    ///         table.get(live).delete(rows).await?;
    ///         rows.clear();
    ///         Ok::<_, std::io::Error>(())
    ///     });
    ///     if commit.await?.is_withheld() {
    ///         println!("would delete {} rows", rows.len());
    ///     }
    ///     Ok(())
    /// }
    /// # let _ = purge;
    /// ```
    ///
    /// # Errors
    /// What the effect returns. A dry run has none.
    pub async fn commit_async<T: EventFields, E>(
        self,
        effect: impl AsyncFnOnce(&Live<C>, P) -> Result<T, E>,
    ) -> Result<Commit<T, P>, E> {
        let (underway, plan) = match self.begin() {
            Ok(begun) => begun,
            Err(plan) => return Ok(Commit::Withheld(plan)),
        };
        let live = live();
        let result = effect(&live, plan).await;
        underway.over(&result);
        result.map(Commit::Done)
    }

    /// The plan, with an effect that may run now; or the plan alone.
    fn begin(self) -> Result<(Underway<'d, C>, P), P> {
        let Self { dry_run, plan, stage, cost, precondition } = self;
        let now = dry_run.stage();
        if stage == Stage::Off || now == Stage::Off {
            return Err(plan);
        }
        if let Some(reason) = precondition.unmet(&plan) {
            dry_run.record_would_not();
            decline(reason);
            return Err(plan);
        }
        if !stage.acts() || !now.acts() {
            return Err(plan);
        }
        match dry_run.begin(cost) {
            Some(underway) => Ok((underway, plan)),
            None => Err(plan),
        }
    }
}

impl<C: Change, P: fmt::Debug, W> fmt::Debug for Planned<'_, C, P, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planned")
            .field("change", &C::NAME)
            .field("stage", &self.stage)
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}
