//! Sources of flags outside the program, and files that kill.

mod file;
mod flag_set;
mod json_logic;
mod kill_files;
mod shipped;
#[cfg(test)]
mod tests;
mod text;
mod trust;
mod watch;

pub use file::{FlagFile, FlagFileError, Reloaded};
pub use flag_set::{FlagSet, FlagSetError};
pub(crate) use kill_files::{ALL, KillFiles};
pub(crate) use shipped::Shipped;
pub(crate) use text::flags_in;
pub(crate) use watch::Waiting;
