//! Nothing.

#[derive(Debug)]
pub(crate) struct Buffer;
