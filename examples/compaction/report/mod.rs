//! The look afterwards: six questions, answered from the file of events and nothing else.

mod columns;
mod events;
mod questions;
mod trials;

use std::fmt::Display;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::problem::Problem;
use events::Events;
pub(crate) use events::{is_true, named, number, read, text};
pub(crate) use trials::Trials;

/// Fits a terminal of usual width, and stays the same when the output goes to a file.
const WIDTH: u16 = 100;

/// The whole report, once the events of all `chunks` have arrived.
pub(crate) fn from_events(path: &Path, chunks: usize) -> Result<String, Problem> {
    let events = Events::from(&*read(path)?);
    if events.chunks.len() != chunks {
        let found = events.chunks.len();
        let message = format!("{} holds {found} of {chunks} chunk events", path.display());
        return Err(
            Problem::new(message).hint("does another program write to it, or is ODE_DISABLED set?")
        );
    }
    let file = path.display();
    Ok(format!(
        "\nColumn by column\n{}\n\nWhat the events say\n{}\n\n{}",
        columns::table(&events.chunks),
        questions::table(&events),
        look_further(&file.to_string()),
    ))
}

fn look_further(file: &str) -> String {
    format!(
        "\
All events: {file}
Look further, for example at what was declined although it is large:

  jq -r 'select(.\"declined.reason\" and .\"size.before\" > 1000) \
| [.\"column.name\", .\"chunk.index\", .\"declined.reason\", .\"size.before\"] | @tsv' {file}

or, after the next build has run as well, at whether errors went up or savings down:

  duckdb -c \"SELECT build_id, count(*) AS chunks, count(*) FILTER (outcome = 'error') AS errors, \
1 - sum(\\\"size.after\\\") / sum(\\\"size.before\\\") AS saved \
FROM read_json_auto('compaction-*.jsonl', union_by_name = true) \
WHERE name = 'compaction.chunk' GROUP BY build_id\"
"
    )
}

pub(crate) fn new_table() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table
}

/// With these columns as numbers stand.
pub(crate) fn right_aligned(mut table: Table, columns: Range<usize>) -> Table {
    for index in columns {
        if let Some(column) = table.column_mut(index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// `1234567` as `1,234,567`; of a whole number.
pub(crate) fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1_000.0)
}

/// How much smaller `after` is, rounded down so that it never claims too much.
pub(crate) fn percent_saved(before: u64, after: u64) -> u64 {
    (before.saturating_sub(after) * 100).checked_div(before).unwrap_or(0)
}

/// Each different item with how often it occurs, the most frequent first.
pub(crate) fn count_by<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<(T, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for item in items {
        *counts.entry(item).or_insert(0) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

/// `179 ok, 91 declined`
pub(crate) fn counted<T: Display, N: Display>(counts: &[(T, N)]) -> String {
    let parts: Vec<_> = counts.iter().map(|(item, count)| format!("{count} {item}")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn savings_never_claim_too_much() {
        assert_eq!(percent_saved(0, 0), 0);
        assert_eq!(percent_saved(3, 1), 66);
        assert_eq!(percent_saved(10, 11), 0);
    }

    #[test]
    fn the_most_frequent_comes_first() {
        assert_eq!(count_by(["b", "a", "b"]), [("b", 2), ("a", 1)]);
    }
}
