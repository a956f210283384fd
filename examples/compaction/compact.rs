//! The unit of work: one column chunk, one decision, one wide event.

use std::fmt;

use crate::chunk::Chunk;
use crate::codec::{Codec, Packed};
use crate::decide::{decline_result, decline_values, entropy_bits, looks_random};
use crate::layout::Layout;
use crate::values::Values;

/// How chunks are to be compacted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy<'o> {
    pub(crate) min_bytes: usize,
    /// What is stored of this column gets a bit flipped, to show how a failure looks.
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
#[ode::instrument_event(
    name = "compaction.chunk",
    fields(
        table.name = chunk.column.table,
        column.name = chunk.column.name,
        column.index = chunk.column.index,
        column.type = chunk.column.holds,
        chunk.index,
        chunk.first_row,
    ),
)]
pub(crate) fn compact(chunk: &Chunk<'_>, policy: Policy<'_>) -> Result<Stored, Unreadable> {
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
    let encoded = ode::timed!("encode", layout.encode(&values));
    let entropy = entropy_bits(&encoded);
    ode::set! { encoded.bytes = encoded.len(), encoded.entropy_bits = entropy };

    let random = looks_random(entropy);
    let mut packed = if random { Codec::None.pack(&encoded) } else { pack(&encoded) };
    if let Some(reason) = decline_result(plain.len(), packed.bytes.len(), random) {
        ode::decline(reason);
        return Ok(unchanged);
    }

    if policy.broken_column == Some(chunk.column.name) {
        flip_a_bit(&mut packed.bytes);
    }
    ode::timed!("verify", verify(&packed, layout, encoded.len(), &values))?;

    let (before, after) = (plain.len(), packed.bytes.len());
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

/// Tries both codecs. It runs inside the unit, so it reaches the event without being handed it.
fn pack(encoded: &[u8]) -> Packed {
    let lz4 = ode::timed!("lz4", Codec::Lz4.pack(encoded));
    let deflate = ode::timed!("deflate", Codec::Deflate.pack(encoded));
    ode::set! { lz4.bytes = lz4.bytes.len(), deflate.bytes = deflate.bytes.len() };
    Codec::prefer(Codec::None.pack(encoded), [lz4, deflate])
}

/// Reads back what is about to be stored: data that cannot be read is not compressed but lost.
fn verify(
    packed: &Packed,
    layout: Layout,
    encoded_length: usize,
    values: &Values<'_>,
) -> Result<(), Unreadable> {
    let encoded = packed
        .codec
        .unpack(&packed.bytes, encoded_length)
        .ok_or(Unreadable { step: "the codec cannot unpack the stored bytes" })?;
    let decoded = layout
        .decode(values.kind(), values.len(), &encoded)
        .ok_or(Unreadable { step: "the layout cannot decode the unpacked bytes" })?;
    if decoded == *values {
        Ok(())
    } else {
        Err(Unreadable { step: "the values read back are not those stored" })
    }
}

fn flip_a_bit(bytes: &mut [u8]) {
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
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

/// A chunk's values could not be read back, so it stays as it was.
#[derive(Debug)]
pub(crate) struct Unreadable {
    step: &'static str,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.step)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use ode::testing::capture;

    use super::*;
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

    #[test]
    fn a_compressed_chunk_tells_before_and_after() {
        let events = capture();
        let column = column(ColumnType::VarString);
        let stored = compact(&chunk_of(&column, &["earthquake"; 50]), POLICY).unwrap();
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
    }

    #[test]
    fn a_declined_chunk_says_why_and_stays_as_it_was() {
        let events = capture();
        let column = column(ColumnType::Int64);
        compact(&chunk_of(&column, &["1", "", "2"]), POLICY).unwrap();
        let event = events.one("compaction.chunk");
        assert_eq!(event.outcome(), "declined");
        assert_eq!(event["declined.reason"], "too_small");
        assert_eq!(event["chunk.nulls"], 1);
        assert_eq!(event["was_compressed"], false);
        assert_eq!(event["size.after"], 16);
    }

    #[test]
    fn values_of_another_type_are_a_warning() {
        let events = capture();
        let column = column(ColumnType::Int64);
        compact(&chunk_of(&column, &["1", "007"]), POLICY).unwrap();
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
        let events = capture();
        let column = column(ColumnType::VarString);
        let broken = Policy { broken_column: Some("c"), ..POLICY };
        let error = compact(&chunk_of(&column, &["earthquake"; 50]), broken).unwrap_err();
        let event = events.one("compaction.chunk");
        assert_eq!(event.outcome(), "error");
        assert_eq!(event["error.type"], "compact::Unreadable");
        assert_eq!(event["error.message"], error.to_string().as_str());
        assert_eq!(event["was_compressed"], false);
    }
}
