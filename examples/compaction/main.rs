//! The main job: compact the columns of a table and *look* at what was done.
//!
//! A storage engine keeps each column of a table in chunks of some rows. This program reads a CSV
//! file, decides for every column chunk whether compressing it pays, does so with real codecs, and
//! emits one wide event per chunk. The questions that a person has after shipping such code are then
//! answered from the events alone.
//!
//! What to notice:
//! - `compact.rs` is the unit of work; `#[ode::instrument_event]` is all that makes it one.
//! - `run.rs` says once whose data this is, and every event below carries it.
//! - `changes.rs` says what is on its way into production, and `mode.rs` how far it has come: nothing
//!   is stored where `--dry-run` is given, and the compiler proves it. `--weekend` is the whole way.
//! - Work that was declined leaves an event too, with the reason.
//! - `report/` reads nothing but the file of events.
//! - Where `OTEL_EXPORTER_OTLP_ENDPOINT` names a receiver of OTLP, the events go there too, beside the
//!   file; nothing here says so. The run succeeds only when all of them arrived.
//!
//! ```text
//! cargo run --release --example compaction [-- --help | --weekend | path/to/table.csv]
//! ```

mod apps;
mod args;
mod changes;
mod chunk;
mod codec;
mod column_type;
mod compact;
mod decide;
mod drill;
mod effect;
mod layout;
mod mode;
mod output;
mod pack;
mod problem;
mod progress;
mod report;
mod run;
mod store;
mod table;
mod values;
mod wait;
mod weekend;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

use ode::exporters::JsonLines;
use ode::{Change, LiveOnly, Overflow, Queue, Setup, Stats};

use args::{Command, Options};
use changes::Compress;
use output::Output;
use problem::Problem;
use store::Store;
use table::Table;

/// How long the end of the program waits for its events to reach the disk.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match args::parse(lexopt::Parser::from_env()).and_then(execute) {
        Ok(code) => code,
        Err(problem) => {
            progress::say(format_args!("compaction: {problem}"));
            ExitCode::from(2)
        }
    }
}

fn execute(command: Command) -> Result<ExitCode, Problem> {
    match command {
        Command::Help => print(args::HELP).map(|()| ExitCode::SUCCESS),
        Command::Compact(options) => compact(&options),
        Command::Weekend(options) => weekend(&options),
    }
}

fn compact(options: &Options) -> Result<ExitCode, Problem> {
    let setup = set_up(options);
    let mut output = Output::fresh(&setup.build_id())?;
    let table = Table::read(&options.table)?;
    check_columns(&table, options)?;

    let lines = JsonLines::file(output.path()).map_err(|e| {
        Problem::new(format!("cannot {e}")).hint("run in a directory that you may write to")
    })?;
    // The default drops the newest event when a queue is full, because a service must go on. A
    // batch job would rather wait for its disk.
    let queue = Queue::new(lines).overflow(Overflow::BlockFor(PATIENCE));
    let guard = setup
        .export_to(queue)
        .init()
        .map_err(|e| Problem::new(format!("cannot set up ode: {e}")))?;

    let mut disk = LiveOnly::new(Store::at(output.store()));
    let tally = run::run(&table, options, &mut disk)?;

    guard.shutdown(PATIENCE);
    all_arrived(&ode::stats())?;
    print(&report::from_events(output.path(), tally.chunks)?)?;
    output.keep();
    Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The four runs, and what they left behind.
fn weekend(options: &Options) -> Result<ExitCode, Problem> {
    let ended = weekend::run(options, &set_up(options).build_id())?;
    print(&ended.report)?;
    Ok(if ended.all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What all runs have in common.
fn set_up(options: &Options) -> Setup {
    let build = ode::build_info!();
    let build = match &options.build_id {
        Some(id) => build.with_id(id),
        None => build,
    };
    let setup = ode::setup(build).flags(options.mode.flags());
    match &options.kill_file {
        Some(path) => setup.kill_file(Compress::NAME, path),
        None => setup,
    }
}

/// A batch job has done its work when its events have arrived, wherever they go.
fn all_arrived(stats: &Stats) -> Result<(), Problem> {
    for destination in &stats.destinations {
        let lost = destination.offered - destination.delivered;
        if lost > 0 {
            return Err(Problem::new(format!("{lost} events did not arrive: {destination}"))
                .hint("is its disk full, or its receiver away?"));
        }
    }
    Ok(())
}

/// A misspelt column would silently break nothing.
fn check_columns(table: &Table, options: &Options) -> Result<(), Problem> {
    match &options.broken_column {
        Some(name) if !table.columns.contains(name) => {
            Err(Problem::new(format!("--break: {} has no column `{name}`", table.name))
                .hint(format!("its columns are {}", table.columns.join(", "))))
        }
        _ => Ok(()),
    }
}

/// Whoever reads the report may stop early, as `| head` does.
fn print(text: &str) -> Result<(), Problem> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(Problem::new(format!("cannot write to standard output: {e}")))
        }
        _ => Ok(()),
    }
}
