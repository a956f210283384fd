//! How long to wait before something that failed is tried again.

use std::time::Duration;

/// The first wait, of which at least a half passes: nobody asks more often than every 100 ms.
const FIRST: Duration = Duration::from_millis(200);
/// No wait is longer. It is also the time over which those who wait for one receiver spread: a few
/// seconds are enough for a thousand of them, and what was collected meanwhile need not wait half a
/// minute for a receiver that is back.
const LONGEST: Duration = Duration::from_secs(10);

/// Exponential, with the upper half jittered: `jitter` is from 0 to 1.
pub(crate) fn backoff(failures: u32, jitter: f64) -> Duration {
    let full = FIRST.saturating_mul(1 << failures.min(10)).min(LONGEST);
    full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backs_off_to_a_bound() {
        assert_eq!(backoff(0, 1.0), FIRST);
        assert_eq!(backoff(0, 0.0), FIRST / 2);
        assert_eq!(backoff(1, 1.0), FIRST * 2);
        assert_eq!(backoff(40, 1.0), LONGEST);
        assert_eq!(backoff(u32::MAX, 0.0), LONGEST / 2);
    }

    const CLIENTS: usize = 1_000;
    /// How long the receiver is away.
    const AWAY: Duration = Duration::from_secs(60);
    /// What arrivals are counted by.
    const SLICE: Duration = Duration::from_millis(100);

    /// When a client that failed at the start comes through, after the receiver is back; and its
    /// shortest wait.
    fn client(random: &mut fastrand::Rng) -> (Duration, Duration) {
        let (mut now, mut shortest) = (Duration::ZERO, Duration::MAX);
        for failures in 0.. {
            let wait = backoff(failures, random.f64());
            now += wait;
            shortest = shortest.min(wait);
            if now >= AWAY {
                break;
            }
        }
        (now.saturating_sub(AWAY), shortest)
    }

    /// T26. The worst start: all of them fail in the same instant.
    #[test]
    fn a_thousand_clients_do_not_come_back_as_a_herd() {
        for seed in 0..32 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut slices, mut shortest) = (Vec::new(), Duration::MAX);
            for _ in 0..CLIENTS {
                let (arrival, wait) = client(&mut random);
                let slice = usize::try_from(arrival.as_millis() / SLICE.as_millis()).unwrap();
                if slices.len() <= slice {
                    slices.resize(slice + 1, 0);
                }
                slices[slice] += 1;
                shortest = shortest.min(wait);
            }
            assert!(shortest >= SLICE, "{seed}: {shortest:?}");
            let most: usize = slices.iter().copied().max().unwrap();
            // Of all the slices, from the receiver's return to the last arrival.
            assert!(
                most * slices.len() <= 3 * CLIENTS,
                "{seed}: {most} of {CLIENTS} in one of {} slices",
                slices.len()
            );
        }
    }
}
