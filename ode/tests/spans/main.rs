//! Units and the spans of others: `tracing` spans that carry a unit's ids, parents that line up with
//! OpenTelemetry in both directions, and every unit exported once.
//!
//! What is set up for a whole process is tested in one: this program again, with [`support::ROLE`]
//! set.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper that fails is a test that fails")]
#![expect(clippy::disallowed_methods, reason = "threads and channels of the host's, not of ode's")]

mod apart;
mod logs;
mod once;
mod parents;
mod processes;
mod support;

/// Plays the part named by the environment; nothing in an ordinary run.
#[test]
fn role() {
    if let Some(name) = std::env::var_os(support::ROLE) {
        processes::play(name.to_str().unwrap());
    }
}
