//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::decide::DEFAULT_MIN_BYTES;
use crate::problem::Problem;

pub(crate) const HELP: &str = "\
Compacts the columns of a CSV file and tells what it did, one wide event per column chunk.

Usage: compaction [OPTIONS] [CSV]

Arguments:
  [CSV]                  the table to compact; default: a week of earthquakes

Options:
  --rows-per-chunk <N>   how many rows of a column are one chunk; default: 200
  --min-bytes <N>        chunks below this size are left alone; default: 512
  --user <ID>            whose data this is, as user.id on every event; default: ada
  --app <ID>             on whose behalf, as app.id on every event; default: warehouse
  --break <COLUMN>       flip a bit in what is stored of this column, to see what an error looks like
  -h, --help             print this

Exit codes:
  0  every chunk was compacted or declined
  1  a chunk failed; the events say which and why
  2  nothing was done, for the reason given on stderr
";

/// A table that is committed beside this example.
const DEFAULT_TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/earthquakes.csv");

#[derive(Debug)]
pub(crate) enum Command {
    Help,
    Compact(Options),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) table: PathBuf,
    pub(crate) rows_per_chunk: usize,
    pub(crate) min_bytes: usize,
    pub(crate) user: String,
    pub(crate) app: String,
    pub(crate) broken_column: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            table: DEFAULT_TABLE.into(),
            rows_per_chunk: 200,
            min_bytes: DEFAULT_MIN_BYTES,
            user: "ada".to_owned(),
            app: "warehouse".to_owned(),
            broken_column: None,
        }
    }
}

pub(crate) fn parse(parser: Parser) -> Result<Command, Problem> {
    read(parser).map_err(|e| {
        Problem::new(e.to_string()).hint("`compaction --help` lists what can be given")
    })
}

fn read(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    let mut table = None;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("rows-per-chunk") => {
                options.rows_per_chunk = parser.value()?.parse::<NonZeroUsize>()?.get();
            }
            Arg::Long("min-bytes") => options.min_bytes = parser.value()?.parse()?,
            Arg::Long("user") => options.user = parser.value()?.string()?,
            Arg::Long("app") => options.app = parser.value()?.string()?,
            Arg::Long("break") => options.broken_column = Some(parser.value()?.string()?),
            Arg::Value(path) if table.is_none() => table = Some(PathBuf::from(path)),
            _ => return Err(arg.unexpected()),
        }
    }
    options.table = table.unwrap_or(options.table);
    Ok(Command::Compact(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> Result<Command, String> {
        parse(Parser::from_args(words)).map_err(|problem| problem.to_string())
    }

    #[test]
    fn options_and_the_table_are_read() {
        let words = ["--rows-per-chunk", "50", "t.csv", "--user=bob", "--break", "mag"];
        let Ok(Command::Compact(options)) = parse_words(&words) else { panic!("not understood") };
        assert_eq!(options.table, PathBuf::from("t.csv"));
        assert_eq!((options.rows_per_chunk, options.user.as_str()), (50, "bob"));
        assert_eq!(options.broken_column.as_deref(), Some("mag"));
        assert!(matches!(parse_words(&["-h"]), Ok(Command::Help)));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (words, named) in [
            (&["--level"][..], "--level"),
            (&["--rows-per-chunk", "0"], "zero"),
            (&["--min-bytes"], "--min-bytes"),
            (&["a.csv", "b.csv"], "b.csv"),
        ] {
            let message = parse_words(words).unwrap_err();
            assert!(message.contains(named) && message.contains("hint:"), "{message}");
        }
    }
}
