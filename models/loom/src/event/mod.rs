//! What is known of a record apart from its fields.

pub(crate) mod finished;
