//! The system's two clocks, as whole numbers.
//!
//! A unit reads them two or three times, and subtracts what it read. The types of the standard library
//! make some sixty instructions of each of these, to see to what cannot be here; so where the system is
//! known, it is asked directly. The standard library asks the same clocks.

pub(crate) use source::{monotonic_nanos, wall};

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod source {
    use nix::sys::time::TimeSpec;
    use nix::time::{ClockId, clock_gettime};

    use crate::event::time::Wall;

    /// Nanoseconds since some fixed point.
    #[inline]
    pub(crate) fn monotonic_nanos() -> u64 {
        let now = read(ClockId::CLOCK_MONOTONIC);
        let seconds = now.tv_sec().cast_unsigned();
        seconds.wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec().cast_unsigned())
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

    use crate::event::time::Wall;

    /// Monotonic time is counted from here.
    static START: LazyLock<Instant> = LazyLock::new(instant);

    /// Nanoseconds since some fixed point.
    #[inline]
    pub(crate) fn monotonic_nanos() -> u64 {
        let since = instant().saturating_duration_since(*START);
        since.as_secs().wrapping_mul(1_000_000_000).wrapping_add(since.subsec_nanos().into())
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
    fn monotonic_nanoseconds_are_those_of_an_instant() {
        let (outer, before) = (monotonic_nanos(), Instant::now());
        let inner = monotonic_nanos();
        while before.elapsed() < Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        let inner = u128::from(monotonic_nanos() - inner);
        let passed = before.elapsed().as_nanos();
        let outer = u128::from(monotonic_nanos() - outer);
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
