//! Wall time as the event carries it, and its RFC 3339 form.

use std::fmt::{self, Display};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point of wall time: seconds since 1970 (negative before) and nanoseconds within the second.
///
/// Wider than a 64-bit count of nanoseconds, so neither 1969 nor 2262 wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wall {
    pub(crate) seconds: i64,
    pub(crate) nanos: u32,
}

const NANOS: u32 = 1_000_000_000;

impl From<SystemTime> for Wall {
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self {
                seconds: i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
                nanos: after.subsec_nanos(),
            },
            Err(error) => {
                let before = error.duration();
                let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                match before.subsec_nanos() {
                    0 => Self { seconds: -seconds, nanos: 0 },
                    nanos => Self { seconds: -seconds - 1, nanos: NANOS - nanos },
                }
            }
        }
    }
}

impl Wall {
    pub(crate) fn system_time(self) -> SystemTime {
        let whole = Duration::from_secs(self.seconds.unsigned_abs());
        let base = if self.seconds < 0 {
            UNIX_EPOCH.checked_sub(whole)
        } else {
            UNIX_EPOCH.checked_add(whole)
        };
        base.and_then(|base| base.checked_add(Duration::from_nanos(self.nanos.into())))
            .unwrap_or(UNIX_EPOCH)
    }

    /// So many nanoseconds later.
    #[inline]
    pub(crate) fn checked_add(self, nanos: u64) -> Option<Self> {
        let nanos = nanos.checked_add(self.nanos.into())?;
        let seconds = i64::try_from(nanos / u64::from(NANOS)).ok()?;
        let nanos = u32::try_from(nanos % u64::from(NANOS)).ok()?;
        Some(Self { seconds: self.seconds.checked_add(seconds)?, nanos })
    }

    /// How many nanoseconds lie between two points; the largest number where they are too many.
    pub(crate) fn abs_diff(self, other: Self) -> u64 {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        let nanos = i128::from(self.nanos) - i128::from(other.nanos);
        let apart = (seconds * i128::from(NANOS) + nanos).unsigned_abs();
        u64::try_from(apart).unwrap_or(u64::MAX)
    }

    /// Milliseconds since 1970, for time-sorted ids; 0 before.
    pub(crate) fn unix_millis(self) -> u64 {
        u64::try_from(self.seconds).map_or(0, |seconds| {
            seconds.saturating_mul(1_000).saturating_add(u64::from(self.nanos / 1_000_000))
        })
    }

    /// Parses RFC 3339 in UTC (`Z`), with up to nine digits of a second.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative_year, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (date, time) = text.split_once('T')?;
        let mut date = date.split('-');
        let year = number(date.next()?, 4..=12)?;
        let month = number(date.next()?, 2..=2)?;
        let day = number(date.next()?, 2..=2)?;
        let (time, fraction) = match time.strip_suffix('Z')?.split_once('.') {
            Some((time, fraction)) => (time, fraction),
            None => (time.strip_suffix('Z')?, "0"),
        };
        let mut time = time.split(':');
        let (hour, minute, second) = (
            number(time.next()?, 2..=2)?,
            number(time.next()?, 2..=2)?,
            number(time.next()?, 2..=2)?,
        );
        let in_range = (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second < 61;
        if !in_range || date.next().is_some() || time.next().is_some() {
            return None;
        }
        let digits = u32::try_from(fraction.len()).ok()?;
        let scale = 10_i64.pow(9_u32.checked_sub(digits)?);
        let nanos = u32::try_from(number(fraction, 1..=9)? * scale).ok()?;
        let year = if negative_year { -year } else { year };
        let seconds =
            days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Self { seconds, nanos })
    }
}

fn number(digits: &str, length: std::ops::RangeInclusive<usize>) -> Option<i64> {
    if !length.contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

impl Display for Wall {
    /// `2026-11-21T11:53:00.000000001Z`: always nine digits, always UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.seconds.div_euclid(86_400), self.seconds.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        let nanos = self.nanos;
        let (sign, year) = if year < 0 { ("-", -year) } else { ("", year) };
        write!(
            f,
            "{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z"
        )
    }
}

/// Days since 1970-01-01 to year, month, day of the proleptic Gregorian calendar.
///
/// Counted in eras of 400 years that begin in March, so that the leap day comes last.
pub(crate) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00.000000000Z"),
            (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.000000001Z"),
            (1_795_262_400, 0, "2026-11-21T12:00:00.000000000Z"),
            (9_223_372_037, 0, "2262-04-11T23:47:17.000000000Z"),
            (-62_200_000_000, 0, "-0002-12-17T14:13:20.000000000Z"),
            (253_402_300_800, 5, "10000-01-01T00:00:00.000000005Z"),
        ] {
            let wall = Wall { seconds, nanos };
            assert_eq!(wall.to_string(), text);
            assert_eq!(Wall::parse(text), Some(wall), "{text}");
            assert_eq!(Wall::from(wall.system_time()), wall, "{text}");
        }
    }

    #[test]
    fn short_fractions_and_nonsense() {
        assert_eq!(
            Wall::parse("1970-01-01T00:00:01.5Z"),
            Some(Wall { seconds: 1, nanos: 500_000_000 })
        );
        assert_eq!(Wall::parse("1970-01-01T00:00:01Z"), Some(Wall { seconds: 1, nanos: 0 }));
        for bad in [
            "",
            "1970-01-01",
            "1970-13-01T00:00:00Z",
            "1970-01-01T00:00:00",
            "x-01-01T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00.Z",
        ] {
            assert_eq!(Wall::parse(bad), None, "{bad}");
        }
    }
}
