//! The process's counts, kept per thread so that counting never shares a cache line.

use crate::context::slot;
use crate::sync::{AtomicU64, Mutex, Ordering, lock_here};

/// Counts that only their thread writes and anybody may read.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Cells {
    pub(crate) opened: AtomicU64,
    /// Opened, and taken back: a future that was never polled.
    pub(crate) withdrawn: AtomicU64,
    pub(crate) finished: AtomicU64,
    /// Writes after the end of their unit.
    pub(crate) late: AtomicU64,
    /// Writes that found no unit.
    pub(crate) orphan: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Opened,
    Withdrawn,
    Finished,
    Late,
    Orphan,
}

impl Cells {
    const fn new() -> Self {
        Self {
            opened: AtomicU64::new(0),
            withdrawn: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            late: AtomicU64::new(0),
            orphan: AtomicU64::new(0),
        }
    }

    #[inline]
    fn cell(&self, what: Count) -> &AtomicU64 {
        match what {
            Count::Opened => &self.opened,
            Count::Withdrawn => &self.withdrawn,
            Count::Finished => &self.finished,
            Count::Late => &self.late,
            Count::Orphan => &self.orphan,
        }
    }

    /// Adds, from any thread.
    pub(crate) fn add(&self, what: Count, count: u64) {
        self.cell(what).fetch_add(count, Ordering::SeqCst);
    }

    /// Adds, from the one thread that owns the cells: no locked instruction.
    #[inline]
    pub(crate) fn bump(&self, what: Count) {
        let cell = self.cell(what);
        cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }
}

/// All cells ever made. They are leaked and handed from thread to thread, so their number is that
/// of the threads that ever ran at once, and a count outlives its thread.
static REGISTRY: Mutex<Registry> = Mutex::new(Registry { all: Vec::new(), free: Vec::new() });

#[derive(Default)]
struct Registry {
    all: Vec<&'static Cells>,
    free: Vec<&'static Cells>,
}

/// For threads that are past their own storage.
static LAST_RESORT: Cells = Cells::new();

/// Counts on this thread's cells.
#[inline]
pub(crate) fn count(what: Count) {
    match slot::cells() {
        Some(cells) => cells.bump(what),
        None => count_slowly(what),
    }
}

#[cold]
fn count_slowly(what: Count) {
    match slot::adopt_cells(claim) {
        Some(cells) => cells.bump(what),
        None => LAST_RESORT.add(what, 1),
    }
}

/// Runs with cells that may be added to from here.
pub(crate) fn with_own<R>(with: impl FnOnce(&Cells) -> R) -> R {
    with(&LAST_RESORT)
}

fn claim() -> &'static Cells {
    let mut registry = lock_here(&REGISTRY);
    if let Some(cells) = registry.free.pop() {
        return cells;
    }
    let cells: &'static Cells = Box::leak(Box::default());
    registry.all.push(cells);
    cells
}

/// Takes the cells of a thread that ends.
pub(crate) fn give_back(cells: &'static Cells) {
    lock_here(&REGISTRY).free.push(cells);
}

/// The sum over all threads.
pub(crate) fn sum() -> Cells {
    let sum = Cells::new();
    let registry = lock_here(&REGISTRY);
    for cells in registry.all.iter().copied().chain([&LAST_RESORT]) {
        for what in [Count::Finished, Count::Withdrawn, Count::Opened, Count::Late, Count::Orphan] {
            sum.add(what, cells.cell(what).load(Ordering::Acquire));
        }
    }
    sum
}
