//! Children made by `fork`: they have this process's memory, and of its threads only the one that
//! forked. What they record goes nowhere, is counted, and gets ids of its own.
//!
//! Nothing tells a process that it is a child but its id, and asking for that is a system call. So it
//! is asked for where something else is slow already, and once in so many units.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use crate::clock::Clock;

/// The process that set ode up; 0 before that.
static OWNER: AtomicU32 = AtomicU32::new(0);
/// Somebody has looked, and this is another process.
static CHILD: AtomicBool = AtomicBool::new(false);
/// Events that this process could not hand to anybody.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// How many units a thread opens before it looks again.
const UNITS: u32 = 64;

thread_local! {
    static LEFT: Cell<u32> = const { Cell::new(0) };
}

/// From now on ode is this process's.
pub(crate) fn own() {
    OWNER.store(std::process::id(), Ordering::Relaxed);
}

/// A unit is opened: looks, now and then.
#[inline]
pub(crate) fn note_unit() {
    match LEFT.get() {
        0 => {
            LEFT.set(UNITS);
            look();
        }
        left => LEFT.set(left - 1),
    }
}

/// Whether this is known to be a child of the process that ode works for.
#[inline]
pub(crate) fn is_known() -> bool {
    CHILD.load(Ordering::Relaxed)
}

/// Whether this is a child of the process that ode works for. One system call, once ode is set up.
#[cold]
pub(crate) fn look() -> bool {
    if is_known() {
        return true;
    }
    let owner = OWNER.load(Ordering::Relaxed);
    let process = if owner == 0 { 0 } else { std::process::id() };
    if process == owner {
        return false;
    }
    // The generator would go on as its twin in the parent does, and those in other children.
    let mut seed = DefaultHasher::new();
    seed.write_u32(process);
    seed.write_u64(Clock::System.now());
    seed.write_u64(fastrand::u64(..));
    fastrand::seed(seed.finish());
    CHILD.store(true, Ordering::Relaxed);
    true
}

/// Counts an event that a child recorded.
#[cold]
pub(crate) fn refuse() {
    REFUSED.fetch_add(1, Ordering::Relaxed);
}

/// How many events a child recorded since it was known for one.
pub(crate) fn refused() -> u64 {
    REFUSED.load(Ordering::Relaxed)
}
