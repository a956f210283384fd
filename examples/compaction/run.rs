//! The run: every chunk of every column, one event each, and one event around them.

use ode::{ExperimentStats, Failure, LiveOnly};

use crate::args::Options;
use crate::changes::Compress;
use crate::chunk::{Column, chunks, columns};
use crate::compact::{Policy, compact};
use crate::drill;
use crate::problem::Problem;
use crate::progress::say;
use crate::store::Store;
use crate::table::Table;
use crate::wait;

/// What the caller has to know; everything else is in the events.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) chunks: usize,
    pub(crate) failed: usize,
}

/// Compacts the table. Whose it is, is said once and inherited by every event below; which app a
/// chunk belongs to may differ from one to the next.
#[ode::instrument_event(
    name = "compaction.run",
    fields(table.name = table.name, table.rows = table.row_count(), table.columns = table.columns.len()),
)]
pub(crate) fn run(
    table: &Table,
    options: &Options,
    disk: &mut LiveOnly<Store, Compress>,
) -> Result<Tally, Problem> {
    ode::set_inherited! { user.id = options.user };
    ode::set! { app.id = options.apps.owner() };
    ode::set! { policy.min_bytes = options.min_bytes, policy.rows_per_chunk = options.rows_per_chunk };

    let mut tally = Tally::default();
    let columns = columns(table);
    for column in &columns {
        let sum = compact_column(table, column, options, disk, &mut tally)?;
        let place = format!("[{:>2}/{}]", column.index + 1, columns.len());
        say(format_args!("{place} {:<12} {:>7} → {:>6} bytes", column.name, sum.before, sum.after));
    }

    // Comparisons go on beside the work, and a batch job has the time to wait for the last of them.
    wait::until("all comparisons are made", || ode::experiments().iter().all(is_quiet))?;

    ode::set! { run.failed = tally.failed };
    if tally.failed > 0 {
        ode::fail(Failure::error("chunks_failed").message("see the events of the chunks"));
    }
    Ok(tally)
}

fn is_quiet(experiment: &ExperimentStats) -> bool {
    experiment.trials.queued + experiment.trials.running == 0
}

#[derive(Debug, Default)]
struct Bytes {
    before: usize,
    after: usize,
}

/// No unit of its own: what it counts is added to the run's event.
fn compact_column(
    table: &Table,
    column: &Column<'_>,
    options: &Options,
    disk: &mut LiveOnly<Store, Compress>,
    tally: &mut Tally,
) -> Result<Bytes, Problem> {
    let policy =
        Policy { min_bytes: options.min_bytes, broken_column: options.broken_column.as_deref() };
    let mut bytes = Bytes::default();
    for chunk in chunks(table, column, options.rows_per_chunk) {
        let app = options.apps.of_chunk(tally.chunks);
        tally.chunks += 1;
        ode::incr! { run.chunks };
        match compact(&chunk, &app, policy, disk) {
            Ok(stored) => {
                ode::incr! { run.bytes_before += stored.before, run.bytes_after += stored.after };
                bytes.before += stored.before;
                bytes.after += stored.after;
            }
            Err(e) => {
                tally.failed += 1;
                say(format_args!(
                    "{}, chunk {}: {e}; it stays as it was",
                    column.name, chunk.index
                ));
            }
        }
        if let Some(file) = options.kill_file.as_deref()
            && options.kill_after == Some(tally.chunks)
        {
            drill::kill_by(file)?;
        }
    }
    Ok(bytes)
}
