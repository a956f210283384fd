//! `#[derive(EventFields)]`: attributes, facts about the type, what does not fit, tokens.

pub(crate) mod attrs;
pub(crate) mod casing;
pub(crate) mod check;
pub(crate) mod expand;
pub(crate) mod model;
mod stages;

#[cfg(test)]
mod tests;

pub(crate) use stages::event_fields;
