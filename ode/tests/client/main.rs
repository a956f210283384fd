//! Outgoing requests, to a real server on this machine: what is recorded, and what arrives.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper that fails is a test that fails"
)]

mod retries;
mod support;
mod surroundings;
mod with_reqwest;
mod with_tower;
