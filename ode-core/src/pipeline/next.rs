//! What a worker does next: a pure function, apart from the loop that carries it out.

use crate::pipeline::control::Orders;

/// What a worker knows when it decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation {
    pub(crate) now: u64,
    pub(crate) orders: Orders,
    pub(crate) has_batch: bool,
    pub(crate) retry_at: u64,
    pub(crate) next_collect: u64,
    /// Chunks are waiting that no batch holds.
    pub(crate) has_backlog: bool,
    /// How far the flush that is asked for has got.
    pub(crate) coverage: Coverage,
}

/// A flush covers what was recorded before it was asked for, and nothing else: under constant
/// traffic it would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// The threads' chunks were not collected since.
    Unknown,
    /// They were; some of them are still in the backlog.
    Waiting,
    /// No chunk that matters is in the backlog.
    Taken,
}

/// The chunks that a flush covers: those handed over before this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) flush: Option<u64>,
    pub(crate) pushed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Collect,
    /// Make a batch of what is in the backlog.
    Fill,
    Export,
    /// Wait until then, or until woken.
    Wait(u64),
    /// Everything that could be delivered was; answer the flush.
    Answer(u64),
    Stop,
}

/// The decision, apart from the loop that carries it out.
pub(crate) fn next(s: &Situation) -> Next {
    let urgent = s.orders.flush.is_some() || s.orders.stop;
    let expired = s.now >= s.orders.deadline;
    let done = !s.has_batch && s.coverage == Coverage::Taken;
    if urgent && (expired || done) {
        return if s.orders.stop { Next::Stop } else { Next::Answer(s.orders.flush.unwrap_or(0)) };
    }
    if s.has_batch {
        let wake = if urgent { s.retry_at.min(s.orders.deadline) } else { s.retry_at };
        return if s.now >= s.retry_at { Next::Export } else { Next::Wait(wake) };
    }
    let uncovered = urgent && s.coverage == Coverage::Unknown;
    if uncovered || s.orders.woken || s.now >= s.next_collect {
        return Next::Collect;
    }
    if s.has_backlog { Next::Fill } else { Next::Wait(s.next_collect) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation() -> Situation {
        Situation {
            now: 100,
            orders: Orders { flush: None, deadline: 0, stop: false, woken: false },
            has_batch: false,
            retry_at: 0,
            next_collect: 150,
            has_backlog: false,
            coverage: Coverage::Unknown,
        }
    }

    #[test]
    fn decides() {
        let quiet = situation();
        let flush = Orders { flush: Some(3), deadline: 1_000, ..quiet.orders };
        let stop = Orders { flush: Some(3), stop: true, deadline: 1_000, ..quiet.orders };
        let woken = Orders { woken: true, ..quiet.orders };
        let busy = Situation { has_batch: true, retry_at: 400, ..quiet };
        let (waiting, taken) = (Coverage::Waiting, Coverage::Taken);
        for (situation, expected) in [
            (quiet, Next::Wait(150)),
            (Situation { now: 150, ..quiet }, Next::Collect),
            (Situation { orders: woken, ..quiet }, Next::Collect),
            (Situation { has_backlog: true, ..quiet }, Next::Fill),
            (Situation { has_batch: true, ..quiet }, Next::Export),
            (busy, Next::Wait(400)),
            (Situation { orders: woken, ..busy }, Next::Wait(400)),
            (Situation { orders: flush, ..quiet }, Next::Collect),
            (Situation { orders: flush, has_batch: true, ..quiet }, Next::Export),
            (
                Situation { orders: flush, coverage: waiting, has_backlog: true, ..quiet },
                Next::Fill,
            ),
            (Situation { orders: flush, coverage: taken, has_batch: true, ..quiet }, Next::Export),
            (
                Situation { orders: flush, coverage: taken, has_backlog: true, ..quiet },
                Next::Answer(3),
            ),
            (Situation { orders: flush, ..busy }, Next::Wait(400)),
            (Situation { orders: flush, retry_at: 4_000, ..busy }, Next::Wait(1_000)),
            (Situation { orders: flush, now: 1_000, ..busy }, Next::Answer(3)),
            (Situation { orders: stop, coverage: taken, ..quiet }, Next::Stop),
            (Situation { orders: stop, has_batch: true, ..quiet }, Next::Export),
            (Situation { orders: stop, has_batch: true, now: 1_000, ..quiet }, Next::Stop),
        ] {
            assert_eq!(next(&situation), expected, "{situation:?}");
        }
    }
}
