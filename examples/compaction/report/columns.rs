//! Before and after, column by column.

use std::collections::BTreeMap;

use comfy_table::Table;

use super::events::ChunkEvent;
use super::{count_by, counted, grouped, new_table, percent_saved, right_aligned};

pub(super) fn table(chunks: &[ChunkEvent]) -> Table {
    let mut columns: BTreeMap<u64, Vec<&ChunkEvent>> = BTreeMap::new();
    for chunk in chunks {
        columns.entry(chunk.column_index).or_default().push(chunk);
    }

    let mut table = new_table();
    table.set_header(["column", "type", "before", "after", "saved", "stored as", "declined as"]);
    for chunks in columns.values() {
        table.add_row(row(chunks));
    }
    table.add_row(total(chunks));
    right_aligned(table, 2..5)
}

fn row(chunks: &[&ChunkEvent]) -> Vec<String> {
    let Some(first) = chunks.first() else {
        return Vec::new();
    };
    let (before, after) = sizes(chunks.iter().copied());
    let formats = chunks.iter().filter(|c| c.was_compressed).map(|c| c.stored_as());
    let reasons = chunks.iter().filter_map(|chunk| chunk.declined_reason.as_deref());
    vec![
        first.column.clone(),
        first.column_type.clone(),
        grouped(before),
        grouped(after),
        format!("{} %", percent_saved(before, after)),
        counted(&count_by(formats)),
        counted(&count_by(reasons)),
    ]
}

fn total(chunks: &[ChunkEvent]) -> Vec<String> {
    let (before, after) = sizes(chunks);
    let saved = format!("{} %", percent_saved(before, after));
    vec!["all".to_owned(), String::new(), grouped(before), grouped(after), saved]
}

fn sizes<'c>(chunks: impl IntoIterator<Item = &'c ChunkEvent>) -> (u64, u64) {
    let add = |(before, after), chunk: &ChunkEvent| (before + chunk.before, after + chunk.after);
    chunks.into_iter().fold((0, 0), add)
}
