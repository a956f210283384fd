//! How the core behaves, seen from outside: what is recorded, how units end, who may write when,
//! and what the host never notices.

mod support;

mod counters;
mod errors;
mod keys;
mod limits;
mod lists;
mod model;
mod outcomes;
mod typed;
mod unwinding;
mod values;

mod asynchronous;
mod migration;
mod nesting;
