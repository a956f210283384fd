//! The pipeline from the outside: bounds, batches, exporters that fail, flush and shutdown, and
//! the ledger over all of it.
//!
//! Nothing here sleeps in order to be in time, and nothing judges milliseconds: a test waits for
//! what must happen, under a watchdog, and time that matters is moved by hand.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper that fails is a test that fails"
)]

mod batches;
mod conservation;
mod contexts;
mod diagnostics;
mod exporters;
mod flush;
mod overflow;
mod queue;
mod redaction;
mod retries;
mod sampling;
mod support;
