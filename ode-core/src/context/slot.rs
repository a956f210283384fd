//! The thread's slot: the unit that is current here, taken out to be written and put back.
//!
//! The slot has no destructor, so it is readable to the very end of the thread, also from other
//! thread-local destructors. What must be given back at thread end hangs on a second thread-local
//! that has one.

use std::cell::Cell;
use std::mem::ManuallyDrop;

use crate::context::cells::{self, Cells};
use crate::context::shared::Shared;
use crate::pipeline::engine::{GLOBAL, Pipeline, PipelineRef};
use crate::sync::{Arc, AtomicUsize, Ordering};
use crate::unit::open::Unit;

/// What is current on a thread.
pub(crate) enum Ambient {
    /// This task owns the unit's record.
    Own(Box<Unit>),
    /// This task contributes to a unit that another task owns.
    Joined(Arc<Shared>),
}

struct Slot {
    /// The unit whose record this task owns: one word, so that taking and putting it is cheap.
    own: Cell<Option<ManuallyDrop<Box<Unit>>>>,
    /// The unit this task contributes to; only where it owns none.
    joined: Cell<Option<ManuallyDrop<Arc<Shared>>>>,
    /// The memory of finished units, warm for the next: one for each level of nesting, chained.
    spare: Cell<Option<ManuallyDrop<Box<Unit>>>>,
    spares: Cell<u8>,
    /// A pipeline that takes the place of the process's on this thread: tests.
    scoped: Cell<Option<ManuallyDrop<Arc<Pipeline>>>>,
    cells: Cell<Option<&'static Cells>>,
    /// Whether `joined` or `scoped` holds something: one look tells the common case.
    busy: Cell<bool>,
    number: Cell<usize>,
    /// One of ode's own threads: what runs here is not the host's work.
    muted: Cell<bool>,
    /// Observers are being shown an event.
    showing: Cell<bool>,
    ended: Cell<bool>,
}

thread_local! {
    static SLOT: Slot = const {
        Slot {
            own: Cell::new(None),
            joined: Cell::new(None),
            spare: Cell::new(None),
            spares: Cell::new(0),
            scoped: Cell::new(None),
            cells: Cell::new(None),
            busy: Cell::new(false),
            number: Cell::new(usize::MAX),
            muted: Cell::new(false),
            showing: Cell::new(false),
            ended: Cell::new(false),
        }
    };
    static AT_EXIT: AtExit = const { AtExit };
}

struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        SLOT.with(|slot| {
            slot.ended.set(true);
            drop(slot.spare.take().map(ManuallyDrop::into_inner));
            if let Some(cells) = slot.cells.take() {
                cells::give_back(cells);
            }
        });
    }
}

/// Whether this task owns the unit that is current.
#[inline]
pub(crate) fn is_own() -> bool {
    SLOT.with(Slot::is_own)
}

/// Whether this thread contributes to no other task's unit and is in no test's capture.
#[inline]
pub(crate) fn is_bare() -> bool {
    SLOT.with(|slot| !slot.busy.get())
}

/// Whether nothing is current here, and units opened here go where the process's go.
#[inline]
pub(crate) fn is_clear() -> bool {
    SLOT.with(|slot| !slot.busy.get() && !slot.muted.get() && !slot.is_own())
}

/// Whether a unit is current.
#[inline]
pub(crate) fn is_current() -> bool {
    SLOT.with(|slot| slot.is_own() || slot.is_joined())
}

/// Runs library code on the unit that this task owns; `None` where it owns none. Within it nothing
/// is current: user code must not run here.
#[inline]
pub(crate) fn with_own<R>(f: impl FnOnce(&mut Unit) -> R) -> Option<R> {
    SLOT.with(|slot| {
        let mut unit = slot.own.take()?;
        let result = f(&mut unit);
        slot.own.set(Some(unit));
        Some(result)
    })
}

/// As [`with_own`], on whatever is current.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&mut Ambient) -> R) -> Option<R> {
    let mut ambient = replace(None)?;
    let result = f(&mut ambient);
    put_back(Some(ambient));
    Some(result)
}

/// Makes something else current; returns what was.
#[inline]
pub(crate) fn replace(ambient: Option<Ambient>) -> Option<Ambient> {
    SLOT.with(|slot| {
        let own = slot.own.take().map(ManuallyDrop::into_inner).map(Ambient::Own);
        let before = own.or_else(|| slot.take_joined());
        slot.put(ambient);
        before
    })
}

/// Makes something current where nothing is.
#[inline]
pub(crate) fn put_back(ambient: Option<Ambient>) {
    SLOT.with(|slot| slot.put(ambient));
}

impl Slot {
    #[inline]
    fn put(&self, ambient: Option<Ambient>) {
        match ambient {
            Some(Ambient::Own(unit)) => self.own.set(Some(ManuallyDrop::new(unit))),
            Some(Ambient::Joined(shared)) => {
                self.joined.set(Some(ManuallyDrop::new(shared)));
                self.busy.set(true);
            }
            None => {}
        }
    }

    fn note_busy(&self) {
        let scoped = self.scoped.take();
        self.busy.set(scoped.is_some() || self.is_joined());
        self.scoped.set(scoped);
    }

    #[inline]
    fn is_own(&self) -> bool {
        let own = self.own.take();
        let current = own.is_some();
        self.own.set(own);
        current
    }

    fn is_joined(&self) -> bool {
        let joined = self.joined.take();
        let current = joined.is_some();
        self.joined.set(joined);
        current
    }

    fn take_joined(&self) -> Option<Ambient> {
        let joined = self.joined.take().map(ManuallyDrop::into_inner).map(Ambient::Joined);
        if joined.is_some() {
            self.note_busy();
        }
        joined
    }
}

/// A finished unit's memory, if this thread has one.
#[inline]
pub(crate) fn take_spare() -> Option<Box<Unit>> {
    SLOT.with(|slot| {
        let mut unit = slot.spare.take().map(ManuallyDrop::into_inner)?;
        if let Some(next) = unit.next_spare.take() {
            slot.spare.set(Some(ManuallyDrop::new(next)));
        }
        slot.spares.set(slot.spares.get().saturating_sub(1));
        Some(unit)
    })
}

/// Units nested deeper than this pay for their memory.
const MAX_SPARES: u8 = 8;

/// Keeps a finished unit's memory for the next unit of this thread.
#[inline]
pub(crate) fn keep_spare(mut unit: Box<Unit>) {
    SLOT.with(|slot| {
        let spares = slot.spares.get();
        // Without cells nothing frees the memory at thread end.
        if slot.cells.get().is_some() && spares < MAX_SPARES {
            unit.next_spare = slot.spare.take().map(ManuallyDrop::into_inner);
            slot.spare.set(Some(ManuallyDrop::new(unit)));
            slot.spares.set(spares + 1);
        }
    });
}

/// From now on no unit is opened on this thread: it is ode's own, and what it sends is no work of
/// the host's.
pub(crate) fn mute() {
    SLOT.with(|slot| slot.muted.set(true));
}

/// While this lives, observers on this thread are shown nothing else.
pub(crate) struct Showing;

/// `None` where observers are being shown an event already.
pub(crate) fn begin_showing() -> Option<Showing> {
    SLOT.with(|slot| (!slot.showing.replace(true)).then_some(Showing))
}

impl Drop for Showing {
    fn drop(&mut self) {
        SLOT.with(|slot| slot.showing.set(false));
    }
}

/// Whether this is one of ode's own threads.
#[inline]
pub(crate) fn is_muted() -> bool {
    SLOT.with(|slot| slot.muted.get())
}

/// The pipeline for units that have no parent.
#[inline]
pub(crate) fn pipeline() -> Option<PipelineRef> {
    if is_muted() {
        return None;
    }
    scoped().map(PipelineRef::Scoped).or_else(|| GLOBAL.get().map(PipelineRef::Global))
}

/// The pipeline that takes the place of the process's on this thread.
#[inline]
pub(crate) fn scoped() -> Option<Arc<Pipeline>> {
    SLOT.with(|slot| {
        let scoped = slot.scoped.take()?;
        let pipeline = Arc::clone(&scoped);
        slot.scoped.set(Some(scoped));
        Some(pipeline)
    })
}

/// Puts a pipeline in the place of the process's on this thread; returns what was there.
pub(crate) fn replace_scoped(pipeline: Option<Arc<Pipeline>>) -> Option<Arc<Pipeline>> {
    SLOT.with(|slot| {
        let before = slot.scoped.replace(pipeline.map(ManuallyDrop::new));
        slot.note_busy();
        before.map(ManuallyDrop::into_inner)
    })
}

#[inline]
pub(crate) fn cells() -> Option<&'static Cells> {
    SLOT.with(|slot| slot.cells.get())
}

/// Gives this thread cells of its own, unless it is already past the point of giving them back.
pub(crate) fn adopt_cells(claim: impl FnOnce() -> &'static Cells) -> Option<&'static Cells> {
    SLOT.with(|slot| {
        if slot.ended.get() || AT_EXIT.try_with(|_at_exit| ()).is_err() {
            return None;
        }
        let cells = claim();
        slot.cells.set(Some(cells));
        Some(cells)
    })
}

/// A small number for this thread, to spread threads over shards.
#[inline]
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    SLOT.with(|slot| {
        let mut number = slot.number.get();
        if number == usize::MAX {
            number = NEXT.fetch_add(1, Ordering::Relaxed) % 4_096;
            slot.number.set(number);
        }
        number
    })
}
