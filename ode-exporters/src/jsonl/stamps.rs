//! Ids as a line has them, and RFC 3339 time whose date is only worked out once a second.

use std::io::Write;

use ode_core::{EventId, SpanId, TraceId};

use crate::write::digits::{hex8, nine, uuid, words};
use crate::write::room::Room;

/// Puts `","event_id":"…","trace_id":"…","span_id":"…"`, all ids in one copy.
#[inline]
pub(crate) fn put_ids(
    room: &mut Room<'_>,
    event: EventId,
    trace: TraceId,
    span: SpanId,
) -> Option<()> {
    const EVENT: usize = 13;
    const TRACE: usize = EVENT + 36 + 14;
    const SPAN: usize = TRACE + 32 + 13;
    let mut text = *b",\"event_id\":\"________-____-____-____-____________\",\
        \"trace_id\":\"________________________________\",\"span_id\":\"________________\"";
    text[EVENT..EVENT + 36].copy_from_slice(&uuid(event));
    let (digits, _) = text[TRACE..TRACE + 32].as_chunks_mut::<8>();
    digits.iter_mut().zip(words(trace.to_bytes())).for_each(|(to, word)| *to = hex8(word));
    let (digits, _) = text[SPAN..SPAN + 16].as_chunks_mut::<8>();
    digits.iter_mut().zip(words(span.to_bytes())).for_each(|(to, word)| *to = hex8(word));
    room.put_array(&text)
}

/// Puts `,"parent_span_id":"…"`.
#[inline]
pub(crate) fn put_parent(room: &mut Room<'_>, parent: SpanId) -> Option<()> {
    let mut text = *b",\"parent_span_id\":\"________________\"";
    let (digits, _) = text[19..35].as_chunks_mut::<8>();
    digits.iter_mut().zip(words(parent.to_bytes())).for_each(|(to, word)| *to = hex8(word));
    room.put_array(&text)
}

/// Writes times; remembers the last second, since events of one batch mostly share it.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    second: i64,
    /// `{"timestamp":"2026-11-21T11:53:00.`
    text: Vec<u8>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { second: 0, text: b"{\"timestamp\":\"1970-01-01T00:00:00.".to_vec() }
    }
}

impl Clock {
    /// Puts `{"timestamp":"2026-11-21T11:53:00.000000001`, without the `Z"`.
    #[inline]
    pub(crate) fn put(&self, room: &mut Room<'_>, nanos: u32) -> Option<()> {
        // All years but very distant ones have four digits.
        match self.text.first_chunk::<34>() {
            Some(text) if self.text.len() == 34 => room.put_array(text)?,
            _ => room.put(&self.text)?,
        }
        room.put_array(&nine(nanos))
    }

    /// Goes to the second of the next event.
    #[inline]
    pub(crate) fn set(&mut self, seconds: i64) {
        if seconds != self.second {
            self.move_to(seconds);
        }
    }

    #[cold]
    fn move_to(&mut self, seconds: i64) {
        self.second = seconds;
        self.text.clear();
        let time = Civil::of(seconds);
        let sign = if time.year < 0 { "-" } else { "" };
        let (year, month, day) = (time.year.unsigned_abs(), time.month, time.day);
        let (hour, minute, second) = (time.hour, time.minute, time.second);
        // Writing to a vector cannot fail.
        write!(
            self.text,
            "{{\"timestamp\":\"{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}."
        )
        .ok();
    }
}

/// A second by calendar and clock, in UTC.
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Civil {
    /// Days are counted from 1 March of the year 0, so that a leap day is the last of its year;
    /// 400 years are 146,097 days.
    pub(crate) fn of(seconds: i64) -> Self {
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let shifted = days + 719_468;
        let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let march_month = (5 * day + 2) / 153;
        let day = day - (153 * march_month + 2) / 5 + 1;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Self {
            year: year + era * 400 + i64::from(month <= 2),
            month,
            day,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::room::text_of;

    fn time(seconds: i64, nanos: u32) -> String {
        let mut clock = Clock { second: seconds.wrapping_add(1), text: Vec::new() };
        clock.set(seconds);
        text_of(64, |room| clock.put(room, nanos))
            .trim_start_matches("{\"timestamp\":\"")
            .to_owned()
    }

    #[test]
    fn known_instants() {
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00.000000000"),
            (-1, 999_999_999, "1969-12-31T23:59:59.999999999"),
            (951_782_400, 1, "2000-02-29T00:00:00.000000001"),
            (1_795_262_400, 120_000, "2026-11-21T12:00:00.000120000"),
            (253_402_300_800, 5, "10000-01-01T00:00:00.000000005"),
            (-62_198_755_200, 0, "-0001-01-01T00:00:00.000000000"),
            (0, u32::MAX, "1970-01-01T00:00:00.999999999"),
        ] {
            assert_eq!(time(seconds, nanos), text);
        }
        for extreme in [i64::MIN, i64::MAX] {
            assert!(time(extreme, 0).ends_with(".000000000"));
        }
    }

    #[test]
    fn a_new_clock_starts_at_1970() {
        let text = text_of(64, |room| Clock::default().put(room, 0));
        assert_eq!(text, "{\"timestamp\":\"1970-01-01T00:00:00.000000000");
    }

    #[test]
    fn ids_as_they_display() {
        let uuid = "01234567-89ab-7fed-bcde-0f1e2d3c4b5a";
        let event = EventId::from_uuid(uuid).unwrap();
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let (trace_id, span_id) =
            (TraceId::from_hex(trace).unwrap(), SpanId::from_hex(span).unwrap());
        let text = text_of(0, |room| {
            put_ids(room, event, trace_id, span_id)?;
            put_parent(room, span_id)
        });
        let expected = format!(
            ",\"event_id\":\"{uuid}\",\"trace_id\":\"{trace}\",\"span_id\":\"{span}\",\"parent_span_id\":\"{span}\""
        );
        assert_eq!(text, expected);
    }
}
