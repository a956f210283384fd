//! JSON lines from the outside: values, files, processes, writers that fail, terminals, readers.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may fail")]

#[path = "../cases/mod.rs"]
mod cases;
mod checks;
#[cfg(unix)]
mod files;
mod fuzz;
#[cfg(unix)]
mod processes;
mod properties;
#[cfg(unix)]
mod roles;
#[cfg(unix)]
mod rotating_processes;
#[cfg(unix)]
mod rotation;
#[cfg(unix)]
mod rotation_attacks;
#[cfg(unix)]
mod standard_output;
mod support;
mod terminals;
mod values;
mod writers;
