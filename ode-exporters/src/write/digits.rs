//! Digits: hexadecimal ids, integers and floats in decimal.

use ode_core::EventId;
#[cfg(feature = "otlp")]
use ode_core::SpanId;

use crate::write::room::Room;

/// The two hexadecimal digits of every byte.
#[expect(clippy::indexing_slicing, reason = "runs in const evaluation only")]
static HEX: [[u8; 2]; 256] = {
    let digit = b"0123456789abcdef";
    let (mut pairs, mut byte) = ([[0; 2]; 256], 0);
    while byte < 256 {
        pairs[byte] = [digit[byte >> 4], digit[byte & 15]];
        byte += 1;
    }
    pairs
};

/// Eight lower-case hexadecimal digits.
#[inline]
pub(crate) fn hex8(value: u32) -> [u8; 8] {
    let mut digits = [0; 8];
    for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(value.to_be_bytes()) {
        *pair = HEX.get(usize::from(byte)).copied().unwrap_or_default();
    }
    digits
}

/// The 32-bit words of a big-endian id.
#[inline]
pub(crate) fn words<const N: usize>(bytes: [u8; N]) -> impl Iterator<Item = u32> {
    let mut rest = bytes.into_iter();
    std::iter::from_fn(move || {
        Some(u32::from_be_bytes([rest.next()?, rest.next()?, rest.next()?, rest.next()?]))
    })
}

/// An event's id in the hyphenated form.
#[inline]
pub(crate) fn uuid(event: EventId) -> [u8; 36] {
    let mut text = [0; 36];
    put_uuid(event, &mut text);
    text
}

/// As [`uuid`], to where it stays.
#[inline]
pub(crate) fn put_uuid(event: EventId, text: &mut [u8; 36]) {
    let id = u128::from_be_bytes(event.to_bytes());
    let [a, b, c, d] = [96, 64, 32, 0].map(|shift| hex8((id >> shift & 0xffff_ffff) as u32));
    text[..8].copy_from_slice(&a);
    text[8] = b'-';
    text[9..13].copy_from_slice(&b[..4]);
    text[13] = b'-';
    text[14..18].copy_from_slice(&b[4..]);
    text[18] = b'-';
    text[19..23].copy_from_slice(&c[..4]);
    text[23] = b'-';
    text[24..28].copy_from_slice(&c[4..]);
    text[28..].copy_from_slice(&d);
}

/// A span's id.
#[cfg(feature = "otlp")]
#[inline]
pub(crate) fn span_hex(span: SpanId) -> [u8; 16] {
    let mut text = [b'0'; 16];
    let (digits, _) = text.as_chunks_mut::<8>();
    digits.iter_mut().zip(words(span.to_bytes())).for_each(|(to, word)| *to = hex8(word));
    text
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
pub(crate) fn nine(nanos: u32) -> [u8; 9] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::room::text_of;

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
    fn every_byte_in_hexadecimal() {
        for byte in 0..=255_u8 {
            let value = u32::from_be_bytes([byte; 4]);
            assert_eq!(hex8(value).as_slice(), format!("{value:08x}").as_bytes());
        }
    }
}
