//! The checkout by `emit` and `emit_file`, which writes JSON lines to files that it rolls.
//!
//! It has no other place to write to, and makes every batch durable. As OTLP it is in
//! `common/by_emit.rs`.

use ode_benches::cart::{Cart, carts};
use ode_benches::measure::hot;
use ode_benches::process::LONG;
use ode_benches::side::Measure;

use crate::checked::through_lines;
use crate::common::by_emit::{EVERY, checkout};
use crate::lines;

pub(crate) fn file(measure: impl Measure) -> f64 {
    let files = emit_file::set(lines::folder().join("emit.jsonl")).spawn();
    let setup = emit::setup().emit_to(files).init();
    let record = |cart: &Cart| assert!(checkout(cart), "a span");
    let flush = || assert!(setup.blocking_flush(LONG), "flushed");
    through_lines(measure, EVERY, record, flush)
}

/// Nothing is set up.
pub(crate) fn off(units: usize) -> f64 {
    let carts = carts();
    hot(units, 16, |at| assert!(checkout(&carts[at]), "a span that goes nowhere"), || ())
}
