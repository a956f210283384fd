//! Observers of finished events, on the thread that finished them: metrics, and a test's capture.

use std::cell::Cell;
use std::fmt;

use crate::context::slot;
use crate::event::finished::{Event, Head};
use crate::pipeline::chunk;
use crate::process::Process;
use crate::record::buffer::Buffer;
use crate::record::format::caught;
use crate::record::resolve::{Raw, Resolver};
use crate::sync::{Arc, AtomicBool, Ordering};

pub(crate) type Tap = Box<dyn Fn(&Event) + Send + Sync>;

/// Who sees every finished event.
#[derive(Default)]
pub(crate) struct Watchers {
    pub(crate) taps: Vec<Tap>,
    warned: AtomicBool,
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").field("taps", &self.taps.len()).finish_non_exhaustive()
    }
}

/// The event that is shown, and what resolves it: kept by the thread, so that showing an event asks
/// for no memory.
#[derive(Default)]
struct Scratch {
    event: Option<Event>,
    resolver: Resolver,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// A scratch larger than this is not kept for the next event.
const KEEP_BYTES: usize = 256 << 10;

impl Watchers {
    pub(crate) fn of(taps: Vec<Tap>) -> Self {
        Self { taps, warned: AtomicBool::new(false) }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.taps.is_empty()
    }

    /// Shows a finished record. `true` when an observer panicked, for the first time.
    ///
    /// Observers are user code: what they finish on this thread meanwhile is not shown to them,
    /// or one that records would never end.
    #[cold]
    pub(crate) fn show(&self, process: &Arc<Process>, head: &Head, buffer: &Buffer) -> bool {
        let Some(_showing) = slot::begin_showing() else { return false };
        let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
        let Scratch { event, resolver } = &mut *scratch;
        let event = event.get_or_insert_with(|| Event::empty(Arc::clone(process)));
        if !Arc::ptr_eq(&event.process, process) {
            event.process = Arc::clone(process);
        }
        let raw = Raw { fields: &buffer.fields, text: &buffer.text, blob: &buffer.blob };
        chunk::unpack(head, raw, resolver, event);
        let mut panicked = false;
        for tap in &self.taps {
            panicked |= caught(|| tap(event)).is_none();
        }
        if event.size_hint() <= KEEP_BYTES {
            drop(SCRATCH.try_with(|kept| kept.replace(Some(scratch))));
        }
        panicked && !self.warned.swap(true, Ordering::Relaxed)
    }
}
