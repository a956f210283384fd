//! Whole processes: set up as an application does it, ended in every way, with every variable of
//! the environment, under signals, without memory for threads, and watched by strace.
//!
//! The program under test is this one again: with [`support::ROLE`] set, the test [`role`] plays
//! the part that is named there.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that fails is a test that fails"
)]

#[macro_use]
#[path = "../say/mod.rs"]
mod say;

mod black_holes;
mod endings;
mod faults;
mod forks;
mod formatters;
mod leaks;
mod lifecycle;
mod limits;
mod outputs;
mod receivers;
mod roles;
mod scarcity;
mod signals;
mod sinks;
mod soak;
mod support;
mod syscalls;
mod threads;
mod variables;
#[path = "../watchdog/mod.rs"]
mod watchdog;

/// Plays the part named by the environment; nothing in an ordinary run.
#[test]
fn role() {
    if let Some(name) = std::env::var_os(support::ROLE) {
        roles::play(name.to_str().unwrap());
    }
}
