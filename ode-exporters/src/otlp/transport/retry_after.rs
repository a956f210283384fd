//! `retry-after`: when a receiver wants to be asked again.

use std::time::Duration;
#[cfg(feature = "otlp-http")]
use std::time::SystemTime;

/// No receiver is believed that wants to be left alone for longer: a clock may be wrong, and a batch
/// that waits holds up those behind it.
pub(crate) const MAX_DELAY: Duration = Duration::from_secs(3_600);

/// The delay that the header asks for: seconds, or a date on the wall clock. Nothing for a date that
/// has passed, for no delay at all, and for what is neither.
#[cfg(feature = "otlp-http")]
pub(crate) fn retry_after(header: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(header).ok()?.trim();
    let delay = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds is a long time.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?
    };
    bounded(delay)
}

/// The delay, if there is one, and not for longer than anybody is believed.
pub(crate) fn bounded(delay: Duration) -> Option<Duration> {
    Some(delay.min(MAX_DELAY)).filter(|delay| !delay.is_zero())
}

/// Dates in headers are of the wall clock.
#[cfg(feature = "otlp-http")]
#[expect(clippy::disallowed_methods, reason = "compared with the receiver's wall clock")]
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}

#[cfg(all(test, feature = "otlp-http"))]
mod tests {
    use super::*;

    #[test]
    fn seconds_dates_and_nonsense() {
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (header, expected) in [
            ("1", seconds(1)),
            (" 120 ", seconds(120)),
            ("0", None),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("", None),
            ("soon", None),
            ("3600", seconds(3_600)),
            ("1000000000", Some(MAX_DELAY)),
            ("99999999999999999999999999", Some(MAX_DELAY)),
            ("Sun, 06 Nov 1994 08:49:40 GMT", seconds(3)),
            ("Sunday, 06-Nov-94 08:49:40 GMT", seconds(3)),
            ("Sun Nov  6 08:49:40 1994", seconds(3)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(MAX_DELAY)),
            ("Sun, 06 Nov 1994 25:49:40 GMT", None),
        ] {
            assert_eq!(retry_after(header.as_bytes(), now), expected, "{header}");
        }
        assert_eq!(retry_after(b"\xff", now), None);
    }
}
