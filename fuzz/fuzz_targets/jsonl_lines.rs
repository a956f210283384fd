//! Any bytes as lines of events.
#![no_main]

#[path = "../../ode-exporters/tests/jsonl/checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::lines(bytes));
