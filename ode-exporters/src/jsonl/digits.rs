//! Digits: hexadecimal ids, and RFC 3339 time whose date is only worked out once a second.

use std::io::Write;

use ode_core::{EventId, SpanId, TraceId};

use crate::jsonl::room::Room;

/// Eight lower-case hexadecimal digits, worked out side by side in one word.
#[inline]
fn hex8(value: u32) -> [u8; 8] {
    let mut nibbles = u64::from(value);
    nibbles = (nibbles << 16 | nibbles) & 0x0000_ffff_0000_ffff;
    nibbles = (nibbles << 8 | nibbles) & 0x00ff_00ff_00ff_00ff;
    nibbles = (nibbles << 4 | nibbles) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = (nibbles + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (nibbles + 0x3030_3030_3030_3030 + letters * 0x27).to_be_bytes()
}

/// The 32-bit words of a big-endian id.
#[inline]
fn words<const N: usize>(bytes: [u8; N]) -> impl Iterator<Item = u32> {
    let mut rest = bytes.into_iter();
    std::iter::from_fn(move || {
        Some(u32::from_be_bytes([rest.next()?, rest.next()?, rest.next()?, rest.next()?]))
    })
}

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
    let id = u128::from_be_bytes(event.to_bytes());
    let [a, b, c, d] = [96, 64, 32, 0].map(|shift| hex8((id >> shift & 0xffff_ffff) as u32));
    text[EVENT..EVENT + 8].copy_from_slice(&a);
    text[EVENT + 9..EVENT + 13].copy_from_slice(&b[..4]);
    text[EVENT + 14..EVENT + 18].copy_from_slice(&b[4..]);
    text[EVENT + 19..EVENT + 23].copy_from_slice(&c[..4]);
    text[EVENT + 24..EVENT + 28].copy_from_slice(&c[4..]);
    text[EVENT + 28..EVENT + 36].copy_from_slice(&d);
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

/// Eight decimal digits, the first in the lowest byte, as numbers from 0 to 9.
///
/// Two numbers of four digits, then four of two, then eight of one, each step in one word.
#[inline]
fn eight(below_100_000_000: u32) -> u64 {
    let number = below_100_000_000;
    let fours = u64::from(number / 10_000) | u64::from(number % 10_000) << 32;
    let hundreds = (fours * 10_486) >> 20 & 0x0000_007f_0000_007f;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = (twos * 103) >> 10 & 0x000f_000f_000f_000f;
    tens | (twos - 10 * tens) << 8
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Nine decimal digits; what is no fraction of a second is the last nanosecond of it.
#[inline]
fn nine(nanos: u32) -> [u8; 9] {
    let nanos = nanos.min(999_999_999);
    let mut digits = [b'0' | (nanos / 100_000_000 % 10) as u8; 9];
    digits[1..].copy_from_slice(&(eight(nanos % 100_000_000) | ZEROS).to_le_bytes());
    digits
}

/// Puts a number in decimal.
#[inline]
pub(crate) fn put_u64(room: &mut Room<'_>, number: u64) -> Option<()> {
    if number >= 100_000_000 {
        return room.put(itoa::Buffer::new().format(number).as_bytes());
    }
    // Below 100,000,000 it is itself.
    let digits = eight((number & 0xffff_ffff) as u32);
    let leading_zeros = (digits | 1 << 56).trailing_zeros() & !7;
    let text = ((digits | ZEROS) >> leading_zeros).to_le_bytes();
    room.put_part(text, 8 - leading_zeros as usize / 8)
}

/// Puts a number in decimal.
#[inline]
pub(crate) fn put_i64(room: &mut Room<'_>, number: i64) -> Option<()> {
    if number < 0 {
        room.put_array(b"-")?;
    }
    put_u64(room, number.unsigned_abs())
}

/// Puts a finite float, as the shortest decimal that reads back as the same float.
#[inline]
pub(crate) fn put_finite(room: &mut Room<'_>, float: f64) -> Option<()> {
    match thousandths(float.abs()) {
        Some(thousandths) => {
            if float.is_sign_negative() {
                room.put_array(b"-")?;
            }
            put_thousandths(room, thousandths)
        }
        None => room.put(zmij::Buffer::new().format_finite(float).as_bytes()),
    }
}

/// The number as thousandths, if it is the float nearest to so many: as prices, shares and
/// milliseconds mostly are. A decimal of at most 15 digits that gives a float is the shortest one.
#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range, and cut")]
#[expect(clippy::float_cmp, reason = "it must be this float and no other")]
fn thousandths(magnitude: f64) -> Option<u32> {
    if magnitude >= 1_000_000.0 {
        return None;
    }
    let nearest = (magnitude * 1_000.0 + 0.5) as u32;
    (f64::from(nearest) / 1_000.0 == magnitude).then_some(nearest)
}

#[inline]
fn put_thousandths(room: &mut Room<'_>, thousandths: u32) -> Option<()> {
    put_u64(room, u64::from(thousandths / 1_000))?;
    let fraction = thousandths % 1_000;
    let digit = |value: u32| b'0' | (value % 10) as u8;
    let [first, second, third] = [digit(fraction / 100), digit(fraction / 10), digit(fraction)];
    let length = match (second, third) {
        (b'0', b'0') => 2,
        (_, b'0') => 3,
        _ => 4,
    };
    room.put_part([b'.', first, second, third], length)
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
    use crate::jsonl::room::text_of;

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
    fn nine_digits() {
        let check = |n: u32| assert_eq!(nine(n).as_slice(), format!("{n:09}").as_bytes());
        for four in 0..10_000 {
            check(four);
            check(four * 10_000);
            check(four * 100_000 + 99_999);
        }
        check(999_999_999);
    }

    #[test]
    fn numbers_of_every_length() {
        let edges = (0..20).flat_map(|power| {
            let ten = 10_u64.pow(power);
            [ten - 1, ten, ten + 1, ten + ten / 10]
        });
        for number in (0..2_000).chain(edges).chain([u64::MAX]) {
            assert_eq!(text_of(8, |room| put_u64(room, number)), number.to_string());
            let signed = number.cast_signed();
            assert_eq!(text_of(8, |room| put_i64(room, signed)), signed.to_string());
        }
        assert_eq!(text_of(8, |room| put_i64(room, i64::MIN)), i64::MIN.to_string());
    }

    /// The quick way writes what the shortest-decimal crate writes.
    #[test]
    fn floats_are_the_shortest_decimals() {
        let check = |float: f64| {
            let expected = zmij::Buffer::new().format_finite(float).to_owned();
            assert_eq!(text_of(8, |room| put_finite(room, float)), expected);
        };
        let mut random = 1_u64;
        for n in 0..200_000_u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let large = f64::from((random >> 32) as u32);
            for float in [f64::from(n) / 1_000.0, large / 1_000.0, large / 100_000.0, large] {
                check(float);
                check(-float);
                check(float.next_up());
                check(float.next_down());
            }
        }
        for float in [0.0, 999_999.999, 1_000_000.0, 5e-324, f64::MAX, 0.001, 0.000_5, 0.1 + 0.2] {
            check(float);
            check(-float);
        }
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

    #[test]
    fn every_byte_in_hexadecimal() {
        for byte in 0..=255_u8 {
            let value = u32::from_be_bytes([byte; 4]);
            assert_eq!(hex8(value).as_slice(), format!("{value:08x}").as_bytes());
        }
    }
}
