//! The fields of a record, of which there are none.

pub(crate) mod buffer;
