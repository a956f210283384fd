//! The unit of work: one column chunk, one decision, one wide event.

use std::sync::Arc;

use ode::{Commit, LiveOnly, Subject};

use crate::changes::{COMPRESS, Compress};
use crate::chunk::Chunk;
use crate::codec::Codec;
use crate::decide::{decline_result, decline_values, entropy_bits, looks_random};
use crate::effect::{Content, Plan, Unreadable, store};
use crate::layout::Layout;
use crate::pack::pack;
use crate::store::Store;
use crate::values::Values;

/// How chunks are to be compacted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy<'o> {
    pub(crate) min_bytes: usize,
    /// The new codec flips a bit in what it packs of this column, to show how a failure looks.
    pub(crate) broken_column: Option<&'o str>,
}

/// What is stored of a chunk.
#[derive(Debug, ode::EventFields)]
pub(crate) struct Stored {
    #[event(rename = "size.before")]
    pub(crate) before: usize,
    #[event(rename = "size.after")]
    pub(crate) after: usize,
    pub(crate) was_compressed: bool,
    pub(crate) layout: Layout,
    pub(crate) format: Codec,
}

/// Compresses one chunk if that pays. Whatever comes of it, one event leaves: `ok`, `declined` with
/// the reason, or `error`.
///
/// Everything up to the plan looks and changes nothing, so it runs in every stage. The rest is done
/// where the change is live, and nowhere else.
#[ode::instrument_event(
    name = "compaction.chunk",
    fields(
        app.id = app,
        table.name = chunk.column.table,
        column.name = chunk.column.name,
        column.index = chunk.column.index,
        column.type = chunk.column.holds,
        chunk.index,
        chunk.first_row,
    ),
)]
pub(crate) fn compact(
    chunk: &Chunk<'_>,
    app: &str,
    policy: Policy<'_>,
    disk: &mut LiveOnly<Store, Compress>,
) -> Result<Stored, Unreadable> {
    // Whom the rollout is asked about. Decided first, so that what is declined has its stage, too.
    ode::subject(Subject::new(app));
    COMPRESS.stage();

    let shape = ode::timed!("scan", chunk.shape());
    let values = read_values(chunk);
    let plain = Layout::Plain.encode(&values);
    let unchanged = Stored::unchanged(plain.len());
    ode::fields(&shape);
    ode::fields(&unchanged); // True until something smaller is stored: the last write wins.

    if let Some(reason) = decline_values(&values, plain.len(), policy.min_bytes) {
        ode::decline(reason);
        return Ok(unchanged);
    }

    let layout = Layout::choose(&values, shape.distinct);
    let encoded: Arc<[u8]> = ode::timed!("encode", layout.encode(&values)).into();
    let entropy = entropy_bits(&encoded);
    ode::set! { encoded.bytes = encoded.len(), encoded.entropy_bits = entropy };

    let random = looks_random(entropy);
    let breaks = policy.broken_column == Some(chunk.column.name);
    let packed = if random { Codec::None.pack(&encoded) } else { pack(&encoded, breaks) };
    if let Some(reason) = decline_result(plain.len(), packed.bytes.len(), random) {
        ode::decline(reason);
        return Ok(unchanged);
    }

    let (before, after) = (plain.len(), packed.bytes.len());
    let plan = Plan { bytes_before: before, bytes_after: after, layout, format: packed.codec };
    let content = Content { packed: &packed, encoded_length: encoded.len(), values: &values };
    let commit = COMPRESS.plan(plan).commit(|live, plan| store(live, disk, &plan, &content))?;
    let Commit::Done(done) = commit else { return Ok(unchanged) };

    let after = done.bytes_after;
    let stored = Stored { before, after, was_compressed: true, layout, format: packed.codec };
    ode::fields(&stored);
    Ok(stored)
}

/// The chunk's values in its column's type, or as the texts that they are if one does not fit.
fn read_values<'t>(chunk: &Chunk<'t>) -> Values<'t> {
    let present = chunk.present();
    if let Some(misfits) = chunk.misfits() {
        // A problem that was handled: a warning, and no error.
        ode::append! { warnings += %misfits };
        ode::set! { chunk.misfits = misfits.count };
        return Values::Texts(present);
    }
    Values::parse(chunk.column.holds, &present)
}

impl Stored {
    fn unchanged(bytes: usize) -> Self {
        Self {
            before: bytes,
            after: bytes,
            was_compressed: false,
            layout: Layout::Plain,
            format: Codec::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use ode::Stage;
    use ode::testing::{Capture, capture, stage};

    use super::*;
    use crate::changes::NewCodec;
    use crate::chunk::Column;
    use crate::column_type::ColumnType;

    const POLICY: Policy<'_> = Policy { min_bytes: 100, broken_column: None };

    fn column(holds: ColumnType) -> Column<'static> {
        Column { table: "t.csv", name: "c", index: 0, holds }
    }

    fn chunk_of<'t>(column: &'t Column<'t>, cells: &[&'t str]) -> Chunk<'t> {
        let cells = cells.iter().map(|cell| (!cell.is_empty()).then_some(*cell)).collect();
        Chunk { column, index: 2, first_row: 401, cells }
    }

    /// Compacts a chunk where the change is in this stage; says what lies in the store then, too.
    fn compact_in(
        now: Stage,
        chunk: &Chunk<'_>,
        policy: Policy<'_>,
    ) -> (Capture, Result<Stored, Unreadable>, Option<Vec<u8>>) {
        let events = capture();
        stage::<Compress>(now);
        stage::<NewCodec>(Stage::Complete);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.store");
        let mut disk = LiveOnly::new(Store::at(path.clone()));
        let result = compact(chunk, "lab", policy, &mut disk);
        (events, result, std::fs::read(path).ok())
    }

    #[test]
    fn a_compressed_chunk_tells_before_and_after() {
        let column = column(ColumnType::VarString);
        let chunk = chunk_of(&column, &["earthquake"; 50]);
        let (events, stored, on_disk) = compact_in(Stage::Complete, &chunk, POLICY);
        let stored = stored.unwrap();
        let event = events.one("compaction.chunk");
        assert_eq!(event.outcome(), "ok");
        assert_eq!(event["was_compressed"], true);
        assert_eq!(event["column.type"], "varstring");
        assert_eq!(event["layout"], "dictionary");
        assert_eq!(event["chunk.rows"], 50);
        assert_eq!(event["chunk.distinct"], 1);
        assert_eq!(event["size.before"], 50 * 11);
        assert_eq!(event["size.after"], stored.after);
        assert_eq!(event["timed.verify.count"], 1);
        assert_eq!(event["would.compress.bytes_after"], stored.after);
        assert_eq!(event["did.compress.bytes_after"], stored.after);
        assert_eq!(on_disk.unwrap().len(), stored.after);
    }

    #[test]
    fn a_dry_run_says_what_it_would_store_and_stores_nothing() {
        let column = column(ColumnType::VarString);
        let chunk = chunk_of(&column, &["earthquake"; 50]);
        let (_, live, _) = compact_in(Stage::Complete, &chunk, POLICY);
        for stage in [Stage::DryRun, Stage::Shadow] {
            let (events, stored, on_disk) = compact_in(stage, &chunk, POLICY);
            let event = events.one("compaction.chunk");
            assert_eq!(event.outcome(), "ok");
            assert_eq!(event["change.compress.stage"], stage.as_str());
            assert_eq!(event["would.compress.act"], true);
            assert_eq!(event["would.compress.bytes_after"], live.as_ref().unwrap().after);
            assert_eq!(event["size.after"], event["size.before"].clone(), "it stays as it was");
            assert!(!stored.unwrap().was_compressed);
            event.assert_absent("did.compress.act");
            assert_eq!(on_disk, None);
        }
    }

    #[test]
    fn a_declined_chunk_says_why_and_stays_as_it_was() {
        let column = column(ColumnType::Int64);
        let chunk = chunk_of(&column, &["1", "", "2"]);
        let (events, _, on_disk) = compact_in(Stage::Complete, &chunk, POLICY);
        let event = events.one("compaction.chunk");
        assert_eq!(event.outcome(), "declined");
        assert_eq!(event["declined.reason"], "too_small");
        assert_eq!(event["chunk.nulls"], 1);
        assert_eq!(event["was_compressed"], false);
        assert_eq!(event["size.after"], 16);
        assert_eq!(event["change.compress.stage"], "complete");
        event.assert_absent("would.compress.act");
        assert_eq!(on_disk, None);
    }

    #[test]
    fn values_of_another_type_are_a_warning() {
        let column = column(ColumnType::Int64);
        let chunk = chunk_of(&column, &["1", "007"]);
        let (events, ..) = compact_in(Stage::Complete, &chunk, POLICY);
        let event = events.one("compaction.chunk");
        assert_eq!(event.outcome(), "declined", "and no error");
        assert_eq!(event["chunk.misfits"], 1);
        assert_eq!(
            event["warnings"].to_string(),
            r#"["1 of 2 values are not int64, first in row 402: \"007\""]"#
        );
    }

    #[test]
    fn a_chunk_that_cannot_be_read_back_is_an_error() {
        let column = column(ColumnType::VarString);
        let chunk = chunk_of(&column, &["earthquake"; 50]);
        let broken = Policy { broken_column: Some("c"), ..POLICY };
        let (events, error, on_disk) = compact_in(Stage::Complete, &chunk, broken);
        let error = error.unwrap_err();
        let event = events.one("compaction.chunk");
        assert_eq!(event.outcome(), "error");
        assert_eq!(event["error.type"], "effect::Unreadable");
        assert_eq!(event["error.message"], error.to_string().as_str());
        assert_eq!(event["was_compressed"], false);
        assert_eq!(event["did.compress.error"], "effect::Unreadable");
        assert_eq!(on_disk.unwrap(), b"", "it was taken back");

        // What a dry run cannot see.
        let (events, ..) = compact_in(Stage::DryRun, &chunk, broken);
        assert_eq!(events.one("compaction.chunk").outcome(), "ok");
    }
}
