//! What the parts that a test program plays have to say.

use std::io::Write;

/// A line on standard error. In one piece: ode's threads write there, too, and wait for no lock.
macro_rules! say {
    ($($part:tt)*) => {
        crate::say::say(&format!($($part)*))
    };
}

pub(crate) fn say(line: &str) {
    let written = std::io::stderr().write_all(format!("{line}\n").as_bytes());
    assert!(written.is_ok(), "{written:?}");
}
