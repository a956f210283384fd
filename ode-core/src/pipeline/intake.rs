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
use crate::fork;
use crate::pipeline::chunk::{Chunk, record_bytes};
use crate::pipeline::ledger::{DropCounters, DropReason, Dropped};
use crate::pipeline::queue::{Overflow, QueueSettings};
use crate::record::buffer::Buffer;
use crate::sync::{
    AtomicBool, AtomicI64, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, PoisonError, SHARDS,
    SPINS, lock_here, try_lock,
};

/// Capacity is leased to a shard in blocks of this many events …
const LEASE_EVENTS: i64 = 64;
/// … and bytes.
const LEASE_BYTES: i64 = 64 << 10;
/// A chunk is handed over at this many events …
const CHUNK_EVENTS: usize = 512;
/// … or bytes; 512 events of 24 fields stay well below.
const CHUNK_BYTES: usize = 1 << 20;
/// A full chunk may wait for another one, if it does not wait longer than this.
const SOON: Duration = Duration::from_millis(100);
/// How many empty chunks are kept for reuse: one for each shard that a tick collects, and some …
const SPARE_CHUNKS: usize = 2 * SHARDS;
/// … as long as they hold no more memory than this together.
const SPARE_BYTES: usize = 8 << 20;

#[derive(Debug)]
pub(crate) struct Intake {
    shards: Box<[Shard; SHARDS]>,
    /// For the thread that finds every shard taken.
    last_resort: Shard,
    free_events: AtomicI64,
    free_bytes: AtomicI64,
    /// Held while leases are taken or given back.
    granting: Mutex<()>,
    backlog: Mutex<Backlog>,
    /// Signalled when capacity was freed and somebody waits for it.
    room: Condvar,
    waiting: AtomicUsize,
    releases: AtomicUsize,
    closed: AtomicBool,
    chunk_events: usize,
    chunk_bytes: usize,
    /// How many chunks have to wait for the worker to be woken.
    worth_a_wake: usize,
    capacity_bytes: usize,
    overflow: Overflow,
    /// The worker was told that the queue is full, since it last made room …
    full_said: Said,
    /// … and that events were dropped, since it last could report that.
    drops_said: Said,
    pub(crate) dropped: DropCounters,
}

/// Something that the worker is woken for once, until it has done its part: an outage must not
/// cost a wake per record.
#[derive(Debug, Default)]
struct Said(AtomicBool);

impl Said {
    fn is_first(&self) -> bool {
        !self.0.swap(true, Ordering::SeqCst)
    }

    fn reset(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
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
    sampled_out: u64,
}

#[derive(Debug, Default)]
struct Backlog {
    chunks: VecDeque<Chunk>,
    /// Chunks ever handed over.
    pushed: u64,
    spare: Vec<Chunk>,
    spare_bytes: usize,
}

/// Chunks ever handed over, and those of them that have left the backlog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) pushed: u64,
    pub(crate) taken: u64,
}

/// What the intake has to say to the ledger.
#[derive(Debug, Default)]
pub(crate) struct IntakeStats {
    pub(crate) offered: u64,
    pub(crate) sampled_out: u64,
    pub(crate) queued: u64,
}

/// What a record that was taken in has made ready for the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handed {
    /// Nothing that it is woken for.
    Nothing,
    Chunk,
}

impl Intake {
    pub(crate) fn new(settings: &QueueSettings) -> Self {
        // A small queue is handed over before it is full; no chunk outgrows a batch.
        let chunk_events =
            CHUNK_EVENTS.min(settings.batch_events).min(settings.capacity.div_ceil(2)).max(1);
        let chunk_bytes = CHUNK_BYTES.min(settings.batch_bytes).min(settings.capacity_bytes / 2);
        Self {
            shards: Box::default(),
            last_resort: Shard::default(),
            free_events: AtomicI64::new(signed(settings.capacity)),
            free_bytes: AtomicI64::new(signed(settings.capacity_bytes)),
            granting: Mutex::default(),
            backlog: Mutex::default(),
            room: Condvar::new(),
            waiting: AtomicUsize::new(0),
            releases: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            chunk_events,
            chunk_bytes,
            worth_a_wake: if can_wait(settings, chunk_events, chunk_bytes) { 2 } else { 1 },
            capacity_bytes: settings.capacity_bytes,
            overflow: settings.overflow,
            full_said: Said::default(),
            drops_said: Said::default(),
            dropped: DropCounters::default(),
        }
    }

    /// Offers a finished record; the copy is all a recording thread does. `wake` is called when
    /// the worker has something to do.
    #[inline]
    pub(crate) fn offer(&self, thread: usize, head: &Head, buffer: &Buffer, wake: impl Fn()) {
        let need = record_bytes(buffer);
        let accepted = {
            let mut shard = self.shard(thread);
            shard.offered += 1;
            self.accept(&mut shard, head, buffer, need)
        };
        match accepted {
            Ok(Handed::Nothing) => {}
            Ok(Handed::Chunk) => wake(),
            Err(reason) => self.offer_to_full(thread, head, buffer, reason, &wake),
        }
    }

    /// Counts an event that is not wanted here.
    pub(crate) fn sample_out(&self, thread: usize) {
        let mut shard = self.shard(thread);
        shard.offered += 1;
        shard.sampled_out += 1;
    }

    /// The thread's own shard. If the worker is preempted in the middle of a swap, another one
    /// serves rather than wait; such a record may then overtake, or be overtaken by, its
    /// thread's neighbouring ones.
    #[inline]
    fn shard(&self, thread: usize) -> MutexGuard<'_, ShardState> {
        let own = self.shards.get(thread % SHARDS);
        own.and_then(|shard| try_lock(&shard.0)).unwrap_or_else(|| self.any_shard())
    }

    #[cold]
    fn any_shard(&self) -> MutexGuard<'_, ShardState> {
        let free = self.shards.iter().find_map(|shard| try_lock(&shard.0));
        free.unwrap_or_else(|| lock_here(&self.last_resort.0))
    }

    /// Takes the record in if there is room; says why not otherwise.
    #[inline]
    fn accept(
        &self,
        shard: &mut ShardState,
        head: &Head,
        buffer: &Buffer,
        need: usize,
    ) -> Result<Handed, DropReason> {
        // Read under the shard's lock: `close` passes through it afterwards.
        if self.closed.load(Ordering::Relaxed) {
            return Err(DropReason::AlreadyShutdown);
        }
        let lease = signed(need);
        if shard.take_lease(lease) || self.refill(shard, lease) {
            return Ok(self.append(shard, head, buffer));
        }
        let by_events = shard.lease_events < 1;
        Err(if by_events { DropReason::QueueFull } else { DropReason::QueueBytes })
    }

    /// As [`Self::accept`], with room from wherever there is some.
    fn accept_granted(
        &self,
        thread: usize,
        head: &Head,
        buffer: &Buffer,
        need: usize,
    ) -> Result<Handed, DropReason> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(DropReason::AlreadyShutdown);
        }
        self.grant(signed(need))?;
        let mut shard = self.shard(thread);
        if self.closed.load(Ordering::Relaxed) {
            self.give_back(1, signed(need));
            return Err(DropReason::AlreadyShutdown);
        }
        Ok(self.append(&mut shard, head, buffer))
    }

    #[inline]
    fn append(&self, shard: &mut ShardState, head: &Head, buffer: &Buffer) -> Handed {
        shard.chunk.append(head, buffer);
        if shard.chunk.len() < self.chunk_events && shard.chunk.bytes() < self.chunk_bytes {
            return Handed::Nothing;
        }
        match self.backlog_soon() {
            Some(mut backlog) => {
                backlog.push(&mut shard.chunk);
                if backlog.chunks.len() < self.worth_a_wake {
                    return Handed::Nothing;
                }
                Handed::Chunk
            }
            None => Handed::Nothing,
        }
    }

    /// The backlog, if it is free within a moment. If the worker is preempted while it holds it,
    /// the chunk grows rather than wait.
    fn backlog_soon(&self) -> Option<MutexGuard<'_, Backlog>> {
        (0..SPINS).find_map(|_| {
            let backlog = try_lock(&self.backlog);
            if backlog.is_none() {
                std::hint::spin_loop();
            }
            backlog
        })
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
    fn offer_to_full(
        &self,
        thread: usize,
        head: &Head,
        buffer: &Buffer,
        reason: DropReason,
        wake: &dyn Fn(),
    ) {
        let need = record_bytes(buffer);
        let attempt = || {
            let accepted = self.accept_granted(thread, head, buffer, need);
            // Perhaps it is full of records that nobody has collected yet.
            let full = matches!(accepted, Err(DropReason::QueueFull | DropReason::QueueBytes));
            if accepted == Ok(Handed::Chunk) || full && self.full_said.is_first() {
                wake();
            }
            accepted
        };
        let accepted = if reason == DropReason::AlreadyShutdown {
            Err(reason)
        } else if need > self.capacity_bytes {
            Err(DropReason::EventTooLarge)
        } else {
            match self.overflow {
                Overflow::DropNewest => attempt(),
                Overflow::DropOldest => self.displace(attempt),
                Overflow::BlockFor(patience) => self.wait_for_room(patience, attempt),
            }
        };
        if let Err(reason) = accepted {
            self.dropped.add(reason, 1);
        }
        let dropped = accepted.is_err() || self.overflow == Overflow::DropOldest;
        if dropped && self.drops_said.is_first() {
            wake();
        }
    }

    /// Makes room by dropping the oldest records that no batch holds yet.
    fn displace(
        &self,
        attempt: impl Fn() -> Result<Handed, DropReason>,
    ) -> Result<Handed, DropReason> {
        loop {
            let reason = match attempt() {
                Err(reason) if reason != DropReason::AlreadyShutdown => reason,
                done => return done,
            };
            if !self.drop_oldest(reason) {
                self.hand_over_all();
                if !self.drop_oldest(reason) {
                    return attempt();
                }
            }
        }
    }

    /// Drops the record that was handed over first; `false` if none waits.
    fn drop_oldest(&self, reason: DropReason) -> bool {
        let mut emptied = None;
        let freed = {
            let mut backlog = lock_here(&self.backlog);
            let Some(oldest) = backlog.chunks.front_mut() else {
                return false;
            };
            let freed = oldest.drop_oldest();
            self.dropped.add(reason, u64::from(freed.is_some()));
            if oldest.is_empty() {
                emptied = backlog.take();
            }
            freed
        };
        if let Some(chunk) = emptied {
            self.recycle(chunk);
        }
        if let Some(bytes) = freed {
            self.give_back(1, signed(bytes));
        }
        true
    }

    fn wait_for_room(
        &self,
        patience: Duration,
        attempt: impl Fn() -> Result<Handed, DropReason>,
    ) -> Result<Handed, DropReason> {
        // There nobody makes room, and a lock may be no more than a stand-in.
        if fork::look() {
            return Err(DropReason::ForkChild);
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut left = patience;
        let accepted = loop {
            let seen = self.releases.load(Ordering::SeqCst);
            match attempt() {
                Err(reason) if reason != DropReason::AlreadyShutdown && !left.is_zero() => {}
                done => break done,
            }
            let before = Clock::System.now();
            let backlog = lock_here(&self.backlog);
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

    /// Takes room for one record out of everything that is free, leased or not; says what is short
    /// otherwise.
    ///
    /// One thread at a time, and the shared counters before the leases: a thread whose lease was
    /// taken finds them empty and comes here too, so no room hides from the count.
    fn grant(&self, need: i64) -> Result<(), DropReason> {
        let _one_at_a_time = lock_here(&self.granting);
        let mut events = take(&self.free_events, i64::MAX, 1);
        let mut bytes = take(&self.free_bytes, i64::MAX, 1);
        for shard in self.all_shards() {
            let mut shard = lock_here(&shard.0);
            events += std::mem::take(&mut shard.lease_events);
            bytes += std::mem::take(&mut shard.lease_bytes);
        }
        let granted = if events < 1 {
            Err(DropReason::QueueFull)
        } else if bytes < need {
            Err(DropReason::QueueBytes)
        } else {
            (events, bytes) = (events - 1, bytes - need);
            Ok(())
        };
        self.give_back(events, bytes);
        granted
    }

    fn give_back(&self, events: i64, bytes: i64) {
        self.free_events.fetch_add(events, Ordering::SeqCst);
        self.free_bytes.fetch_add(bytes, Ordering::SeqCst);
    }

    /// Moves every shard's chunk to the backlog, for the worker.
    pub(crate) fn collect(&self) {
        self.full_said.reset();
        self.hand_over_all();
    }

    fn hand_over_all(&self) {
        // Leases on their way back to the shared counters would hide from `grant`.
        let _no_grants = lock_here(&self.granting);
        for shard in self.all_shards() {
            let mut shard = lock_here(&shard.0);
            if shard.chunk.is_empty() {
                continue;
            }
            let (events, bytes) = (shard.lease_events, shard.lease_bytes);
            (shard.lease_events, shard.lease_bytes) = (0, 0);
            self.give_back(events, bytes);
            lock_here(&self.backlog).push(&mut shard.chunk);
        }
    }

    /// How far the backlog has got.
    pub(crate) fn progress(&self) -> Progress {
        let backlog = lock_here(&self.backlog);
        let waiting = backlog.chunks.len() as u64;
        Progress { pushed: backlog.pushed, taken: backlog.pushed - waiting }
    }

    /// Takes the oldest chunk, which is counted before anybody can miss it.
    pub(crate) fn take(&self, count: impl FnOnce(&Chunk)) -> Option<Chunk> {
        let mut backlog = lock_here(&self.backlog);
        count(backlog.chunks.front()?);
        backlog.take()
    }

    /// Puts back what a batch had no room for.
    pub(crate) fn put_back(&self, chunk: Chunk) {
        lock_here(&self.backlog).chunks.push_front(chunk);
    }

    /// Frees the capacity of records that are done with.
    pub(crate) fn release(&self, events: usize, bytes: usize) {
        self.give_back(signed(events), signed(bytes));
        self.full_said.reset();
        self.announce_release();
    }

    /// Lets those who wait for room try again.
    fn announce_release(&self) {
        self.releases.fetch_add(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            drop(lock_here(&self.backlog));
            self.room.notify_all();
        }
    }

    /// Takes an emptied chunk back.
    pub(crate) fn recycle(&self, mut chunk: Chunk) {
        chunk.recycle();
        let surplus = lock_here(&self.backlog).keep(chunk);
        // Memory is freed when the lock is not held.
        drop(surplus);
    }

    /// Refuses everything from now on.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        // Whoever was already inside has left its shard when this loop has been through.
        for shard in self.all_shards() {
            drop(lock_here(&shard.0));
        }
        self.announce_release();
    }

    /// Drops everything queued, because there is no time left.
    pub(crate) fn drop_all(&self) {
        self.collect();
        let chunks = {
            let mut backlog = lock_here(&self.backlog);
            let events = backlog.chunks.iter().map(|chunk| chunk.len() as u64).sum();
            // Under the lock: nobody finds them neither queued nor dropped.
            self.dropped.add(DropReason::Deadline, events);
            std::mem::take(&mut backlog.chunks)
        };
        for chunk in chunks {
            self.release(chunk.len(), chunk.bytes());
        }
    }

    /// What was dropped here, for a report.
    pub(crate) fn take_drops(&self, sum: &mut Dropped) {
        self.drops_said.reset();
        self.dropped.add_to(sum);
    }

    pub(crate) fn stats(&self) -> IntakeStats {
        let mut stats = IntakeStats::default();
        for shard in self.all_shards() {
            let shard = lock_here(&shard.0);
            stats.offered += shard.offered;
            stats.sampled_out += shard.sampled_out;
            stats.queued += shard.chunk.len() as u64;
        }
        stats.queued +=
            lock_here(&self.backlog).chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>();
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

/// Whether a full chunk may wait for another one, or for the worker to come by: where that is soon, and
/// two of them are little of what the queue holds. Waking is a system call, and a start on both sides.
fn can_wait(settings: &QueueSettings, chunk_events: usize, chunk_bytes: usize) -> bool {
    chunk_events == CHUNK_EVENTS
        && 2 * chunk_events <= settings.capacity / 4
        && 2 * chunk_bytes <= settings.capacity_bytes / 4
        && settings.batch_delay <= SOON
}

impl Backlog {
    fn take(&mut self) -> Option<Chunk> {
        self.chunks.pop_front()
    }

    /// Keeps an emptied chunk; gives it back when there are enough.
    fn keep(&mut self, chunk: Chunk) -> Option<Chunk> {
        let bytes = self.spare_bytes + chunk.held();
        if self.spare.len() >= SPARE_CHUNKS || bytes > SPARE_BYTES {
            return Some(chunk);
        }
        self.spare_bytes = bytes;
        self.spare.push(chunk);
        None
    }

    /// Takes a shard's chunk in, at the end.
    fn push(&mut self, chunk: &mut Chunk) {
        let empty = self.reuse(chunk.held());
        self.chunks.push_back(std::mem::replace(chunk, empty));
        self.pushed += 1;
    }

    /// An empty chunk in the place of one that held so much memory: a busy thread's is not
    /// replaced by one that a single record went to, if there is another.
    fn reuse(&mut self, bytes: usize) -> Chunk {
        let fits = |(_, chunk): &(usize, &Chunk)| chunk.held() >= bytes;
        let sized = |(_, chunk): &(usize, &Chunk)| chunk.held();
        let spare = || self.spare.iter().enumerate();
        let best = spare().filter(fits).min_by_key(sized).or_else(|| spare().max_by_key(sized));
        let Some(at) = best.map(|(at, _)| at) else { return Chunk::default() };
        let chunk = self.spare.swap_remove(at);
        self.spare_bytes -= chunk.held();
        chunk
    }
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
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
