//! To come.
pub(crate) fn play(_: &str) {}
