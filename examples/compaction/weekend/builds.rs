//! Old build against new: one row for each.

use std::time::Duration;

use comfy_table::Table;
use ode::{Event, Outcome};

use super::days::Past;
use crate::report::{
    count_by, counted, grouped, is_true, milliseconds, new_table, number, percent_saved,
    right_aligned, text,
};

pub(super) fn table(days: &[Past]) -> Table {
    let mut table = new_table();
    table.set_header([
        "build", "chunks", "codec", "errors", "planned", "stored", "saved", "p50", "p99",
    ]);
    for day in days {
        table.add_row(row(day));
    }
    right_aligned(table, 3..9)
}

fn row(past: &Past) -> Vec<String> {
    let chunks: Vec<&Event> = past.chunks().collect();
    let stages = chunks.iter().filter_map(|chunk| text(chunk, "change.compress.stage"));
    let errors = chunks.iter().filter(|chunk| chunk.outcome() == Outcome::Error).count();
    let sum = |field: &str, of: &dyn Fn(&&&Event) -> bool| -> u64 {
        chunks.iter().filter(of).map(|chunk| number(chunk, field)).sum()
    };
    let planned = |chunk: &&&Event| is_true(chunk, "would.compress.act");
    let before = sum("size.before", &|_| true);
    let mut durations: Vec<Duration> = chunks.iter().map(|chunk| chunk.duration()).collect();
    durations.sort();
    vec![
        past.day.name().to_owned(),
        counted(&count_by(stages)),
        counted(&count_by(chunks.iter().filter_map(|chunk| codec_of(chunk)))),
        grouped(errors),
        grouped(sum("would.compress.bytes_after", &planned)),
        grouped(sum("did.compress.bytes_after", &|_| true)),
        format!("{} %", percent_saved(before, sum("size.after", &|_| true))),
        milliseconds(percentile(&durations, 50)),
        milliseconds(percentile(&durations, 99)),
    ]
}

/// Who answered, where anybody was asked.
fn codec_of(chunk: &Event) -> Option<&'static str> {
    match text(chunk, "experiment.codec.answered")?.as_str() {
        "control" => Some("old"),
        _ => Some("new"),
    }
}

/// The smallest that this percentage of all does not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_there() {
        let sorted: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), Duration::from_millis(100));
        assert_eq!(percentile(&sorted, 99), Duration::from_millis(198));
        assert_eq!(percentile(&sorted[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
