//! The system's two clocks, as whole numbers.
//!
//! A unit reads them two or three times, and subtracts what it read. The types of the standard library
//! make some fifty instructions of each of these, to see to what cannot be here; so where the system is
//! known, it is asked directly. The standard library asks the same clocks.

pub(crate) use source::{monotonic, wall};

/// A monotonic moment, in nanoseconds since its clock's fixed point; only moments of one clock compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// Nanoseconds from `earlier` to here; 0 when it is not earlier.
    #[inline]
    pub(crate) fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Nanoseconds since the clock's fixed point.
    #[inline]
    pub(crate) fn nanos(self) -> u64 {
        self.0
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod source {
    use nix::sys::time::TimeSpec;
    use nix::time::{ClockId, clock_gettime};

    use super::Moment;
    use crate::event::time::Wall;

    /// The moment it is.
    #[inline]
    pub(crate) fn monotonic() -> Moment {
        let now = read(ClockId::CLOCK_MONOTONIC);
        let seconds = now.tv_sec().cast_unsigned();
        Moment(seconds.wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec().cast_unsigned()))
    }

    /// Wall time.
    #[inline]
    pub(crate) fn wall() -> Wall {
        let now = read(ClockId::CLOCK_REALTIME);
        Wall { seconds: now.tv_sec(), nanos: u32::try_from(now.tv_nsec()).unwrap_or(0) }
    }

    /// No Linux is without these clocks.
    #[inline]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads clocks")]
    fn read(clock: ClockId) -> TimeSpec {
        clock_gettime(clock).unwrap_or(TimeSpec::new(0, 0))
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod source {
    use std::sync::LazyLock;
    use std::time::{Instant, SystemTime};

    use super::Moment;
    use crate::event::time::Wall;

    /// Monotonic time is counted from here.
    static START: LazyLock<Instant> = LazyLock::new(instant);

    /// The moment it is.
    #[inline]
    pub(crate) fn monotonic() -> Moment {
        let since = instant().saturating_duration_since(*START);
        let seconds = since.as_secs().wrapping_mul(1_000_000_000);
        Moment(seconds.wrapping_add(since.subsec_nanos().into()))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads clocks")]
    fn instant() -> Instant {
        Instant::now()
    }

    /// Wall time.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads clocks")]
    pub(crate) fn wall() -> Wall {
        SystemTime::now().into()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "compares with the standard library's clocks")]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::*;
    use crate::event::time::Wall;

    #[test]
    fn monotonic_moments_are_those_of_an_instant() {
        let (outer, before) = (monotonic(), Instant::now());
        let inner = monotonic();
        while before.elapsed() < Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        let inner = u128::from(monotonic().since(inner));
        let passed = before.elapsed().as_nanos();
        let outer = u128::from(monotonic().since(outer));
        assert!(inner <= passed && passed <= outer, "{inner} {passed} {outer}");
    }

    #[test]
    fn wall_time_is_that_of_the_standard_library() {
        let before = Wall::from(SystemTime::now());
        let between = wall();
        let after = Wall::from(SystemTime::now());
        assert!(before <= between && between <= after, "{before} {between} {after}");
    }
}
