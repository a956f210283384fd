//! What the macros record, seen through the test kit.

mod asynchronous;
mod derive;
mod errors;
mod fields;
mod options;
mod sync;
mod timed;
