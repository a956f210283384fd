//! Sticky buckets: where a key falls, of 1,000,000.
//!
//! Part of what is promised: the same key falls into the same bucket in every process, version and
//! language. The purpose is hashed by XXH3 with 64 bits and the seed 0; its hash is the seed for the
//! salt's, and that the seed for the key's. The bucket is the last hash times 1,000,000, divided by
//! 2^64. `rollout-vectors.tsv` beside the tests has examples.

use xxhash_rust::{const_xxh3, xxh3};

/// How many buckets there are: 0.0001 % each.
pub(crate) const BUCKETS: u32 = 1_000_000;

/// What is asked of the bucket. Two questions about one key must not have the same answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Whether the key is included.
    Gate,
    /// Which of several variants it gets.
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

/// A purpose and a salt: what of the hash is the same for every key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Salted(u64);

impl Salted {
    pub(crate) const fn new(purpose: Purpose, salt: &str) -> Self {
        let seed = const_xxh3::xxh3_64(purpose.as_str().as_bytes());
        Self(const_xxh3::xxh3_64_with_seed(salt.as_bytes(), seed))
    }

    /// The bucket of a key.
    #[inline]
    pub(crate) fn bucket(self, key: &str) -> u32 {
        let hash = xxh3::xxh3_64_with_seed(key.as_bytes(), self.0);
        u32::try_from((u128::from(hash) * u128::from(BUCKETS)) >> 64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::cast_precision_loss, reason = "counts of a million")]

    use super::*;

    fn bucket(purpose: Purpose, salt: &str, key: &str) -> u32 {
        Salted::new(purpose, salt).bucket(key)
    }

    /// Made by another implementation: `tests/ship/rollout-vectors.py`.
    #[test]
    fn as_published() {
        let mut rows = 0;
        for row in include_str!("../../../tests/ship/rollout-vectors.tsv").lines() {
            let columns: Vec<&str> = row.split('\t').collect();
            let [salt, key, gate, variant] = *columns.as_slice() else { unreachable!("{row}") };
            assert_eq!(bucket(Purpose::Gate, salt, key).to_string(), gate, "{row}");
            assert_eq!(bucket(Purpose::Variant, salt, key).to_string(), variant, "{row}");
            rows += 1;
        }
        assert!(rows >= 200, "{rows}");
    }

    /// The bounds are four standard deviations over the mean of the distribution. Keys are fixed,
    /// so that the answers are, too.
    fn within(chi_squared: f64, freedom: f64) -> bool {
        chi_squared < freedom + 4.0 * (2.0 * freedom).sqrt()
    }

    fn chi_squared(counts: impl Iterator<Item = u32>, expected: f64) -> f64 {
        counts.map(|count| (f64::from(count) - expected).powi(2) / expected).sum()
    }

    #[test]
    fn keys_spread_evenly() {
        const BINS: usize = 1_000;
        let salted = Salted::new(Purpose::Gate, "spread");
        for prefix in ["", "user-", "7d9f0e52-4c1b-4000-8000-"] {
            let mut counts = vec![0; BINS];
            for n in 0..100_000 {
                counts[salted.bucket(&format!("{prefix}{n}")) as usize / BINS] += 1;
            }
            let found = chi_squared(counts.into_iter(), 100.0);
            assert!(within(found, BINS as f64 - 1.0), "{prefix}: {found}");
        }
    }

    /// 20 × 20 boxes of two buckets of a key each: 361 degrees of freedom.
    #[test]
    fn two_questions_about_a_key_are_independent() {
        const SIDE: usize = 20;
        let gate = Salted::new(Purpose::Gate, "one");
        let pairs = [
            ("another salt", gate, Salted::new(Purpose::Gate, "two")),
            ("a salt that is nearly the same", gate, Salted::new(Purpose::Gate, "onf")),
            ("the variant", gate, Salted::new(Purpose::Variant, "one")),
        ];
        for (what, one, other) in pairs {
            let mut counts = [0; SIDE * SIDE];
            for n in 0..100_000 {
                let key = format!("user-{n}");
                let side = |salted: Salted| salted.bucket(&key) as usize * SIDE / 1_000_000;
                counts[side(one) * SIDE + side(other)] += 1;
            }
            let found = chi_squared(counts.into_iter(), 250.0);
            assert!(within(found, 361.0), "{what}: {found}");
        }
        // The test can fail: a question and itself are not independent.
        let mut counts = [0; SIDE * SIDE];
        for n in 0..100_000 {
            let side = gate.bucket(&format!("user-{n}")) as usize * SIDE / 1_000_000;
            counts[side * SIDE + side] += 1;
        }
        assert!(!within(chi_squared(counts.into_iter(), 250.0), 361.0));
    }
}
