//! How the core behaves, seen from outside: what is recorded, how units end, who may write when,
//! and what the host never notices.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail, and their numbers are small"
)]
#![expect(clippy::unnecessary_to_owned, reason = "keys made at run time are what is tested")]

mod adopted;
mod asynchronous;
mod clocks;
mod counters;
mod errors;
mod holds;
mod joined;
mod keys;
mod kit;
mod limits;
mod lists;
mod migration;
mod model;
mod nesting;
mod outcomes;
mod reentrancy;
mod support;
mod thread_end;
mod travelling;
mod typed;
mod unwinding;
mod user_panics;
mod values;
mod watching;
