//! The parts of the compaction example, tested without the process around them: each module holds
//! its own tests. `tests/compaction.rs` runs the whole program.

#![expect(dead_code, unused_imports, reason = "what only `main.rs` uses")]

mod apps;
mod args;
mod changes;
mod chunk;
mod codec;
mod column_type;
mod compact;
mod decide;
mod drill;
mod effect;
mod layout;
mod mode;
mod output;
mod pack;
mod problem;
mod progress;
mod report;
mod run;
mod store;
mod table;
mod values;
mod wait;
mod weekend;
