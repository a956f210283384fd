//! Clocks that jump: durations go by the monotonic clock, the timestamp by one look at the wall.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ode_core::testing::{Capture, TestClock};
use ode_core::{WideEvent, hold};
use proptest::prelude::*;

use crate::support::{capture, capture_with};

const HOUR: Duration = Duration::from_secs(3_600);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn after(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Wall times around which clocks have broken software before.
fn jumps() -> [(&'static str, SystemTime, &'static str); 7] {
    [
        ("an hour back", after(1_767_225_600) - HOUR, "2025-12-31T23:00:00.000000000Z"),
        ("a year on", after(1_767_225_600) + YEAR, "2027-01-01T00:00:00.000000000Z"),
        ("the epoch", UNIX_EPOCH, "1970-01-01T00:00:00.000000000Z"),
        ("just before it", UNIX_EPOCH - Duration::from_nanos(1), "1969-12-31T23:59:59.999999999Z"),
        ("long before it", UNIX_EPOCH - 100 * YEAR, "1870-01-25T00:00:00.000000000Z"),
        ("past 2038", after(1 << 31), "2038-01-19T03:14:08.000000000Z"),
        ("past 2262", after(9_300_000_000), "2264-09-14T21:20:00.000000000Z"),
    ]
}

#[test]
fn a_wall_clock_that_jumps_while_a_unit_runs_changes_neither_start_nor_duration() {
    for (jump, to, _) in jumps() {
        let clock = TestClock::new();
        let events = capture_with(Capture::builder().clock(&clock));
        WideEvent::builder("unit").run(|| {
            clock.advance(Duration::from_millis(3));
            clock.set_wall(to);
            clock.advance(Duration::from_millis(4));
        });
        let event = events.one("unit");
        assert_eq!(event["timestamp"], "2026-01-01T00:00:00.000000000Z", "{jump}");
        assert_eq!(event.duration(), Duration::from_millis(7), "{jump}");
    }
}

#[test]
fn a_unit_that_starts_at_any_time_says_so() {
    for (jump, to, text) in jumps() {
        let clock = TestClock::new();
        let events = capture_with(Capture::builder().clock(&clock));
        clock.set_wall(to);
        WideEvent::builder("unit").run(|| clock.advance(Duration::from_nanos(5)));
        let event = events.one("unit");
        assert_eq!(event["timestamp"], text, "{jump}");
        assert_eq!(event.timestamp(), to, "{jump}");
        assert_eq!(event["duration_ns"], 5, "{jump}");
        // A version 7 id, whatever the clock says.
        let id = event.event_id().to_string();
        assert_eq!(ode_core::EventId::from_uuid(&id), Some(event.event_id()));
        assert_eq!(id.as_bytes()[14], b'7', "{id}");
    }
}

#[test]
fn timed_parts_and_holds_go_by_the_monotonic_clock() {
    for (jump, to, _) in jumps() {
        let clock = TestClock::new();
        let events = capture_with(Capture::builder().clock(&clock));
        let hold = WideEvent::builder("unit").run(|| {
            let timed = ode_core::timed("part");
            clock.advance(Duration::from_secs(1));
            clock.set_wall(to);
            drop(timed);
            hold(HOUR)
        });
        clock.set_wall(after(0));
        clock.advance(Duration::from_secs(2));
        drop(hold);
        let event = events.one("unit");
        assert_eq!(event["timed.part.total_ns"], 1_000_000_000, "{jump}");
        assert_eq!(event["held_ns"], 3_000_000_000_u64, "{jump}");
        assert_eq!(event.duration(), Duration::from_secs(1));
    }
}

#[test]
fn a_deadline_does_not_pass_because_the_wall_clock_jumped() {
    let clock = TestClock::new();
    let events = capture_with(Capture::builder().clock(&clock));
    let hold = WideEvent::builder("unit").run(|| hold(HOUR));
    clock.set_wall(after(1_767_225_600) + YEAR);
    events.none("unit");
    clock.set_wall(after(0));
    clock.advance(HOUR);
    assert_eq!(events.one("unit")["incomplete"], true);
    drop(hold);
}

#[test]
fn a_suspend_of_centuries_saturates_and_never_wraps() {
    let clock = TestClock::new();
    let events = capture_with(Capture::builder().clock(&clock));
    let kept = WideEvent::builder("unit").run(|| {
        let _timed = ode_core::timed("part");
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        hold(Duration::MAX)
    });
    drop(kept);
    let event = events.one("unit");
    assert!(event.duration() > 500 * YEAR, "{event:?}");
    assert_eq!(event["timed.part.count"], 1);
    WideEvent::builder("next").run(|| ());
    assert_eq!(events.one("next")["duration_ns"], 0);
}

#[test]
fn the_unit_starts_when_it_first_runs() {
    let clock = TestClock::new();
    let events = capture_with(Capture::builder().clock(&clock));
    let second = Duration::from_secs(1);
    let unit = WideEvent::builder("run").start();
    clock.advance(second);
    unit.run(|| clock.advance(second));
    let unit = WideEvent::builder("closed without a run").start();
    clock.advance(second);
    unit.end();
    let work = WideEvent::builder("async").run_async(async { clock.advance(second) });
    clock.advance(second);
    futures::executor::block_on(work);
    let mut unit = WideEvent::builder("scoped").start();
    clock.advance(second);
    unit.scope(|| ());
    clock.advance(second);
    unit.scope(|| clock.advance(second));
    unit.end();
    assert_eq!(events.one("run").duration(), second);
    assert_eq!(events.one("run")["timestamp"], "2026-01-01T00:00:01.000000000Z");
    assert_eq!(events.one("closed without a run").duration(), second);
    assert_eq!(events.one("async").duration(), second);
    assert_eq!(events.one("scoped").duration(), 2 * second);
}

#[test]
fn the_systems_clock_goes_forward() {
    let events = capture();
    WideEvent::builder("outer").run(|| WideEvent::builder("inner").run(|| ()));
    assert!(events.one("outer").duration() >= events.one("inner").duration());
    let since_1970 = events.one("outer").timestamp().duration_since(UNIX_EPOCH).unwrap();
    assert!(since_1970 > 50 * YEAR);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the wall clock does meanwhile, every duration is the sum of the steps.
    #[test]
    fn durations_are_what_passed(steps in proptest::collection::vec((0..u64::from(u32::MAX), any::<i32>()), 1..20)) {
        let clock = TestClock::new();
        let events = capture_with(Capture::builder().clock(&clock));
        WideEvent::builder("unit").run(|| {
            for (nanos, wall) in &steps {
                clock.advance(Duration::from_nanos(*nanos));
                let offset = Duration::from_secs(wall.unsigned_abs().into());
                clock.set_wall(if *wall < 0 { UNIX_EPOCH - offset } else { UNIX_EPOCH + offset });
            }
        });
        let passed = steps.iter().map(|(nanos, _)| nanos).sum::<u64>();
        prop_assert_eq!(&events.one("unit")["duration_ns"], &ode_core::OwnedValue::U64(passed));
    }
}
