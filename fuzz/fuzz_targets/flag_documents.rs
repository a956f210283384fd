//! Any text as a document of flags.
#![no_main]

#[path = "../../ode/tests/flags/checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| checks::document(text));
