//! What is said to the person at the terminal while the work goes on.

use std::fmt::Display;
use std::io::{self, Write};

/// One line on standard error. Whoever listened may have left, as in `2>&1 | head`: the work is not
/// stopped by that.
pub(crate) fn say(line: impl Display) {
    writeln!(io::stderr(), "{line}").ok();
}
