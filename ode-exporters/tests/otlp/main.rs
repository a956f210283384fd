//! OTLP at real receivers.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail"
)]

mod delivery;
mod receiver;
mod receiver_itself;
