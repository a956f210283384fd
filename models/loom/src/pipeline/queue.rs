//! How a queue is set up.

use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overflow {
    DropNewest,
    DropOldest,
    BlockFor(Duration),
}

#[derive(Clone, Debug)]
pub(crate) struct QueueSettings {
    pub(crate) capacity: usize,
    pub(crate) capacity_bytes: usize,
    pub(crate) batch_events: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) batch_delay: Duration,
    pub(crate) overflow: Overflow,
}
