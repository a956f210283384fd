//! An allocator that counts: calls by thread and process, live bytes and their peak.
#![expect(
    unsafe_code,
    reason = "an allocator is unsafe; this one hands everything to the system's"
)]
#![expect(dead_code, reason = "each test uses a part of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Display;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

pub(crate) struct Counting;

static CALLS: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);

thread_local! {
    static OWN_CALLS: Cell<u64> = const { Cell::new(0) };
}

fn grow(bytes: usize) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    // A thread's storage may be gone when it frees the last of its memory.
    let _counted = OWN_CALLS.try_with(|calls| calls.set(calls.get() + 1)).is_ok();
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

fn shrink(bytes: usize) {
    LIVE.fetch_sub(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both exist for a moment, in the worst case.
        grow(size);
        shrink(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Calls of the allocator since a moment ago, on this thread and in the whole process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    pub(crate) thread: u64,
    pub(crate) process: u64,
}

impl Calls {
    pub(crate) fn now() -> Self {
        Self { thread: OWN_CALLS.with(Cell::get), process: CALLS.load(Ordering::SeqCst) }
    }

    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { thread: self.thread - earlier.thread, process: self.process - earlier.process }
    }
}

impl Calls {
    pub(crate) fn of_thread(self) -> u64 {
        self.thread
    }

    pub(crate) fn of_process(self) -> u64 {
        self.thread.max(self.process)
    }
}

/// What an event costs shows in every window. A queue that is longer than ever before, because the
/// worker got no processor, and the test harness show in one of them.
#[expect(clippy::panic, reason = "this is how a test fails")]
pub(crate) fn assert_none(what: impl Display, counted: fn(Calls) -> u64, mut record: impl FnMut()) {
    let mut windows = Vec::with_capacity(10);
    for _ in 0..10 {
        let before = Calls::now();
        record();
        let calls = Calls::now().since(before);
        if counted(calls) == 0 {
            return;
        }
        windows.push(calls);
    }
    panic!("{what}: {windows:?}");
}

/// Bytes that are allocated now.
pub(crate) fn live() -> i64 {
    LIVE.load(Ordering::SeqCst)
}

/// The most that was allocated since [`forget_peak`].
pub(crate) fn peak() -> i64 {
    PEAK.load(Ordering::SeqCst)
}

pub(crate) fn forget_peak() {
    PEAK.store(live(), Ordering::SeqCst);
}
