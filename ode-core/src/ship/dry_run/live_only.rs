//! [`LiveOnly`]: what is out of reach of a dry run.

use std::fmt;
use std::marker::PhantomData;

use crate::ship::change::Change;
use crate::ship::dry_run::live::Live;

/// A client, a file or a queue that only a live change reaches, wherever the code is that has it.
///
/// `LiveOnly<T>` opens to any change that is live, `LiveOnly<T, Compress>` to `Compress` only. There
/// is no way in but [`LiveOnly::get`] and [`LiveOnly::get_mut`], and `Debug` does not show what is
/// inside. What dropping it does, it does: flush a buffered writer before.
///
/// ```
/// use ode_core::{Live, LiveOnly};
/// ode_core::change!(Compress = "compress");
/// struct Disk;
/// impl Disk {
///     fn write(&self, column: &[u8]) -> usize {
///         column.len()
///     }
/// }
/// fn store(live: &Live<Compress>, disk: &LiveOnly<Disk>, column: &[u8]) -> usize {
///     disk.get(live).write(column)
/// }
/// let disk: LiveOnly<Disk> = LiveOnly::new(Disk);
/// assert_eq!(format!("{disk:?}"), "LiveOnly(..)");
/// # let _ = store;
/// ```
pub struct LiveOnly<T, C = AnyChange> {
    change: PhantomData<fn() -> C>,
    effectful: T,
}

/// Stands for whatever change is live: the second parameter of [`LiveOnly`] where none is written.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it has no values and never will")]
pub enum AnyChange {}

impl<T, C> LiveOnly<T, C> {
    /// Puts it out of reach. To whom it opens is in the type that is written where it is kept:
    /// `LiveOnly<T>` or `LiveOnly<T, TheChange>`.
    pub const fn new(effectful: T) -> Self {
        Self { change: PhantomData, effectful }
    }
}

impl<T> LiveOnly<T> {
    /// What is inside, for any change that is live.
    pub fn get<C: Change>(&self, _live: &Live<C>) -> &T {
        &self.effectful
    }

    /// What is inside, for any change that is live.
    pub fn get_mut<C: Change>(&mut self, _live: &Live<C>) -> &mut T {
        &mut self.effectful
    }
}

impl<T, C: Change> LiveOnly<T, C> {
    /// What is inside, for this change while it is live.
    pub fn get(&self, _live: &Live<C>) -> &T {
        &self.effectful
    }

    /// What is inside, for this change while it is live.
    pub fn get_mut(&mut self, _live: &Live<C>) -> &mut T {
        &mut self.effectful
    }
}

impl<T: Clone, C> Clone for LiveOnly<T, C> {
    fn clone(&self) -> Self {
        Self::new(self.effectful.clone())
    }
}

impl<T, C> fmt::Debug for LiveOnly<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveOnly(..)")
    }
}
