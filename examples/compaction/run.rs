//! The run: every chunk of every column, one event each, and one event around them.

use ode::Failure;

use crate::args::Options;
use crate::chunk::{Column, chunks, columns};
use crate::compact::{Policy, compact};
use crate::progress::say;
use crate::table::Table;

/// What the caller has to know; everything else is in the events.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) chunks: usize,
    pub(crate) failed: usize,
}

/// Compacts the table. Whose it is, is said once and inherited by every event below.
#[ode::instrument_event(
    name = "compaction.run",
    fields(table.name = table.name, table.rows = table.row_count(), table.columns = table.columns.len()),
)]
pub(crate) fn run(table: &Table, options: &Options) -> Tally {
    ode::set_inherited! { user.id = options.user, app.id = options.app };
    ode::set! { policy.min_bytes = options.min_bytes, policy.rows_per_chunk = options.rows_per_chunk };

    let mut tally = Tally::default();
    let columns = columns(table);
    for column in &columns {
        let sum = compact_column(table, column, options, &mut tally);
        let place = format!("[{:>2}/{}]", column.index + 1, columns.len());
        say(format_args!("{place} {:<12} {:>7} → {:>6} bytes", column.name, sum.before, sum.after));
    }

    ode::set! { run.failed = tally.failed };
    if tally.failed > 0 {
        ode::fail(Failure::error("chunks_failed").message("see the events of the chunks"));
    }
    tally
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
    tally: &mut Tally,
) -> Bytes {
    let policy =
        Policy { min_bytes: options.min_bytes, broken_column: options.broken_column.as_deref() };
    let mut bytes = Bytes::default();
    for chunk in chunks(table, column, options.rows_per_chunk) {
        tally.chunks += 1;
        ode::incr! { run.chunks };
        match compact(&chunk, policy) {
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
    }
    bytes
}
