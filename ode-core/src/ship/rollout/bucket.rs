//! Sticky buckets: where a key falls, of 1,000,000.
//!
//! Part of what is promised: the same key falls into the same bucket in every process, version and
//! language. The bytes `ode1`, the purpose, the salt and the key, with a zero byte between each, go
//! through 64-bit FNV-1a and the finaliser of MurmurHash3 (`fmix64`); the bucket is the hash times
//! 1,000,000, divided by 2^64. `rollout-vectors.json` beside the tests has examples.

/// How many buckets there are: 0.0001 % each.
pub(crate) const BUCKETS: u32 = 1_000_000;

/// What is asked of the bucket. Two questions about one key must not have the same answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Whether the key is included.
    Gate,
    /// Which of several variants it gets.
    #[cfg_attr(not(test), expect(dead_code, reason = "salted apart from the gate, for sources"))]
    Variant,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Variant => "variant",
        }
    }
}

/// The bucket of a key.
pub(crate) fn bucket(purpose: Purpose, salt: &str, key: &str) -> u32 {
    let parts = ["ode1", purpose.as_str(), salt, key];
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            hash = step(hash, 0);
        }
        hash = part.bytes().fold(hash, step);
    }
    let scaled = u128::from(finish(hash)) * u128::from(BUCKETS);
    u32::try_from(scaled >> 64).unwrap_or_default()
}

const fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3)
}

const fn finish(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
