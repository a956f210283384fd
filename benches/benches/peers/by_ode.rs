//! The checkout by ode, as JSON lines. As OTLP, and to nobody, it is in `common/by_ode.rs`.

use ode::exporters::JsonLines;
use ode::{Batch, ExportError, Exporter};
use ode_benches::by_ode::checkout;
use ode_benches::measure::hot;
use ode_benches::side::Measure;

use crate::checked::through_lines;
use crate::common::by_ode::{EVERY, flush, with_ode};
use crate::lines::{self, To};

/// JSON lines, which a flush does not make durable: others' are not either.
struct WithoutSync(JsonLines);

impl Exporter for WithoutSync {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.0.export(batch)
    }
}

pub(crate) fn json(measure: impl Measure, to: To) -> f64 {
    // Its own writer of files, which takes a batch at once.
    let lines = match to {
        To::File => JsonLines::file(lines::folder().join("ode.jsonl")).expect("a file"),
        To::Nowhere => {
            lines::open(to);
            JsonLines::writer(Batches)
        }
    };
    with_ode(WithoutSync(lines), || through_lines(measure, EVERY, checkout, flush))
}

/// Counts the lines of a batch.
struct Batches;

impl std::io::Write for Batches {
    fn write(&mut self, lines: &[u8]) -> std::io::Result<usize> {
        lines::take_all(lines, lines::count(lines));
        Ok(lines.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Nothing is set up.
pub(crate) fn off(units: usize) -> f64 {
    let carts = ode_benches::cart::carts();
    hot(units, 16, |at| checkout(&carts[at]), || ())
}
