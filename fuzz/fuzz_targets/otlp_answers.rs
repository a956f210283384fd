//! Any bytes as what a receiver answers.
#![no_main]

#[path = "../../ode-exporters/tests/otlp_encode/answer_checks.rs"]
mod answer_checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| answer_checks::answer(bytes));
