//! The back of `set!`, `set_inherited!`, `incr!`, `append!` and `timed!`, and of `fields(..)` in
//! `#[instrument_event]`. Works on tokens alone: a library that only adds fields never builds syn.

pub(crate) mod expand;
pub(crate) mod grammar;
pub(crate) mod key;
pub(crate) mod literal;
pub(crate) mod parse;
pub(crate) mod split;
mod stages;
pub(crate) mod timed;

#[cfg(test)]
mod tests;

pub(crate) use stages::{list, timed};
