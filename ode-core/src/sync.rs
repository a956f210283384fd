//! The primitives the pipeline is built on, in one place so that a model checker can replace them.
//!
//! `models/` compiles these sources again, with the checker's own locks, atomics and threads: there
//! every operation is a point at which another thread may go on.

use crate::fork;
#[cfg(ode_model)]
use shuttle::sync;
#[cfg(not(ode_model))]
use std::sync;

#[cfg(ode_model)]
pub(crate) use shuttle::thread;
#[cfg(not(ode_model))]
pub(crate) use std::thread;

pub(crate) use sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
pub(crate) use sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};

/// Into how many parts an intake is divided. Few in a model, so that a step means something.
pub(crate) const SHARDS: usize = if cfg!(ode_model) { 2 } else { 16 };
/// How often a full chunk is offered to the backlog before it grows: longer than the worker holds
/// the lock, unless it is preempted.
pub(crate) const SPINS: usize = if cfg!(ode_model) { 2 } else { 200 };

/// Locks; a panic elsewhere must not spread through a poisoned lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As [`lock`], for what a child made by `fork` may still ask for. A thread of the parent may have
/// held it at that moment, and nobody will ever give it back: there an empty one is locked instead.
/// That is leaked, once for each time; it is the price of not hanging.
pub(crate) fn lock_here<T: Default>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    match try_lock(mutex) {
        Some(guard) => guard,
        None if fork::look() => lock(Box::leak(Box::default())),
        None => lock(mutex),
    }
}

/// Locks if that needs no waiting.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
