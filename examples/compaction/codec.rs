//! The general-purpose codecs, both in pure Rust, and the choice between them.

/// How the bytes of a stored chunk are read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ode::EventFields)]
#[event(rename_all = "lowercase")]
pub(crate) enum Codec {
    /// The layout alone.
    None,
    Lz4,
    Deflate,
}

/// zlib's own default: the knee of its curve of ratio over time.
const DEFLATE_LEVEL: u8 = 6;

/// A codec that reads slower than another must save this much more.
const WORTH_SAVING_PERCENT: usize = 10;

impl Codec {
    pub(crate) fn pack(self, bytes: &[u8]) -> Packed {
        let bytes = match self {
            Self::None => bytes.to_vec(),
            Self::Lz4 => lz4_flex::compress(bytes),
            Self::Deflate => miniz_oxide::deflate::compress_to_vec(bytes, DEFLATE_LEVEL),
        };
        Packed { codec: self, bytes }
    }

    /// Back to exactly `length` bytes, or nothing when the stored bytes were damaged.
    pub(crate) fn unpack(self, bytes: &[u8], length: usize) -> Option<Vec<u8>> {
        let bytes = match self {
            Self::None => bytes.to_vec(),
            Self::Lz4 => lz4_flex::decompress(bytes, length).ok()?,
            Self::Deflate => {
                miniz_oxide::inflate::decompress_to_vec_with_limit(bytes, length).ok()?
            }
        };
        (bytes.len() == length).then_some(bytes)
    }

    /// Which of these results for the same bytes is kept; they stand in order of reading speed.
    pub(crate) fn prefer(fastest: Packed, slower: impl IntoIterator<Item = Packed>) -> Packed {
        slower.into_iter().fold(fastest, |kept, packed| {
            let worth_it = saves_enough(kept.bytes.len(), packed.bytes.len());
            if worth_it { packed } else { kept }
        })
    }
}

/// The outcome of one codec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) codec: Codec,
    pub(crate) bytes: Vec<u8>,
}

/// Whether `after` is smaller than `before` by a margin that pays for the reading.
pub(crate) fn saves_enough(before: usize, after: usize) -> bool {
    after * 100 <= before * (100 - WORTH_SAVING_PERCENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_codec_gives_back_what_it_took() {
        let bytes = b"earthquake,earthquake,quarry blast,earthquake".repeat(20);
        for codec in [Codec::Lz4, Codec::Deflate] {
            let packed = codec.pack(&bytes).bytes;
            assert!(packed.len() < bytes.len() / 4, "{codec:?}: {} bytes", packed.len());
            assert_eq!(codec.unpack(&packed, bytes.len()).as_ref(), Some(&bytes));
            assert_eq!(codec.unpack(&packed, bytes.len() + 1), None);
            assert_eq!(codec.unpack(&packed, bytes.len() - 1), None);
        }
    }

    #[test]
    fn a_slower_codec_has_to_earn_its_slower_reads() {
        let packed = |codec, length| Packed { codec, bytes: vec![0; length] };
        let choose = |none, lz4, deflate| {
            let slower = [packed(Codec::Lz4, lz4), packed(Codec::Deflate, deflate)];
            Codec::prefer(packed(Codec::None, none), slower).codec
        };
        assert_eq!(choose(100, 50, 45), Codec::Deflate);
        assert_eq!(choose(100, 50, 46), Codec::Lz4);
        assert_eq!(choose(100, 91, 90), Codec::Deflate);
        assert_eq!(choose(100, 110, 91), Codec::None);
    }
}
