//! Randomness for ids, injected like time.

use std::cell::Cell;
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

/// A share of all draws, for [`draw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Odds(u64);

impl Odds {
    pub(crate) const ALWAYS: Self = Self(u64::MAX);
    pub(crate) const NEVER: Self = Self(0);

    /// From 0 to 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is too large for the type is its largest value, and that is always"
    )]
    pub(crate) const fn of(share: f64) -> Self {
        // 2^64
        Self((share * 18_446_744_073_709_551_616.0) as u64)
    }
}

/// Draws by chance; always and never are exact. For samples, not for ids: two threads may draw alike.
#[inline]
pub(crate) fn draw(odds: Odds) -> bool {
    thread_local! {
        static STATE: Cell<u64> = const { Cell::new(0) };
    }
    match odds {
        Odds::ALWAYS => true,
        Odds::NEVER => false,
        Odds(below) => {
            let mut state = STATE.get();
            if state == 0 {
                state = fastrand::u64(1..);
            }
            // wyrand
            state = state.wrapping_add(0xa076_1d64_78bd_642f);
            STATE.set(state);
            let product = u128::from(state) * u128::from(state ^ 0xe703_7ed1_a0b4_28db);
            #[expect(clippy::cast_possible_truncation, reason = "both halves are meant")]
            let word = (product >> 64) as u64 ^ product as u64;
            word < below
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_hit_their_share() {
        const DRAWS: u32 = 1_000_000;
        for share in [0.0, 0.001, 0.25, 0.5, 0.999, 1.0] {
            let hits = (0..DRAWS).filter(|_| draw(Odds::of(share))).count();
            let expected = f64::from(DRAWS) * share;
            // Six standard deviations.
            let bound = 6.0 * (expected * (1.0 - share)).sqrt();
            let off = (f64::from(u32::try_from(hits).unwrap()) - expected).abs();
            assert!(off <= bound, "{share}: {hits}");
        }
    }

    #[test]
    fn no_draw_says_anything_about_the_next() {
        let draws: Vec<_> = (0..100_000).map(|_| draw(Odds::of(0.5))).collect();
        for distance in 1..=8 {
            let pairs = draws.iter().zip(draws.iter().skip(distance));
            let same = pairs.filter(|(one, other)| one == other).count();
            assert!(same.abs_diff(50_000) < 1_000, "{distance}: {same}");
        }
    }
}
