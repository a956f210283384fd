//! The parts of the compaction example, tested without the process around them: each module holds
//! its own tests. `tests/compaction.rs` runs the whole program.

#![expect(dead_code, reason = "what only `main.rs` uses")]

mod args;
mod chunk;
mod codec;
mod column_type;
mod compact;
mod decide;
mod layout;
mod output;
mod problem;
mod progress;
mod report;
mod run;
mod table;
mod values;
