//! Loom's primitives in the place of the standard library's.

use std::time::Duration;

use loom::sync::atomic::fence;

pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard};
pub(crate) use loom::thread;
pub(crate) use std::sync::{LockResult, PoisonError, TryLockError};

/// Each of two threads has a shard of its own.
pub(crate) const SHARDS: usize = 2;
pub(crate) const SPINS: usize = 1;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn lock_here<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    lock(mutex)
}

pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// A condition variable with the one method that Loom's lacks. No time passes: a wait ends when it is
/// notified.
#[derive(Debug, Default)]
pub(crate) struct Condvar(loom::sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, loom::sync::WaitTimeoutResult)> {
        self.0.wait_timeout(guard, timeout)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as in the standard library")]
    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        _: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        while condition(&mut guard) {
            guard = self.0.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        Ok((guard, false))
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Loom takes sequentially consistent operations for acquire and release, and so finds orders that no
/// machine has. Fences it knows as what they are, so such operations get one on each side.
fn strongly<R>(order: Ordering, operation: impl FnOnce() -> R) -> R {
    if order != Ordering::SeqCst {
        return operation();
    }
    fence(Ordering::SeqCst);
    let result = operation();
    fence(Ordering::SeqCst);
    result
}

macro_rules! strong {
    ($name:ident of $value:ty: $($method:ident),*) => {
        #[derive(Debug, Default)]
        pub(crate) struct $name(loom::sync::atomic::$name);

        impl $name {
            pub(crate) fn new(value: $value) -> Self {
                Self(loom::sync::atomic::$name::new(value))
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                strongly(order, || self.0.load(order))
            }

            $(pub(crate) fn $method(&self, value: $value, order: Ordering) -> $value {
                strongly(order, || self.0.$method(value, order))
            })*
        }
    };
}

strong!(AtomicBool of bool: swap);
strong!(AtomicI64 of i64: fetch_add);
strong!(AtomicUsize of usize: fetch_add, fetch_sub);

impl AtomicBool {
    pub(crate) fn store(&self, value: bool, order: Ordering) {
        strongly(order, || self.0.store(value, order));
    }
}

impl AtomicI64 {
    pub(crate) fn compare_exchange_weak(
        &self,
        current: i64,
        new: i64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<i64, i64> {
        strongly(success, || self.0.compare_exchange_weak(current, new, success, failure))
    }
}
