//! Trace context and baggage, seen from outside: what is read from headers, what of it is believed,
//! and what is written.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests may fail, and their numbers are small"
)]

mod baggage;
mod carriers;
mod fuzz;
mod official;
mod round_trips;
mod sampling;
mod support;
mod trace_state;
mod trust;
