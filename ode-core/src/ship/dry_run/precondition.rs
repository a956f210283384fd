//! What must still hold when a plan is committed.

use std::fmt;

/// What is looked at again before a plan is committed.
pub trait Precondition<P> {
    /// Why the plan is out of date, if it is.
    fn unmet(self, plan: &P) -> Option<&'static str>;
}

/// Nothing is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Always;

impl<P> Precondition<P> for Always {
    fn unmet(self, _plan: &P) -> Option<&'static str> {
        None
    }
}

/// One more thing, after those before it. A type of its own for each, so that the condition may
/// borrow, needs no memory, and is `Send` where what it captures is.
pub struct And<W, F> {
    pub(super) before: W,
    pub(super) reason: &'static str,
    pub(super) holds: F,
}

impl<P, W: Precondition<P>, F: FnOnce(&P) -> bool> Precondition<P> for And<W, F> {
    fn unmet(self, plan: &P) -> Option<&'static str> {
        let Self { before, reason, holds } = self;
        before.unmet(plan).or_else(|| (!holds(plan)).then_some(reason))
    }
}

impl<W: fmt::Debug, F> fmt::Debug for And<W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("And").field(&self.before).field(&self.reason).finish()
    }
}
