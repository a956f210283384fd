//! Durations as people read them.

use std::fmt::{self, Display};
use std::time::Duration;

/// Three digits that count, in the unit that shows them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Human(pub(crate) Duration);

impl Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (duration, nanos) = (self.0, self.0.as_nanos());
        let (unit, name) = match nanos {
            0..1_000 => return write!(f, "{nanos} ns"),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..1_000_000_000 => (1_000_000, "ms"),
            1_000_000_000..60_000_000_000 => (1_000_000_000, "s"),
            _ => return write!(f, "{}m {:02}s", duration.as_secs() / 60, duration.as_secs() % 60),
        };
        let (whole, part) = (nanos / unit, nanos % unit * 1_000 / unit);
        match whole {
            0..10 => write!(f, "{whole}.{:02} {name}", part / 10),
            10..100 => write!(f, "{whole}.{} {name}", part / 100),
            _ => write!(f, "{whole} {name}"),
        }
    }
}
