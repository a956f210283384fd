//! Clocks of the benches: batches, paced single events, whole-process CPU.

use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Units in one timed batch: short enough to fit between two preemptions.
const BATCH: usize = 64;

/// The median nanoseconds per unit over batches of 64; `drain` runs untimed after every so many
/// batches, so that no queue fills.
pub fn hot(units: usize, drain_after: usize, unit: impl FnMut(usize), drain: impl FnMut()) -> f64 {
    hot_in(BATCH, units, drain_after * BATCH, unit, drain)
}

/// The same over batches of so many: a slow unit needs few, for a batch to fit between two
/// preemptions. `drain` runs after every so many units.
pub fn hot_in(
    batch: usize,
    units: usize,
    drain_after: usize,
    mut unit: impl FnMut(usize),
    mut drain: impl FnMut(),
) -> f64 {
    let mut samples = Vec::with_capacity(units / batch);
    for from in (0..units).step_by(batch) {
        let start = Instant::now();
        for n in from..from + batch {
            unit(n % BATCH);
        }
        samples.push(nanos(start.elapsed()) / count(batch));
        if (from + batch).is_multiple_of(drain_after) {
            drain();
        }
    }
    median(&mut samples)
}

/// The median nanoseconds of single units, one every `pace`; the clock's own cost is taken off. The
/// drain runs untimed after every so many units.
pub fn paced(
    units: usize,
    pace: Duration,
    mut unit: impl FnMut(usize),
    (drain_after, mut drain): (usize, impl FnMut()),
) -> f64 {
    let mut empty: Vec<f64> = (0..10_000).map(|_| nanos(Instant::now().elapsed())).collect();
    let clock = median(&mut empty);
    let mut samples = Vec::with_capacity(units);
    let mut next = Instant::now();
    for n in 0..units {
        next += pace;
        while Instant::now() < next {
            std::hint::spin_loop();
        }
        let start = Instant::now();
        unit(n % BATCH);
        samples.push(nanos(start.elapsed()) - clock);
        if n % drain_after == drain_after - 1 {
            drain();
            next = Instant::now();
        }
    }
    // The first tenth warms up.
    median(&mut samples[units / 10..])
}

/// User and system time of this process so far, in nanoseconds.
pub fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the system counts");
    time(usage.user_time()) + time(usage.system_time())
}

#[expect(clippy::cast_precision_loss, reason = "a bench's figures")]
fn time(value: TimeVal) -> f64 {
    value.tv_sec() as f64 * 1e9 + value.tv_usec() as f64 * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "a bench's figures")]
fn nanos(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

/// From here on a process is measured: callgrind forgets what it counted before, on all threads.
#[inline(never)]
pub fn measured_from() {
    std::hint::black_box(());
}

/// A number of units, to divide by.
#[expect(clippy::cast_precision_loss, reason = "a bench's figures")]
pub fn count(units: usize) -> f64 {
    units as f64
}

/// The middle of some figures.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
