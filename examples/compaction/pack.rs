//! Old codec against new: LZ4 alone, or whichever of LZ4 and Deflate suits. Which of them answers,
//! and whether the other runs beside it, is the stage of the change `codec`.

use std::sync::Arc;

use crate::changes::CODEC;
use crate::codec::{Codec, Packed};

/// Packs encoded values. `breaks` is a fault of the new codec's, to see how one is found.
///
/// It runs inside the unit, so it reaches the event without being handed it.
pub(crate) fn pack(encoded: &Arc<[u8]>, breaks: bool) -> Packed {
    let expected = Arc::clone(encoded);
    // With the candidate and on its event, so the chunk does not wait for it.
    let same = move |old: &Packed, new: &Packed| {
        ode::set! { old.bytes = old.bytes.len(), new.bytes = new.bytes.len() };
        let reads_back = new.codec.unpack(&new.bytes, expected.len());
        reads_back.as_deref() == Some(&*expected) && new.bytes.len() <= old.bytes.len()
    };
    CODEC
        .on(encoded)
        .compare(Packed::clone, same)
        .run(|encoded| pack_old(encoded), move |encoded| pack_new(encoded, breaks))
}

fn pack_old(encoded: &[u8]) -> Packed {
    let lz4 = ode::timed!("lz4", Codec::Lz4.pack(encoded));
    ode::set! { lz4.bytes = lz4.bytes.len() };
    Codec::prefer(Codec::None.pack(encoded), [lz4])
}

fn pack_new(encoded: &[u8], breaks: bool) -> Packed {
    let lz4 = ode::timed!("lz4", Codec::Lz4.pack(encoded));
    let deflate = ode::timed!("deflate", Codec::Deflate.pack(encoded));
    ode::set! { lz4.bytes = lz4.bytes.len(), deflate.bytes = deflate.bytes.len() };
    let mut packed = Codec::prefer(Codec::None.pack(encoded), [lz4, deflate]);
    if breaks {
        flip_a_bit(&mut packed.bytes);
    }
    packed
}

/// Damages bytes where nobody looks.
fn flip_a_bit(bytes: &mut [u8]) {
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
}

#[cfg(test)]
mod tests {
    use ode::Stage;
    use ode::testing::{Capture, capture, stage};

    use super::*;
    use crate::changes::NewCodec;

    /// Digits: hardly any of them come again in a row, which is all that LZ4 sees.
    fn encoded() -> Arc<[u8]> {
        let digits: String = (1..200_u64).map(|n| (n * n * 2_654_435_761).to_string()).collect();
        digits.into_bytes().into()
    }

    fn pack_in(now: Stage, breaks: bool) -> (Capture, Packed) {
        let events = capture();
        stage::<NewCodec>(now);
        let packed = ode::WideEvent::builder("chunk").run(|| pack(&encoded(), breaks));
        events.settle();
        (events, packed)
    }

    #[test]
    fn the_stage_says_which_codec_answers() {
        let chosen = |now| pack_in(now, false).1.codec;
        assert_eq!(chosen(Stage::Off), Codec::None);
        assert_eq!(chosen(Stage::Shadow), Codec::None);
        assert_eq!(chosen(Stage::Live), Codec::Deflate);
        assert_eq!(chosen(Stage::Complete), Codec::Deflate);
    }

    #[test]
    fn a_fault_of_the_new_codec_is_found_in_the_shadow_of_the_old() {
        let (events, packed) = pack_in(Stage::Shadow, false);
        assert_eq!(events.one("codec.candidate")["experiment.codec.match"], true);
        assert_eq!(events.one("codec.candidate")["old.bytes"], packed.bytes.len());

        let (events, unharmed) = pack_in(Stage::Shadow, true);
        assert_eq!(events.one("codec.candidate")["experiment.codec.match"], false);
        assert_eq!(unharmed, packed);
    }
}
