//! What every format is written with: memory to write to, text in JSON quotes, digits, durations, values in plain JSON.

pub(crate) mod digits;
pub(crate) mod escape;
pub(crate) mod human;
pub(crate) mod room;
pub(crate) mod scalars;
