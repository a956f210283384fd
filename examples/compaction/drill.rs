//! A fire drill: pulls the kill switch in the middle of a run, as somebody would who saw enough.

use std::fs;
use std::path::Path;

use ode::Change;

use crate::changes::Compress;
use crate::problem::Problem;
use crate::wait;

/// Makes the kill file and waits until ode has heeded it: from then on nothing is stored.
///
/// Whoever pulls it in earnest types `touch <file>`, and waits as little as this. The file stays:
/// until somebody removes it, no run stores anything.
pub(crate) fn kill_by(file: &Path) -> Result<(), Problem> {
    fs::write(file, "a drill\n")
        .map_err(|e| Problem::new(format!("cannot make the kill file {}: {e}", file.display())))?;
    let heeded = || ode::is_killed(Compress::NAME);
    ode::timed!("kill.heed", wait::until("the kill file is heeded", heeded))
}
