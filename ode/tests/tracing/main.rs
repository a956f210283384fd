//! The layer for `tracing`, seen through the test kit: beside other layers, in tasks, and in whole
//! processes where a subscriber is global, as in an application.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a helper that fails is a test that fails, and roles speak"
)]

mod asynchronous;
mod fields;
mod log_records;
mod messages;
mod otlp_traffic;
mod own_traffic;
mod processes;
mod receiver;
mod reentrance;
mod rules;
mod said;
mod spans;
mod stacks;
mod support;
mod writers;

/// Plays the part named by the environment; nothing in an ordinary run.
#[test]
fn role() {
    processes::play();
}
