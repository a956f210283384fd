//! An allocator that counts while it is told to, so that it costs the other figures nothing.
#![expect(
    unsafe_code,
    reason = "an allocator is unsafe; this one hands everything to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(crate) struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Neither made lazily nor dropped, so that an allocator may use it.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    if ON.load(Ordering::Relaxed) {
        CALLS.fetch_add(1, Ordering::Relaxed);
        HERE.set(HERE.get() + 1);
    }
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// How many allocations this makes: on all threads, and on this one.
pub(crate) fn allocations(of: impl FnOnce()) -> (usize, usize) {
    let before = (CALLS.load(Ordering::SeqCst), HERE.get());
    ON.store(true, Ordering::SeqCst);
    of();
    ON.store(false, Ordering::SeqCst);
    (CALLS.load(Ordering::SeqCst) - before.0, HERE.get() - before.1)
}
