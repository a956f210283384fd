//! The queue, flush and shutdown of the pipeline under Shuttle: the real code, with the order of its
//! steps decided by a scheduler that looks for the order in which it fails.
//!
//! Time stands still unless a scenario lets it pass, and a wait ends only when somebody ends it: a
//! wake that is lost is a deadlock, which the checker reports.

#![expect(clippy::expect_used, reason = "a helper that fails is a test that fails")]

mod endings;
mod exporters;
mod flushing;
mod overflow;
mod support;
