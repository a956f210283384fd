//! One request through several processes is one trace: each service writes what it has to a file,
//! and the test puts it together.
//!
//! The services are this program again: with [`support::ROLE`] set, the test [`role`] plays the part
//! that is named there. They talk over loopback sockets, on ports that the system chooses.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails is a test that fails"
)]
#![expect(clippy::disallowed_methods, reason = "threads and variables of the test's, not of ode's")]

mod chains;
mod commands;
mod services;
mod support;

/// Plays the part named by the environment; nothing in an ordinary run.
#[test]
fn role() {
    match support::role().as_deref() {
        None => {}
        Some("ode") => services::ode(),
        Some("opentelemetry") => services::opentelemetry(),
        Some("both") => services::both(),
        Some("caller") => commands::caller(),
        Some("command") => commands::command(),
        Some(other) => panic!("no role {other}"),
    }
}
