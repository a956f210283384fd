//! What `#[instrument_event(dry_run = ..)]` takes.

use crate::ship::change::Change;
use crate::ship::dry_run::{DryRun, Refusing};

/// What has a stage that a unit may record first.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a dry run",
    label = "`dry_run = ..` takes the path of a `static DryRun<TheChange>`",
    note = "declare it: `static COMPRESS: ode::DryRun<Compress> = ode::DryRun::new();`"
)]
pub trait Staged {
    /// Decides, and records it.
    fn note(&self);
}

impl<C: Change> Staged for DryRun<C> {
    fn note(&self) {
        self.stage();
    }
}

impl<C: Change> Staged for Refusing<C> {
    fn note(&self) {
        self.stage();
    }
}

/// Has the current unit decide about the change, and record it.
pub fn note_stage(dry_run: &impl Staged) {
    dry_run.note();
}
