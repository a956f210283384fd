//! The private record of an open unit: a typed arena that the running task owns outright.
//!
//! Recording appends; nothing is looked up. Which write of a key counts is decided afterwards, on
//! the worker, by [`resolve`].

pub(crate) mod buffer;
pub(crate) mod compact;
pub(crate) mod counter;
pub(crate) mod fields;
pub(crate) mod format;
pub(crate) mod index;
pub(crate) mod losses;
pub(crate) mod prepare;
pub(crate) mod resolve;
pub(crate) mod sequence;

pub use fields::{EventFields, Fields, Unrecorded};
