//! `#[instrument_event]`: options, facts about the function, what does not fit, tokens.

pub(crate) mod args;
pub(crate) mod check;
pub(crate) mod expand;
pub(crate) mod model;
mod stages;

#[cfg(test)]
mod tests;

pub(crate) use stages::attribute;
