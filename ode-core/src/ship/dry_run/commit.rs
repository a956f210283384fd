//! [`Commit`]: what became of a plan.

/// What became of a plan that was committed.
///
/// ```
/// use ode_core::{DryRun, Unrecorded, WideEvent};
/// ode_core::change!(Compress = "compress");
/// static COMPRESS: DryRun<Compress> = DryRun::new();
/// let commit = WideEvent::builder("column").run(|| {
///     COMPRESS.plan(Unrecorded(7)).commit(|_live, _plan| Ok::<_, std::fmt::Error>(()))
/// })?;
/// assert!(commit.is_withheld()); // nothing is set up
/// assert_eq!(commit.done(), None);
/// # Ok::<(), std::fmt::Error>(())
/// ```
#[must_use = "`Withheld` means nothing was done; match on it, or call `.done()`"]
#[expect(clippy::exhaustive_enums, reason = "a closed set: a `match` over it is meant to break")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Commit<T, P> {
    /// The effect ran, and this is what it returned.
    Done(T),
    /// Nothing was done; here is the plan again. Why is on the event: `change.<name>.stage` and
    /// `.reason`, or `declined.reason` for a plan that was out of date.
    Withheld(P),
}

impl<T, P> Commit<T, P> {
    /// What the effect returned; `None` where nothing was done. A statement `commit.done();` says
    /// that it makes no difference.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(done) => Some(done),
            Self::Withheld(_) => None,
        }
    }

    /// Whether nothing was done.
    #[must_use = "`true` means nothing was done"]
    pub const fn is_withheld(&self) -> bool {
        matches!(self, Self::Withheld(_))
    }
}
