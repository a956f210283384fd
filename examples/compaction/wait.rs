//! Waits for what happens on another thread.

use std::thread::sleep;
use std::time::Duration;

use crate::problem::Problem;

const PAUSE: Duration = Duration::from_millis(5);

/// A minute's worth of pauses, for a machine that has other things to do.
const PAUSES: u32 = 12_000;

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), Problem> {
    for _ in 0..PAUSES {
        if holds() {
            return Ok(());
        }
        sleep(PAUSE);
    }
    Err(Problem::new(format!("waited for a minute, and in vain: {what}")))
}
