//! The bounded hand-off: recording threads pack finished records into chunks, the worker takes
//! whole chunks away.
//!
//! ```text
//! thread ─ lease ─▶ shard: chunk ─ full ─▶ backlog: chunk, chunk, … ─▶ worker
//!            ▲                       collect at each tick ▲                │
//!            └────────────── free: events, bytes ◀── release ──────────────┘
//! ```
//! A shard's lock is the only one a recording thread takes, and it is its own: it is contended for
//! the moment in which the worker swaps the chunk. Capacity is leased in blocks, so that threads
//! do not meet on one counter; the sum of leases never exceeds the bound.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Clock;
use crate::event::finished::Head;
use crate::pipeline::chunk::{Chunk, record_bytes};
use crate::pipeline::ledger::{DropReason, Dropped};
use crate::pipeline::queue::{Overflow, QueueSettings};
use crate::record::buffer::Buffer;
use crate::sync::{
    AtomicBool, AtomicI64, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, PoisonError, lock,
    try_lock,
};

const SHARDS: usize = 16;
/// Capacity is leased to a shard in blocks of this many events …
const LEASE_EVENTS: i64 = 64;
/// … and bytes.
const LEASE_BYTES: i64 = 64 << 10;
/// A chunk is handed over at this many events …
const CHUNK_EVENTS: usize = 512;
/// … or bytes; 512 events of 24 fields stay well below.
const CHUNK_BYTES: usize = 1 << 20;
/// How many empty chunks are kept for reuse.
const SPARE_CHUNKS: usize = 4;

#[derive(Debug)]
pub(crate) struct Intake {
    shards: Box<[Shard; SHARDS]>,
    /// For the thread that finds every shard taken.
    last_resort: Shard,
    free_events: AtomicI64,
    free_bytes: AtomicI64,
    backlog: Mutex<Backlog>,
    /// Signalled when capacity was freed and somebody waits for it.
    room: Condvar,
    waiting: AtomicUsize,
    releases: AtomicUsize,
    closed: AtomicBool,
    chunk_events: usize,
    chunk_bytes: usize,
    capacity_bytes: i64,
    overflow: Overflow,
}

/// On cache lines of its own, so that two threads never share one.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<ShardState>);

#[derive(Debug, Default)]
struct ShardState {
    chunk: Chunk,
    lease_events: i64,
    lease_bytes: i64,
    offered: u64,
    dropped: Dropped,
}

#[derive(Debug, Default)]
struct Backlog {
    chunks: VecDeque<Chunk>,
    spare: Vec<Chunk>,
}

/// What the intake has to say to the ledger.
#[derive(Debug, Default)]
pub(crate) struct IntakeStats {
    pub(crate) offered: u64,
    pub(crate) queued: u64,
    pub(crate) dropped: Dropped,
}

/// Whether the worker should be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    No,
    Yes,
}

impl Intake {
    pub(crate) fn new(settings: &QueueSettings) -> Self {
        let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (events, bytes) = (signed(settings.capacity), signed(settings.capacity_bytes));
        Self {
            shards: Box::default(),
            last_resort: Shard::default(),
            free_events: AtomicI64::new(events),
            free_bytes: AtomicI64::new(bytes),
            backlog: Mutex::default(),
            room: Condvar::new(),
            waiting: AtomicUsize::new(0),
            releases: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            // A small queue is handed over before it is full; no chunk outgrows a batch.
            chunk_events: CHUNK_EVENTS
                .min(settings.batch_events)
                .min(settings.capacity.div_ceil(2))
                .max(1),
            chunk_bytes: CHUNK_BYTES.min(settings.batch_bytes).min(settings.capacity_bytes / 2),
            capacity_bytes: bytes,
            overflow: settings.overflow,
        }
    }

    /// Offers a finished record; the copy is all a recording thread does.
    #[inline]
    pub(crate) fn offer(&self, thread: usize, head: &Head, buffer: &Buffer) -> Wake {
        let need = i64::try_from(record_bytes(buffer)).unwrap_or(i64::MAX);
        let mut shard = self.shard(thread);
        shard.offered += 1;
        if self.closed.load(Ordering::Relaxed) {
            shard.dropped.add(DropReason::AlreadyShutdown, 1);
            return Wake::No;
        }
        if shard.take_lease(need) || self.refill(&mut shard, need) {
            return self.append(&mut shard, head, buffer);
        }
        drop(shard);
        self.offer_to_full(thread, head, buffer, need)
    }

    /// The thread's own shard. If the worker is preempted in the middle of a swap, another one
    /// serves rather than wait.
    #[inline]
    fn shard(&self, thread: usize) -> MutexGuard<'_, ShardState> {
        let own = thread % SHARDS;
        let (before, after) = self.shards.split_at(own);
        let free = after.iter().chain(before).find_map(|shard| try_lock(&shard.0));
        free.unwrap_or_else(|| lock(&self.last_resort.0))
    }

    #[inline]
    fn append(&self, shard: &mut ShardState, head: &Head, buffer: &Buffer) -> Wake {
        shard.chunk.append(head, buffer);
        if shard.chunk.len() < self.chunk_events && shard.chunk.bytes() < self.chunk_bytes {
            return Wake::No;
        }
        let mut backlog = lock(&self.backlog);
        let empty = backlog.spare.pop().unwrap_or_default();
        backlog.chunks.push_back(std::mem::replace(&mut shard.chunk, empty));
        Wake::Yes
    }

    /// Leases another block; `false` when the queue has no room for `need` bytes.
    fn refill(&self, shard: &mut ShardState, need: i64) -> bool {
        if shard.lease_events < 1 {
            shard.lease_events += take(&self.free_events, LEASE_EVENTS, 1);
        }
        if shard.lease_bytes < need {
            let missing = need - shard.lease_bytes;
            shard.lease_bytes += take(&self.free_bytes, missing.max(LEASE_BYTES), missing);
        }
        shard.take_lease(need)
    }

    #[cold]
    fn offer_to_full(&self, thread: usize, head: &Head, buffer: &Buffer, need: i64) -> Wake {
        if need > self.capacity_bytes {
            self.shard(thread).dropped.add(DropReason::EventTooLarge, 1);
            return Wake::No;
        }
        self.reclaim_leases();
        let accepted = match self.overflow {
            Overflow::DropNewest => self.try_append(thread, head, buffer, need),
            Overflow::DropOldest => self.displace(thread, head, buffer, need),
            Overflow::BlockFor(patience) => self.wait_for_room(patience, || {
                self.try_append(thread, head, buffer, need)
            }),
        };
        if !accepted {
            let full = self.free_events.load(Ordering::Relaxed) < 1;
            let reason = if full { DropReason::QueueFull } else { DropReason::QueueBytes };
            self.shard(thread).dropped.add(reason, 1);
        }
        Wake::Yes
    }

    fn try_append(&self, thread: usize, head: &Head, buffer: &Buffer, need: i64) -> bool {
        let mut shard = self.shard(thread);
        let fits = shard.take_lease(need) || self.refill(&mut shard, need);
        if fits {
            self.append(&mut shard, head, buffer);
        }
        fits
    }

    /// Makes room by dropping the oldest records that no batch holds yet.
    fn displace(&self, thread: usize, head: &Head, buffer: &Buffer, need: i64) -> bool {
        loop {
            if self.try_append(thread, head, buffer, need) {
                return true;
            }
            if self.drop_oldest(thread) {
                continue;
            }
            self.collect();
            if !self.drop_oldest(thread) {
                return self.try_append(thread, head, buffer, need);
            }
        }
    }

    fn drop_oldest(&self, thread: usize) -> bool {
        let mut backlog = lock(&self.backlog);
        let Some(oldest) = backlog.chunks.front_mut() else { return false };
        let freed = oldest.drop_oldest();
        if oldest.is_empty() {
            if let Some(mut chunk) = backlog.chunks.pop_front() {
                chunk.recycle();
                backlog.keep(chunk);
            }
        }
        drop(backlog);
        let Some(bytes) = freed else { return true };
        let by_events = self.free_events.load(Ordering::Relaxed) < 1;
        let reason = if by_events { DropReason::QueueFull } else { DropReason::QueueBytes };
        self.shard(thread).dropped.add(reason, 1);
        self.give_back(1, i64::try_from(bytes).unwrap_or(0));
        true
    }

    fn wait_for_room(&self, patience: Duration, mut attempt: impl FnMut() -> bool) -> bool {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut left = patience;
        let accepted = loop {
            let seen = self.releases.load(Ordering::SeqCst);
            if attempt() {
                break true;
            }
            if left.is_zero() || self.closed.load(Ordering::Relaxed) {
                break false;
            }
            let before = Clock::System.now();
            let backlog = lock(&self.backlog);
            // Looked at again under the lock, so that a release in between is not slept through.
            if self.releases.load(Ordering::SeqCst) == seen {
                let waited = self.room.wait_timeout(backlog, left);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            }
            let passed = Clock::System.now().saturating_sub(before).max(1);
            left = left.saturating_sub(Duration::from_nanos(passed));
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        accepted
    }

    fn all_shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().chain([&self.last_resort])
    }

    /// Takes unused leases back from every shard.
    fn reclaim_leases(&self) {
        for shard in self.all_shards() {
            let mut shard = lock(&shard.0);
            let (events, bytes) = (shard.lease_events, shard.lease_bytes);
            (shard.lease_events, shard.lease_bytes) = (0, 0);
            self.give_back(events, bytes);
        }
    }

    fn give_back(&self, events: i64, bytes: i64) {
        self.free_events.fetch_add(events, Ordering::SeqCst);
        self.free_bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Moves every shard's chunk to the backlog.
    pub(crate) fn collect(&self) {
        for shard in self.all_shards() {
            let mut shard = lock(&shard.0);
            if shard.chunk.is_empty() {
                continue;
            }
            let (events, bytes) = (shard.lease_events, shard.lease_bytes);
            (shard.lease_events, shard.lease_bytes) = (0, 0);
            self.give_back(events, bytes);
            let mut backlog = lock(&self.backlog);
            let empty = backlog.spare.pop().unwrap_or_default();
            backlog.chunks.push_back(std::mem::replace(&mut shard.chunk, empty));
        }
    }

    /// Takes the oldest chunk if it is no larger than this.
    pub(crate) fn take(&self, max_events: usize, max_bytes: usize) -> Option<Chunk> {
        let mut backlog = lock(&self.backlog);
        let oldest = backlog.chunks.front()?;
        if oldest.len() > max_events || oldest.bytes() > max_bytes {
            return None;
        }
        backlog.chunks.pop_front()
    }

    /// Frees the capacity of records that are done with.
    pub(crate) fn release(&self, events: usize, bytes: usize) {
        let signed = |count: usize| i64::try_from(count).unwrap_or(0);
        self.give_back(signed(events), signed(bytes));
        self.releases.fetch_add(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            drop(lock(&self.backlog));
            self.room.notify_all();
        }
    }

    /// Takes an emptied chunk back.
    pub(crate) fn recycle(&self, mut chunk: Chunk) {
        chunk.recycle();
        lock(&self.backlog).keep(chunk);
    }

    /// Refuses everything from now on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // Whoever was already inside has left its shard when this loop has been through.
        for shard in self.all_shards() {
            drop(lock(&shard.0));
        }
        drop(lock(&self.backlog));
        self.room.notify_all();
    }

    /// Drops everything queued; says how many events that were.
    pub(crate) fn drop_all(&self) -> u64 {
        self.collect();
        let chunks = std::mem::take(&mut lock(&self.backlog).chunks);
        let mut events = 0;
        for chunk in chunks {
            events += chunk.len() as u64;
            self.release(chunk.len(), chunk.bytes());
        }
        events
    }

    pub(crate) fn stats(&self) -> IntakeStats {
        let mut stats = IntakeStats::default();
        for shard in self.all_shards() {
            let shard = lock(&shard.0);
            stats.offered += shard.offered;
            stats.queued += shard.chunk.len() as u64;
            stats.dropped.merge(&shard.dropped);
        }
        stats.queued += lock(&self.backlog).chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
        stats
    }
}

impl ShardState {
    #[inline]
    fn take_lease(&mut self, need: i64) -> bool {
        let fits = self.lease_events >= 1 && self.lease_bytes >= need;
        if fits {
            self.lease_events -= 1;
            self.lease_bytes -= need;
        }
        fits
    }
}

impl Backlog {
    fn keep(&mut self, chunk: Chunk) {
        if self.spare.len() < SPARE_CHUNKS {
            self.spare.push(chunk);
        }
    }
}

/// Takes up to `want` from a counter, or nothing if fewer than `least` are left.
fn take(free: &AtomicI64, want: i64, least: i64) -> i64 {
    let mut left = free.load(Ordering::Relaxed);
    while left >= least {
        let taken = left.min(want);
        match free.compare_exchange_weak(left, left - taken, Ordering::SeqCst, Ordering::Relaxed) {
            Ok(_) => return taken,
            Err(now) => left = now,
        }
    }
    0
}
