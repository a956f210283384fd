//! One column chunk: some rows of one column, the unit that is compacted.

use std::collections::HashSet;
use std::fmt;

use crate::column_type::ColumnType;
use crate::table::Table;

/// A column and what all of its values have in common.
#[derive(Debug)]
pub(crate) struct Column<'t> {
    pub(crate) table: &'t str,
    pub(crate) name: &'t str,
    pub(crate) index: usize,
    pub(crate) holds: ColumnType,
}

#[derive(Debug)]
pub(crate) struct Chunk<'t> {
    pub(crate) column: &'t Column<'t>,
    pub(crate) index: usize,
    /// Counted from 1, as people count rows.
    pub(crate) first_row: usize,
    /// `None` is a missing value.
    pub(crate) cells: Vec<Option<&'t str>>,
}

/// What one pass over a chunk's cells tells.
#[derive(Debug, PartialEq, Eq, ode::EventFields)]
#[event(prefix = "chunk")]
pub(crate) struct Shape {
    pub(crate) rows: usize,
    pub(crate) nulls: usize,
    pub(crate) distinct: usize,
    /// Of the texts as written, in bytes.
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
}

pub(crate) fn columns(table: &Table) -> Vec<Column<'_>> {
    let describe = |(index, name)| Column {
        table: &table.name,
        name,
        index,
        holds: ColumnType::infer(table.cells(index, 0..table.row_count()).flatten()),
    };
    table.columns.iter().map(String::as_str).enumerate().map(describe).collect()
}

pub(crate) fn chunks<'t>(
    table: &'t Table,
    column: &'t Column<'t>,
    rows_per_chunk: usize,
) -> impl Iterator<Item = Chunk<'t>> {
    let starts = (0..table.row_count()).step_by(rows_per_chunk);
    starts.enumerate().map(move |(index, start)| {
        let end = table.row_count().min(start.saturating_add(rows_per_chunk));
        let cells = table.cells(column.index, start..end).collect();
        Chunk { column, index, first_row: start + 1, cells }
    })
}

impl<'t> Chunk<'t> {
    pub(crate) fn present(&self) -> Vec<&'t str> {
        self.cells.iter().flatten().copied().collect()
    }

    pub(crate) fn shape(&self) -> Shape {
        let present = || self.cells.iter().flatten();
        Shape {
            rows: self.cells.len(),
            nulls: self.cells.len() - present().count(),
            distinct: present().collect::<HashSet<_>>().len(),
            min_length: present().map(|text| text.len()).min(),
            max_length: present().map(|text| text.len()).max(),
        }
    }

    /// The values that are not of the column's type, if there are any.
    pub(crate) fn misfits(&self) -> Option<Misfits<'t>> {
        let expected = self.column.holds;
        let mut misfits = (self.first_row..).zip(&self.cells).filter_map(|(row, cell)| {
            cell.filter(|value| !expected.fits(value)).map(|value| (row, value))
        });
        let (row, value) = misfits.next()?;
        Some(Misfits { count: misfits.count() + 1, rows: self.cells.len(), expected, row, value })
    }
}

/// Reads as a warning.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfits<'t> {
    pub(crate) count: usize,
    rows: usize,
    expected: ColumnType,
    row: usize,
    value: &'t str,
}

impl fmt::Display for Misfits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, rows, expected, row, value } = self;
        // One bad value may be a whole document; its beginning is enough to find it.
        let start: String = value.chars().take(32).collect();
        let expected = format!("{expected:?}").to_lowercase();
        write!(f, "{count} of {rows} values are not {expected}, first in row {row}: {start:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk_of<'t>(column: &'t Column<'t>, cells: &[Option<&'t str>]) -> Chunk<'t> {
        Chunk { column, index: 1, first_row: 513, cells: cells.to_vec() }
    }

    const CODE: Column<'_> =
        Column { table: "t", name: "code", index: 0, holds: ColumnType::Int64 };

    #[test]
    fn a_shape_leaves_missing_values_out_of_the_lengths() {
        let chunk = chunk_of(&CODE, &[Some("1"), None, Some("20"), Some("1")]);
        let expected =
            Shape { rows: 4, nulls: 1, distinct: 2, min_length: Some(1), max_length: Some(2) };
        assert_eq!(chunk.shape(), expected);
        assert_eq!(chunk_of(&CODE, &[None]).shape().max_length, None);
    }

    #[test]
    fn the_first_misfit_is_named_with_its_row() {
        let chunk = chunk_of(&CODE, &[Some("1"), None, Some("00620911"), Some("x")]);
        let warning = chunk.misfits().unwrap().to_string();
        assert_eq!(warning, r#"2 of 4 values are not int64, first in row 515: "00620911""#);
        assert_eq!(chunk_of(&CODE, &[Some("1")]).misfits(), None);
    }
}
