//! [`Anchor`]: the wall time of a moment, mostly without asking the clock.
//!
//! The monotonic clock and the wall clock run alike until somebody sets the wall clock, or the machine
//! sleeps. So where units follow each other closely, the wall time of the next one is that of an
//! earlier one and what has passed since, and a read of a clock is saved. What was set is noticed
//! after [`MAX_AGE`].

use std::time::{Duration, Instant, SystemTime};

/// How long a reading of the wall clock is gone by.
const MAX_AGE: Duration = Duration::from_millis(1);
/// How far two readings may differ that confirm each other. A thread that lost the processor between
/// reading the one clock and the other is off by more.
const MAX_SKEW: Duration = Duration::from_micros(1);

/// A reading of both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    at: Option<Instant>,
    wall: SystemTime,
    /// A second reading said the same.
    is_confirmed: bool,
}

impl Default for Anchor {
    fn default() -> Self {
        Self { at: None, wall: SystemTime::UNIX_EPOCH, is_confirmed: false }
    }
}

impl Anchor {
    /// The wall time of this moment, which has just been read; `read` reads the wall clock.
    #[inline]
    pub(crate) fn wall_at(
        &mut self,
        now: Instant,
        read: impl FnOnce() -> SystemTime,
    ) -> SystemTime {
        let expected = self.expected(now);
        match expected {
            Some(expected) if self.is_confirmed => expected,
            _ => self.renew(now, expected, read()),
        }
    }

    #[inline]
    fn expected(&self, now: Instant) -> Option<SystemTime> {
        let age = now.saturating_duration_since(self.at?);
        if age < MAX_AGE { self.wall.checked_add(age) } else { None }
    }

    /// A reading that confirms the one before, or takes its place.
    #[cold]
    fn renew(
        &mut self,
        now: Instant,
        expected: Option<SystemTime>,
        read: SystemTime,
    ) -> SystemTime {
        if let Some(expected) = expected.filter(|expected| skew(*expected, read) <= MAX_SKEW) {
            self.is_confirmed = true;
            return expected;
        }
        *self = Self { at: Some(now), wall: read, is_confirmed: false };
        read
    }
}

fn skew(a: SystemTime, b: SystemTime) -> Duration {
    a.duration_since(b).unwrap_or_else(|b_is_later| b_is_later.duration())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Clock, Moment};

    /// A wall clock that counts how often it is asked, and moments on the monotonic one.
    struct Clocks {
        anchor: Anchor,
        begin: Instant,
        reads: usize,
    }

    const BEGIN: SystemTime = SystemTime::UNIX_EPOCH;
    const HOUR: Duration = Duration::from_secs(3_600);

    fn micros(n: u64) -> Duration {
        Duration::from_micros(n)
    }

    impl Clocks {
        fn new() -> Self {
            let Moment::System(begin) = Clock::System.moment() else { unreachable!() };
            Self { anchor: Anchor::default(), begin, reads: 0 }
        }

        /// What the anchor says after so many microseconds, when the wall clock says `wall`.
        fn ask(&mut self, after: Duration, wall: SystemTime) -> SystemTime {
            let reads = &mut self.reads;
            self.anchor.wall_at(self.begin + after, || {
                *reads += 1;
                wall
            })
        }
    }

    #[test]
    fn two_readings_are_enough_for_a_while() {
        let mut clocks = Clocks::new();
        for n in 0..1_000 {
            assert_eq!(clocks.ask(micros(n), BEGIN + micros(n)), BEGIN + micros(n));
        }
        assert_eq!(clocks.reads, 2);
        for n in 1_000..2_000 {
            assert_eq!(clocks.ask(micros(n), BEGIN + micros(n)), BEGIN + micros(n));
        }
        assert_eq!(clocks.reads, 4);
    }

    #[test]
    fn units_that_are_far_apart_are_read_for_each() {
        let mut clocks = Clocks::new();
        for n in 0..100 {
            assert_eq!(clocks.ask(micros(1_000 * n), BEGIN + HOUR), BEGIN + HOUR);
        }
        assert_eq!(clocks.reads, 100);
    }

    #[test]
    fn a_clock_that_is_set_is_noticed_within_a_millisecond() {
        for jump in [BEGIN + HOUR, BEGIN - HOUR] {
            let mut clocks = Clocks::new();
            clocks.ask(micros(0), BEGIN);
            clocks.ask(micros(1), BEGIN + micros(1));
            assert_eq!(clocks.ask(micros(999), jump), BEGIN + micros(999));
            assert_eq!(clocks.ask(micros(1_000), jump), jump);
            assert_eq!(clocks.ask(micros(1_001), jump + micros(1)), jump + micros(1));
            assert_eq!(clocks.ask(micros(1_500), BEGIN), jump + micros(500));
        }
    }

    /// What confirms is not exactly the same, and then time does not step back by the difference.
    #[test]
    fn what_is_confirmed_is_gone_by_at_once() {
        let mut clocks = Clocks::new();
        clocks.ask(micros(0), BEGIN);
        let nanos = Duration::from_nanos(900);
        assert_eq!(clocks.ask(micros(1), BEGIN + micros(1) + nanos), BEGIN + micros(1));
        assert_eq!(clocks.ask(micros(2), BEGIN + HOUR), BEGIN + micros(2));
    }

    /// The thread lost the processor between the two clocks.
    #[test]
    fn a_reading_that_is_off_is_not_gone_by() {
        let mut clocks = Clocks::new();
        clocks.ask(micros(0), BEGIN + micros(300));
        assert_eq!(clocks.ask(micros(1), BEGIN + micros(1)), BEGIN + micros(1));
        assert_eq!(clocks.ask(micros(2), BEGIN + micros(2)), BEGIN + micros(2));
        assert_eq!(clocks.ask(micros(3), BEGIN + HOUR), BEGIN + micros(3));
        assert_eq!(clocks.reads, 3);
    }

    #[test]
    fn what_no_time_can_say_is_asked_of_the_clock() {
        let Some(last) = BEGIN.checked_add(Duration::from_secs(i64::MAX.unsigned_abs())) else {
            return;
        };
        let mut clocks = Clocks::new();
        for n in 0..3 {
            assert_eq!(clocks.ask(micros(n * 900), last), last);
        }
    }
}
