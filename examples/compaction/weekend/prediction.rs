//! Was the dry run right? Friday's prediction against what Monday did, by the type of the column.

use comfy_table::Table;
use ode::calibration::{Calibration, Report, Row};

use super::days::Past;
use crate::changes::Compress;
use crate::report::{grouped, new_table, right_aligned};

/// Takes the events of both days; nothing else is known here.
pub(super) fn report(friday: &Past, monday: &Past) -> Report {
    let mut calibration = Calibration::of::<Compress>().stratum(["column.type"]);
    friday.chunks().for_each(|event| calibration.predicted(event));
    monday.chunks().for_each(|event| calibration.actual(event));
    calibration.report()
}

pub(super) fn table(report: &Report) -> Table {
    let mut table = new_table();
    table.set_header([
        "column type",
        "chunks",
        "would store",
        "stored",
        "bytes predicted",
        "bytes stored",
        "errors predicted",
        "errors",
    ]);
    for row in &report.rows {
        let name = row.stratum.iter().flatten().next().map_or("", String::as_str);
        table.add_row(cells(name, row));
    }
    table.add_row(cells("all", &report.total));
    right_aligned(table, 1..8)
}

/// Whether the same was done as was predicted, to the byte.
pub(super) fn verdict(report: &Report) -> &'static str {
    if report.rows.iter().all(is_right) {
        "The dry run was right: every number of Monday is Friday's."
    } else {
        "Monday was not what Friday predicted. What a dry run cannot see, it cannot predict."
    }
}

fn is_right(row: &Row) -> bool {
    let (predicted, actual) = (row.predicted, row.actual);
    let (bytes_predicted, bytes_done) = bytes_after(row);
    same(predicted.would_act, actual.did_act)
        && same(bytes_predicted, bytes_done)
        && same(predicted.errors, actual.errors)
}

/// These are counts, and sums of whole numbers.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.5
}

fn bytes_after(row: &Row) -> (f64, f64) {
    let sum = row.sums.iter().find(|sum| sum.field == "bytes_after");
    sum.map_or((0.0, 0.0), |sum| (sum.predicted, sum.done))
}

fn cells(name: &str, row: &Row) -> Vec<String> {
    let (predicted, actual) = (row.predicted, row.actual);
    let (bytes_predicted, bytes_done) = bytes_after(row);
    let numbers = [
        actual.units,
        predicted.would_act,
        actual.did_act,
        bytes_predicted,
        bytes_done,
        predicted.errors,
        actual.errors,
    ];
    std::iter::once(name.to_owned()).chain(numbers.map(grouped)).collect()
}
