//! [`force_dry_run`]: nothing acts from here on down.

use crate::context::slot::{self, Ambient};
use crate::context::write;
use crate::ship::change;
use crate::sync::Arc;

/// From now on no change acts in the current unit and in the units opened below it: a dry run that
/// a request asks for, say. What acted already, acted. There is no way back, and no way to force
/// the opposite.
///
/// For the whole process: `ODE_DRY_RUN=1`, or `Setup::dry_run`.
///
/// ```
/// ode_core::WideEvent::builder("import").run(|| {
///     ode_core::force_dry_run();
///     // ...
/// });
/// ```
pub fn force_dry_run() {
    let found = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => unit.pipeline.clone().zip(Some(Arc::clone(unit.decisions.share()))),
        Ambient::Joined(shared) => shared.pipeline().zip(shared.decisions()),
    });
    let Some((pipeline, decisions)) = found.flatten() else { return write::missed() };
    let taken_back = decisions.force_dry_run();
    // Units that are open below have decided, too.
    pipeline.shipping.kills.age();
    for (name, decision) in taken_back {
        change::record_by_name(name, &decision);
    }
}
