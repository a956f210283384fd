//! The hand-over of records under Loom: `intake.rs`, `control.rs` and `ledger.rs` of `ode-core` as
//! they are, with stand-ins for what they move about.
//!
//! Loom tries every order of steps, and every value that a memory of weak order may show, so only the
//! smallest part of the pipeline fits. The whole of it is in `models/shuttle`.
#![forbid(unsafe_code)]
#![expect(dead_code, unreachable_pub, reason = "only a part of these files is modelled")]

mod clock;
mod event;
mod fork;
mod pipeline;
mod record;
mod sync;

#[cfg(test)]
mod flushing;
#[cfg(test)]
mod handing_over;
#[cfg(test)]
mod support;
