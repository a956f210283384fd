//! The weekend: the change goes from a dry run to live in four runs of this program, each a build of
//! its own, and what they left behind is laid side by side.
//!
//! `days.rs` says what each day does, `runs.rs` has it done, `closing.rs` puts together what the others
//! see in the events.

mod builds;
mod closing;
mod days;
mod kill;
mod prediction;
mod runs;

pub(crate) use closing::run;
