//! [`Refusing`]: work that cannot be withheld halfway.

use std::error::Error;
use std::fmt;

use crate::context::decline;
use crate::ship::change::Change;
use crate::ship::dry_run::DryRun;
use crate::ship::stage::Stage;

/// A dry run of work that cannot be withheld halfway, made by [`DryRun::refuse`]: where the change
/// does not act it refuses as a whole, before anything ran.
///
/// For an operation whose first steps have effects that no plan can stand for: it reserves something
/// elsewhere, or asks a service that has no dry run of its own. There is no way to a plan but through
/// [`Refusing::check`], so it cannot be forgotten.
///
/// ```
/// use ode_core::{DryRun, Refused, Refusing, WideEvent};
/// ode_core::change!(Invoice = "invoice");
/// static INVOICE: Refusing<Invoice> = DryRun::new().refuse("numbers_are_drawn");
///
/// fn draw_number() -> u64 {
///     unreachable!("nothing is set up, so nothing is live")
/// }
/// fn invoice() -> Result<(), Refused> {
///     let invoice = INVOICE.check()?;
///     let number = draw_number();
///     # let (_, _) = (invoice, number);
///     Ok(())
/// }
/// let refused = WideEvent::builder("invoice").run(invoice).unwrap_err();
/// assert_eq!(refused.reason(), "numbers_are_drawn");
/// ```
pub struct Refusing<C> {
    dry_run: DryRun<C>,
    reason: &'static str,
}

impl<C: Change> Refusing<C> {
    pub(super) const fn new(dry_run: DryRun<C>, reason: &'static str) -> Self {
        assert!(!reason.is_empty(), "a refusal needs a reason");
        Self { dry_run, reason }
    }

    /// The stage of the change in the current unit, as [`DryRun::stage`].
    #[inline]
    pub fn stage(&self) -> Stage {
        self.dry_run.stage()
    }

    /// The way to plan and commit, where the change acts. Asked first, before anything else is done.
    ///
    /// What is planned then can still be withheld, with everything before it done: a kill, a budget
    /// or a precondition comes between.
    ///
    /// # Errors
    /// Where the change does not act. The unit is then declined, for the reason given to
    /// [`DryRun::refuse`].
    pub fn check(&self) -> Result<&DryRun<C>, Refused> {
        let stage = self.stage();
        if stage.acts() {
            return Ok(&self.dry_run);
        }
        decline(self.reason);
        Err(Refused { change: C::NAME, stage, reason: self.reason })
    }
}

impl<C: Change> fmt::Debug for Refusing<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusing")
            .field("dry_run", &self.dry_run)
            .field("reason", &self.reason)
            .finish()
    }
}

/// Work was refused, because its change does not act and it cannot be withheld halfway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    change: &'static str,
    stage: Stage,
    reason: &'static str,
}

impl Refused {
    /// The name of the change.
    pub fn change(&self) -> &'static str {
        self.change
    }

    /// The stage it is in.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Why it cannot be withheld halfway.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { change, stage, reason } = self;
        write!(f, "{change} is in stage {stage} and cannot be withheld halfway: {reason}")
    }
}

impl Error for Refused {}
