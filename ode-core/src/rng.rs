//! Randomness for ids, injected like time.

use std::hash::{BuildHasher, RandomState};

use crate::event::ids::{SpanId, TraceId};
use crate::sync::{AtomicU64, Ordering};

/// Where a pipeline takes its ids from.
#[derive(Debug)]
pub(crate) enum Ids {
    Random {
        /// Entropy of the operating system, mixed into every id, so that two processes whose
        /// thread generators happen to start alike still differ.
        process: u128,
    },
    /// 1, 2, 3, …: ids a test can foresee.
    #[cfg_attr(
        not(any(test, feature = "testing")),
        expect(dead_code, reason = "tests foresee ids")
    )]
    Counted(AtomicU64),
}

impl Default for Ids {
    fn default() -> Self {
        // `RandomState` is how the standard library hands out the system's randomness.
        let word = || u128::from(RandomState::new().hash_one(0_u64));
        Self::Random { process: (word() << 64) | word() }
    }
}

impl Ids {
    fn word(&self) -> u64 {
        match self {
            Self::Random { .. } => fastrand::u64(..),
            Self::Counted(next) => next.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    pub(crate) fn random(&self) -> u128 {
        match self {
            Self::Random { process } => {
                ((u128::from(self.word()) << 64) | u128::from(self.word())) ^ process
            }
            Self::Counted(_) => self.word().into(),
        }
    }

    pub(crate) fn trace(&self) -> TraceId {
        TraceId(self.random().max(1))
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low half of the entropy is meant")]
    pub(crate) fn span(&self) -> SpanId {
        match self {
            Self::Random { process } => SpanId((self.word() ^ *process as u64).max(1)),
            Self::Counted(_) => SpanId(self.word()),
        }
    }
}
