//! OTLP from the outside: every byte against the types that are generated from the official
//! definitions, in both directions.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail"
)]

mod answer_checks;
mod answers;
#[path = "../cases/mod.rs"]
mod cases;
mod evaluations;
mod events;
mod fuzz;
mod json;
mod limits;
mod model;
mod official;
mod outcomes;
mod properties;
mod quick;
mod requests;
mod support;
mod values;
