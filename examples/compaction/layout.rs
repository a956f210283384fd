//! How values are laid out as bytes, before a codec sees them.
//!
//! ```text
//! plain       integers and floats: 8 bytes each, little-endian; bools: 1 bit; texts: length, bytes
//! delta       integers: the difference to the value before, zigzag, as a varint
//! dictionary  texts: each distinct text once, then its number for every value, as a varint
//! ```
//!
//! Lengths and counts are varints too. `decode` takes back whatever `encode` made, and gives `None`
//! for bytes that were damaged.

use std::collections::HashMap;

use crate::values::{Kind, Values};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ode::EventFields)]
#[event(rename_all = "lowercase")]
pub(crate) enum Layout {
    Plain,
    Delta,
    Dictionary,
}

impl Layout {
    /// The layout that suits these values, of which `distinct` are different.
    pub(crate) fn choose(values: &Values<'_>, distinct: usize) -> Self {
        match values {
            Values::Integers(_) => Self::Delta,
            Values::Texts(texts) if distinct * 2 <= texts.len() => Self::Dictionary,
            Values::Texts(_) | Values::Floats(_) | Values::Bools(_) => Self::Plain,
        }
    }

    pub(crate) fn encode(self, values: &Values<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        match (self, values) {
            (Self::Delta, Values::Integers(values)) => encode_delta(values, &mut bytes),
            (_, Values::Integers(values)) => {
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            (_, Values::Floats(values)) => {
                bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            }
            (_, Values::Bools(values)) => bytes.extend(values.chunks(8).map(pack_bits)),
            (Self::Dictionary, Values::Texts(texts)) => encode_dictionary(texts, &mut bytes),
            (_, Values::Texts(texts)) => {
                for text in texts {
                    write_text(text, &mut bytes);
                }
            }
        }
        bytes
    }

    pub(crate) fn decode(self, kind: Kind, count: usize, bytes: &[u8]) -> Option<Values<'_>> {
        let mut rest = bytes;
        let values = match (self, kind) {
            (Self::Delta, Kind::Integers) => Values::Integers(decode_delta(count, &mut rest)?),
            (_, Kind::Integers) => Values::Integers(decode_words(&mut rest, i64::from_le_bytes)?),
            (_, Kind::Floats) => Values::Floats(decode_words(&mut rest, f64::from_le_bytes)?),
            (_, Kind::Bools) => {
                let bits = std::mem::take(&mut rest).iter().flat_map(|byte| unpack_bits(*byte));
                Values::Bools(bits.take(count).collect())
            }
            (Self::Dictionary, Kind::Texts) => Values::Texts(decode_dictionary(count, &mut rest)?),
            (_, Kind::Texts) => {
                Values::Texts((0..count).map(|_| read_text(&mut rest)).collect::<Option<_>>()?)
            }
        };
        (rest.is_empty() && values.len() == count).then_some(values)
    }
}

fn encode_delta(values: &[i64], bytes: &mut Vec<u8>) {
    let mut before = 0_i64;
    for value in values {
        let difference = value.wrapping_sub(before);
        write_varint(((difference << 1) ^ (difference >> 63)).cast_unsigned(), bytes);
        before = *value;
    }
}

fn decode_delta(count: usize, bytes: &mut &[u8]) -> Option<Vec<i64>> {
    let mut before = 0_i64;
    let next = |_| {
        let zigzag = read_varint(bytes)?;
        let difference = (zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed();
        before = before.wrapping_add(difference);
        Some(before)
    };
    (0..count).map(next).collect()
}

fn encode_dictionary(texts: &[&str], bytes: &mut Vec<u8>) {
    let mut numbers = HashMap::new();
    let mut entries = Vec::new();
    let mut codes = Vec::new();
    for text in texts {
        let number = *numbers.entry(text).or_insert_with(|| {
            entries.push(text);
            entries.len() - 1
        });
        write_varint(number as u64, &mut codes);
    }
    write_varint(entries.len() as u64, bytes);
    for entry in entries {
        write_text(entry, bytes);
    }
    bytes.extend(codes);
}

fn decode_dictionary<'b>(count: usize, bytes: &mut &'b [u8]) -> Option<Vec<&'b str>> {
    let entries = read_varint(bytes)?;
    let entries: Vec<&str> = (0..entries).map(|_| read_text(bytes)).collect::<Option<_>>()?;
    let next = |_| {
        let number = usize::try_from(read_varint(bytes)?).ok()?;
        entries.get(number).copied()
    };
    (0..count).map(next).collect()
}

fn decode_words<T>(bytes: &mut &[u8], from: fn([u8; 8]) -> T) -> Option<Vec<T>> {
    let (words, rest) = std::mem::take(bytes).as_chunks::<8>();
    rest.is_empty().then(|| words.iter().copied().map(from).collect())
}

fn pack_bits(bits: &[bool]) -> u8 {
    bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit))
}

fn unpack_bits(byte: u8) -> impl Iterator<Item = bool> {
    (0..8).map(move |bit| byte >> bit & 1 == 1)
}

fn write_text(text: &str, bytes: &mut Vec<u8>) {
    write_varint(text.len() as u64, bytes);
    bytes.extend(text.as_bytes());
}

fn read_text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let length = usize::try_from(read_varint(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

/// Seven bits a byte, lowest first; the high bit says that more follow.
fn write_varint(mut number: u64, bytes: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return bytes.push(low & 0x7f);
        }
        bytes.push(low | 0x80);
    }
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(layout: Layout, values: &Values<'_>) {
        let bytes = layout.encode(values);
        let decoded = layout.decode(values.kind(), values.len(), &bytes);
        assert_eq!(decoded.as_ref(), Some(values), "{layout:?}");

        let cut = &bytes[..bytes.len() - 1];
        assert_ne!(layout.decode(values.kind(), values.len(), cut).as_ref(), Some(values));
    }

    #[test]
    fn every_layout_gives_back_what_it_took() {
        let integers = Values::Integers(vec![0, -1, 1, i64::MAX, i64::MIN, 1_517_966_773_840_000]);
        check(Layout::Plain, &integers);
        check(Layout::Delta, &integers);
        check(Layout::Plain, &Values::Floats(vec![0.0, -118.667_166_7, f64::MAX]));
        check(Layout::Plain, &Values::Bools(vec![true; 9]));
        let texts = Values::Texts(vec!["ci", "", "Kīlauea", "ci"]);
        check(Layout::Plain, &texts);
        check(Layout::Dictionary, &texts);
    }

    #[test]
    fn repeated_texts_go_into_a_dictionary() {
        let texts = Values::Texts(vec!["ci", "nc", "ci", "nc"]);
        assert_eq!(Layout::choose(&texts, 2), Layout::Dictionary);
        assert_eq!(Layout::choose(&texts, 3), Layout::Plain);
        assert!(Layout::Dictionary.encode(&texts).len() < Layout::Plain.encode(&texts).len());
    }

    #[test]
    fn damaged_bytes_are_noticed() {
        assert_eq!(Layout::Plain.decode(Kind::Texts, 1, &[200]), None);
        assert_eq!(Layout::Plain.decode(Kind::Integers, 1, &[1, 2, 3]), None);
        assert_eq!(Layout::Delta.decode(Kind::Integers, 1, &[0x80; 12]), None);
        assert_eq!(Layout::Dictionary.decode(Kind::Texts, 1, &[1, 1, b'x', 9]), None);
    }
}
