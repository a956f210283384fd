//! The rules of flags: JSON Logic with the operators that flagd adds.
//!
//! A rule is compiled when its file is read, so that a mistake is found then and asking costs little.

mod coerce;
mod compile;
mod evaluate;
mod expr;
mod sem_ver;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use compile::Compiler;
pub(crate) use evaluate::Question;
pub(crate) use expr::Expr;
pub(crate) use value::Val;
