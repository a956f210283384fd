//! [`Live`]: the permission to act.

use std::fmt;
use std::marker::PhantomData;

use crate::ship::change::Change;

/// The permission to act, of one change: what changes the world asks for a `&Live<TheChange>`.
///
/// Only [`Planned::commit`](crate::Planned::commit) and
/// [`commit_async`](crate::Planned::commit_async) make one, for the time of one effect. It has no
/// constructor, no feature has one, and it is neither `Clone` nor `Default`, so the compiler proves
/// that no dry run reaches the function, and that the permission of one change is not that of
/// another. It takes no space.
///
/// ```
/// use ode_core::{Change, Live};
/// ode_core::change!(Compress = "compress");
/// fn overwrite(_live: &Live<Compress>, column: &mut Vec<u8>) {
///     column.clear();
/// }
/// // Any change that is live:
/// fn note<C: Change>(_live: &Live<C>, log: &mut Vec<String>) {
///     log.push(format!("{} did it", C::NAME));
/// }
/// # let _ = (overwrite, note::<Compress>);
/// ```
///
/// A test that needs one runs the change live, in its capture:
/// `ode::testing::stage::<Compress>(Stage::Live)`.
pub struct Live<C> {
    change: PhantomData<fn() -> C>,
}

/// For the effect of a change that acts, and for nothing else. No associated function, because the
/// compiler would offer that to whoever tries to make one.
pub(super) const fn live<C: Change>() -> Live<C> {
    Live { change: PhantomData }
}

impl<C: Change> fmt::Debug for Live<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Live").field(&C::NAME).finish()
    }
}
