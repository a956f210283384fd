//! Sources of flags: a document as flagd's own evaluator reads it, hostile documents, whole processes
//! with files that change.
//!
//! The program under test is this one again: with [`processes::ROLE`] set, the test [`role`] plays
//! the part that is named there.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that fails is a test that fails"
)]

#[cfg(target_os = "linux")]
#[macro_use]
#[path = "../say/mod.rs"]
mod say;

#[path = "../cases/mod.rs"]
mod cases;
mod checks;
mod generated;
mod hostile;
mod official;
mod open_feature;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod roles;
#[cfg(target_os = "linux")]
#[path = "../watchdog/mod.rs"]
mod watchdog;

/// Plays the part named by the environment; nothing in an ordinary run.
#[cfg(target_os = "linux")]
#[test]
fn role() {
    if let Some(name) = std::env::var_os(processes::ROLE) {
        roles::play(name.to_str().unwrap());
    }
}
