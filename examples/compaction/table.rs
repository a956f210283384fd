//! Reads a CSV file into memory, or says in which row and line it is broken.

use std::collections::HashSet;
use std::fs::File;
use std::ops::Range;
use std::path::Path;

use csv::{ByteRecord, ReaderBuilder, StringRecord};

use crate::problem::Problem;

/// A whole CSV file: column names and rows of equal length.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    rows: Vec<StringRecord>,
}

impl Table {
    /// Reads all of `path` before anything else happens, so that a broken file costs no output.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let unreadable = |e: std::io::Error| {
            Problem::new(format!("cannot read {}: {e}", path.display()))
                .hint("give the path of a CSV file that you may read")
        };
        let file = File::open(path).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.is_dir() {
            return Err(Problem::new(format!("cannot read {}: is a directory", path.display()))
                .hint("give the path of one CSV file inside it"));
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Self::parse(name, file).map_err(|problem| problem.within(&path.display().to_string()))
    }

    fn parse(name: String, input: impl std::io::Read) -> Result<Self, Problem> {
        let mut reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(input);
        let mut record = ByteRecord::new();
        if !reader.read_byte_record(&mut record).map_err(|e| unparsable(&e))? {
            return Err(Problem::new("the file is empty")
                .hint("the first line must name the columns, as in `id,name,price`"));
        }
        let columns = column_names(&to_text(record.clone(), 0)?)?;

        let mut rows = Vec::new();
        while reader.read_byte_record(&mut record).map_err(|e| unparsable(&e))? {
            let row = rows.len() + 1;
            if record.len() != columns.len() {
                let (have, want) = (record.len(), columns.len());
                return Err(Problem::new(format!(
                    "row {row} (line {}) has {have} field(s), but the header has {want}",
                    line_of(&record)
                ))
                .hint("add the missing fields, or quote the field that contains a comma"));
            }
            rows.push(to_text(record.clone(), row)?);
        }
        if rows.is_empty() {
            return Err(Problem::new("the file has a header, but no rows")
                .hint("there is nothing to compact; give a table with at least one row"));
        }
        Ok(Self { name, columns, rows })
    }

    pub(crate) fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// The cells of one column in these rows; an empty field is a missing value.
    pub(crate) fn cells(
        &self,
        column: usize,
        rows: Range<usize>,
    ) -> impl Iterator<Item = Option<&str>> {
        let rows = self.rows.get(rows).unwrap_or_default();
        rows.iter().map(move |row| row.get(column).filter(|cell| !cell.is_empty()))
    }
}

/// Names are what events are grouped by and what is printed: none may be missing, stand twice or
/// carry control characters to the terminal.
fn column_names(header: &StringRecord) -> Result<Vec<String>, Problem> {
    let mut seen = HashSet::new();
    let mut names = Vec::with_capacity(header.len());
    for (index, written) in header.iter().enumerate() {
        let name = match written.trim() {
            "" => format!("column_{}", index + 1),
            name => name.replace(char::is_control, " "),
        };
        if !seen.insert(name.clone()) {
            return Err(Problem::new(format!("the header (line 1) names `{name}` twice"))
                .hint("rename one of the two columns"));
        }
        names.push(name);
    }
    Ok(names)
}

fn to_text(record: ByteRecord, row: usize) -> Result<StringRecord, Problem> {
    let line = line_of(&record);
    StringRecord::from_byte_record(record).map_err(|e| {
        let field = e.utf8_error().field() + 1;
        let place = if row == 0 { "the header".to_owned() } else { format!("row {row}") };
        Problem::new(format!("{place} (line {line}) is not valid UTF-8 in field {field}"))
            .hint("convert the file first, as in `iconv -f LATIN1 -t UTF-8 in.csv > out.csv`")
    })
}

fn line_of(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

fn unparsable(error: &csv::Error) -> Problem {
    Problem::new(format!("cannot read on: {error}")).hint("give a CSV file that can be read whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<Table, String> {
        Table::parse("t.csv".to_owned(), text).map_err(|problem| problem.to_string())
    }

    #[track_caller]
    fn check_refused(text: &[u8], expected: &str) {
        assert!(parse(text).unwrap_err().contains(expected), "{:?}", parse(text));
    }

    #[test]
    fn empty_fields_are_missing_values() {
        let table = parse(b"a,b\n1,\n\"\",\"x,y\"\n").unwrap();
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.cells(0, 0..2).collect::<Vec<_>>(), [Some("1"), None]);
        assert_eq!(table.cells(1, 0..2).collect::<Vec<_>>(), [None, Some("x,y")]);
    }

    #[test]
    fn byte_order_marks_and_odd_names_are_understood() {
        let table = parse(b"\xef\xbb\xbfa,,\"c\x1b[2J\"\r\n1,2,3\r\n").unwrap();
        assert_eq!(table.columns, ["a", "column_2", "c [2J"]);
    }

    #[test]
    fn broken_tables_are_refused_with_their_place() {
        check_refused(b"", "the file is empty");
        check_refused(b"a,b\n", "no rows");
        check_refused(b"a,a\n1,2\n", "names `a` twice");
        check_refused(b"a,b\n1,2\n\"3\n4\",5\n6\n", "row 3 (line 5) has 1 field(s)");
        check_refused(b"a,b\n1,2,3\n", "row 1 (line 2) has 3 field(s), but the header has 2");
        check_refused(b"a,b\n1,2\n3,\xff\n", "row 2 (line 3) is not valid UTF-8 in field 2");
        check_refused(b"a,\xff\n1,2\n", "the header (line 1) is not valid UTF-8 in field 2");
    }
}
