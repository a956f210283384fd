//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::apps::Apps;
use crate::decide::DEFAULT_MIN_BYTES;
use crate::mode::Mode;
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
  --apps <N>             deal the chunks out to app-001, app-002, … app-<N>, in the place of --app
  --break <COLUMN>       flip a bit in what is packed of this column, to see what an error looks like
  --build-id <ID>        what to call this build, in the place of what the program finds out
  -h, --help             print this

How far the change has come; default: --live
  --dry-run              plan everything, store nothing
  --shadow               the same by the old codec, while the new one runs beside it
  --live-percent <P>     store for P percent of the apps
  --live                 store for all of them
  --weekend              all of these in turn, as four runs, and a look at what they left behind

To stop it:
  --kill-file <PATH>     store nothing while there is such a file
  --kill-after <N>       a drill: make that file after N chunks

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
    /// The four runs of the weekend, each with these options.
    Weekend(Options),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) table: PathBuf,
    pub(crate) rows_per_chunk: usize,
    pub(crate) min_bytes: usize,
    pub(crate) user: String,
    pub(crate) apps: Apps,
    pub(crate) broken_column: Option<String>,
    pub(crate) build_id: Option<String>,
    pub(crate) mode: Mode,
    pub(crate) kill_file: Option<PathBuf>,
    pub(crate) kill_after: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            table: DEFAULT_TABLE.into(),
            rows_per_chunk: 200,
            min_bytes: DEFAULT_MIN_BYTES,
            user: "ada".to_owned(),
            apps: Apps::One("warehouse".to_owned()),
            broken_column: None,
            build_id: None,
            mode: Mode::Live,
            kill_file: None,
            kill_after: None,
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
    let mut mode = None;
    let mut weekend = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("rows-per-chunk") => {
                options.rows_per_chunk = parser.value()?.parse::<NonZeroUsize>()?.get();
            }
            Arg::Long("min-bytes") => options.min_bytes = parser.value()?.parse()?,
            Arg::Long("user") => options.user = parser.value()?.string()?,
            Arg::Long("app") => options.apps = Apps::One(parser.value()?.string()?),
            Arg::Long("apps") => options.apps = Apps::Many(parser.value()?.parse()?),
            Arg::Long("break") => options.broken_column = Some(parser.value()?.string()?),
            Arg::Long("build-id") => options.build_id = Some(parser.value()?.string()?),
            Arg::Long("dry-run") => mode = Some(Mode::DryRun),
            Arg::Long("shadow") => mode = Some(Mode::Shadow),
            Arg::Long("live-percent") => {
                mode = Some(Mode::Percent(parser.value()?.parse_with(percent)?));
            }
            Arg::Long("live") => mode = Some(Mode::Live),
            Arg::Long("weekend") => weekend = true,
            Arg::Long("kill-file") => options.kill_file = Some(parser.value()?.into()),
            Arg::Long("kill-after") => options.kill_after = Some(parser.value()?.parse()?),
            Arg::Value(path) if table.is_none() => table = Some(PathBuf::from(path)),
            _ => return Err(arg.unexpected()),
        }
    }
    options.table = table.unwrap_or(options.table);
    if options.kill_after.is_some() && options.kill_file.is_none() {
        return Err("--kill-after needs a --kill-file".into());
    }
    if weekend && (mode.is_some() || options.kill_file.is_some()) {
        return Err("--weekend says itself how far each day goes, and what stops it".into());
    }
    options.mode = mode.unwrap_or(options.mode);
    Ok(if weekend { Command::Weekend(options) } else { Command::Compact(options) })
}

fn percent(text: &str) -> Result<f64, &'static str> {
    let percent = text.parse().map_err(|_| "a percentage is a number")?;
    if (0.0..=100.0).contains(&percent) {
        Ok(percent)
    } else {
        Err("a percentage is from 0 to 100")
    }
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
        assert_eq!((options.mode, options.apps.owner()), (Mode::Live, Some("warehouse")));
        assert!(matches!(parse_words(&["-h"]), Ok(Command::Help)));
    }

    #[test]
    fn the_last_word_on_how_far_it_has_come_counts() {
        let words = ["--dry-run", "--live-percent", "1", "--apps=30", "--kill-file", "stop"];
        let Ok(Command::Compact(options)) = parse_words(&words) else { panic!("not understood") };
        assert_eq!((options.mode, options.apps.owner()), (Mode::Percent(1.0), None));
        assert_eq!(options.kill_file, Some(PathBuf::from("stop")));
        assert!(matches!(parse_words(&["--weekend"]), Ok(Command::Weekend(_))));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (words, named) in [
            (&["--level"][..], "--level"),
            (&["--rows-per-chunk", "0"], "zero"),
            (&["--min-bytes"], "--min-bytes"),
            (&["a.csv", "b.csv"], "b.csv"),
            (&["--live-percent", "101"], "0 to 100"),
            (&["--live-percent", "NaN"], "0 to 100"),
            (&["--kill-after", "3"], "--kill-file"),
            (&["--weekend", "--kill-file", "stop"], "--weekend"),
            (&["--weekend", "--live"], "--weekend"),
        ] {
            let message = parse_words(words).unwrap_err();
            assert!(message.contains(named) && message.contains("hint:"), "{message}");
        }
    }
}
