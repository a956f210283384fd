//! [`Anchor`]: the wall time of a moment, mostly without asking the clock.
//!
//! The monotonic clock and the wall clock run alike until somebody sets the wall clock, or the machine
//! sleeps. So where units follow each other closely, the wall time of the next one is that of an
//! earlier one and what has passed since, and a read of a clock is saved. What was set is noticed
//! after [`MAX_AGE`].

use crate::event::time::Wall;
use crate::system_time::Moment;

/// For how many nanoseconds a reading of the wall clock is gone by.
const MAX_AGE: u64 = 1_000_000;
/// How far two readings may differ that confirm each other. A thread that lost the processor between
/// reading the one clock and the other is off by more.
const MAX_SKEW: u64 = 1_000;

/// A reading of both clocks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Anchor {
    at: Option<Moment>,
    wall: Wall,
    /// A second reading said the same.
    is_confirmed: bool,
}

impl Anchor {
    /// The wall time of this moment, which has just been read; `read` reads the wall clock.
    #[inline]
    pub(crate) fn wall_at(&mut self, now: Moment, read: impl FnOnce() -> Wall) -> Wall {
        let expected = self.expected(now);
        match expected {
            Some(expected) if self.is_confirmed => expected,
            _ => self.renew(now, expected, read()),
        }
    }

    #[inline]
    fn expected(&self, now: Moment) -> Option<Wall> {
        let age = now.since(self.at?);
        if age < MAX_AGE { self.wall.checked_add(age) } else { None }
    }

    /// A reading that confirms the one before, or takes its place.
    #[cold]
    fn renew(&mut self, now: Moment, expected: Option<Wall>, read: Wall) -> Wall {
        if let Some(expected) = expected.filter(|expected| expected.abs_diff(read) <= MAX_SKEW) {
            self.is_confirmed = true;
            return expected;
        }
        *self = Self { at: Some(now), wall: read, is_confirmed: false };
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wall times are told here in nanoseconds since this one, which is about to turn a second.
    const BEGIN: Wall = Wall { seconds: 1_767_225_600, nanos: 999_999_000 };
    const MICRO: i64 = 1_000;
    const HOUR: i64 = 3_600_000_000_000;

    fn wall(since: i64) -> Wall {
        let nanos = i64::from(BEGIN.nanos) + since;
        let seconds = BEGIN.seconds + nanos.div_euclid(1_000_000_000);
        Wall { seconds, nanos: u32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap() }
    }

    /// A wall clock that counts how often it is asked.
    #[derive(Default)]
    struct Clocks {
        anchor: Anchor,
        reads: usize,
    }

    impl Clocks {
        /// What the anchor says after so many nanoseconds, when the wall clock says `says`.
        fn ask(&mut self, after: i64, says: i64) -> i64 {
            let now = Moment(7_000_000 + after.cast_unsigned());
            let told = self.anchor.wall_at(now, || {
                self.reads += 1;
                wall(says)
            });
            let seconds = told.seconds - BEGIN.seconds;
            seconds * 1_000_000_000 + i64::from(told.nanos) - i64::from(BEGIN.nanos)
        }
    }

    #[test]
    fn two_readings_are_enough_for_a_while() {
        let mut clocks = Clocks::default();
        for n in 0..1_000 {
            assert_eq!(clocks.ask(n * MICRO, n * MICRO), n * MICRO);
        }
        assert_eq!(clocks.reads, 2);
        for n in 1_000..2_000 {
            assert_eq!(clocks.ask(n * MICRO, n * MICRO), n * MICRO);
        }
        assert_eq!(clocks.reads, 4);
    }

    #[test]
    fn units_that_are_far_apart_are_read_for_each() {
        let mut clocks = Clocks::default();
        for n in 0..100 {
            assert_eq!(clocks.ask(1_000 * n * MICRO, HOUR), HOUR);
        }
        assert_eq!(clocks.reads, 100);
    }

    #[test]
    fn a_clock_that_is_set_is_noticed_within_a_millisecond() {
        for jump in [HOUR, -HOUR] {
            let mut clocks = Clocks::default();
            clocks.ask(0, 0);
            clocks.ask(MICRO, MICRO);
            assert_eq!(clocks.ask(999_999, jump), 999_999);
            assert_eq!(clocks.ask(1_000_000, jump), jump);
            assert_eq!(clocks.ask(1_001_000, jump + MICRO), jump + MICRO);
            assert_eq!(clocks.ask(1_500_000, 0), jump + 500 * MICRO);
        }
    }

    /// What confirms is not exactly the same, and then time does not step back by the difference.
    #[test]
    fn what_is_confirmed_is_gone_by_at_once() {
        for differs in [900, -900, 1_000, -1_000] {
            let mut clocks = Clocks::default();
            clocks.ask(0, 0);
            assert_eq!(clocks.ask(MICRO, MICRO + differs), MICRO);
            assert_eq!(clocks.ask(2 * MICRO, HOUR), 2 * MICRO);
        }
    }

    /// The thread lost the processor between the two clocks.
    #[test]
    fn a_reading_that_is_off_is_not_gone_by() {
        for off in [300 * MICRO, -300 * MICRO, 1_001, -1_001] {
            let mut clocks = Clocks::default();
            clocks.ask(0, off);
            assert_eq!(clocks.ask(MICRO, MICRO), MICRO);
            assert_eq!(clocks.ask(2 * MICRO, 2 * MICRO), 2 * MICRO);
            assert_eq!(clocks.ask(3 * MICRO, HOUR), 3 * MICRO);
            assert_eq!(clocks.reads, 3);
        }
    }

    #[test]
    fn what_no_time_can_say_is_asked_of_the_clock() {
        let last = Wall { seconds: i64::MAX, nanos: 999_999_999 };
        let mut anchor = Anchor::default();
        for n in 0..3 {
            assert_eq!(anchor.wall_at(Moment(900 * n), || last), last);
        }
    }
}
