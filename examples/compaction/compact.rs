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
    let mut packed = if random {
        Codec::None.pack(&encoded)
    } else {
        pack(&encoded)
    };
    if let Some(reason) = decline_result(plain.len(), packed.bytes.len(), random) {
        ode::decline(reason);
        return Ok(unchanged);
    }

    if policy.broken_column == Some(chunk.column.name) {
        flip_a_bit(&mut packed.bytes);
    }
    ode::timed!("verify", verify(&packed, layout, encoded.len(), &values))?;

    let (before, after) = (plain.len(), packed.bytes.len());
    let stored = Stored {
        before,
        after,
        was_compressed: true,
        layout,
        format: packed.codec,
    };
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
        .ok_or(Unreadable {
            step: "the codec cannot unpack the stored bytes",
        })?;
    let decoded = layout
        .decode(values.kind(), values.len(), &encoded)
        .ok_or(Unreadable {
            step: "the layout cannot decode the unpacked bytes",
        })?;
    if decoded == *values {
        Ok(())
    } else {
        Err(Unreadable {
            step: "the values read back are not those stored",
        })
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
