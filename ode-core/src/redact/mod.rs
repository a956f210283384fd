//! Redaction: what looks like a secret is taken out of an event before any exporter sees it.

pub(crate) mod apply;
pub(crate) mod keys;
pub(crate) mod rules;
pub(crate) mod text;

pub use rules::Redaction;
