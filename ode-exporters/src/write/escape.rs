//! Text inside JSON quotes: copied and looked at eight bytes at a time, and only looked at more
//! closely where something needs escaping.

use crate::write::room::{Room, copy_short};

/// Puts `text` as a JSON string.
#[expect(clippy::inline_always, reason = "most text is short: a call would double its cost")]
#[inline(always)]
pub(crate) fn put_string(room: &mut Room<'_>, text: &str) -> Option<()> {
    let bytes = text.as_bytes();
    let length = bytes.len() + 2;
    if let [open, body @ .., close] = room.window(length)? {
        *open = b'"';
        *close = b'"';
        if copy_if_plain(body, bytes) {
            return room.advance(length);
        }
    }
    put_escaped_string(room, bytes)
}

#[cold]
fn put_escaped_string(room: &mut Room<'_>, bytes: &[u8]) -> Option<()> {
    room.put_array(b"\"")?;
    put_escaped(room, bytes)?;
    room.put_array(b"\"")
}

/// Puts `text` escaped, without quotes.
pub(crate) fn put_text(room: &mut Room<'_>, text: &str) -> Option<()> {
    put_escaped(room, text.as_bytes())
}

/// Whether a character could act on a terminal, on the order of the text around it, or on a
/// JavaScript parser. Such characters of the data are only ever shown escaped.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

const EVERY: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EVERY;

/// Non-zero where one of eight bytes is a control character, `"`, `\`, DEL or not ASCII.
///
/// A borrow or carry between bytes can only come from a byte that is itself one of these, so the
/// answer for the word is exact; which byte it was is not asked.
#[inline]
const fn special(word: u64) -> u64 {
    let control = word.wrapping_sub(0x20 * EVERY);
    let quote = (word ^ (0x22 * EVERY)).wrapping_sub(EVERY);
    let backslash = (word ^ (0x5c * EVERY)).wrapping_sub(EVERY);
    let delete = word.wrapping_add(EVERY);
    (word | control | quote | backslash | delete) & HIGH
}

/// Copies text to a place of the same length; `false` where it has to be looked at more closely.
#[inline]
fn copy_if_plain(to: &mut [u8], text: &[u8]) -> bool {
    let Some(last) = text.last_chunk::<8>() else {
        copy_short(to, text);
        return special(short_word(text)) == 0;
    };
    let mut hits = special(u64::from_le_bytes(*last));
    if let Some(to) = to.last_chunk_mut::<8>() {
        *to = *last;
    }
    let ((words, _), (words_to, _)) = (text.as_chunks::<8>(), to.as_chunks_mut::<8>());
    for (to, word) in words_to.iter_mut().zip(words) {
        *to = *word;
        hits |= special(u64::from_le_bytes(*word));
    }
    hits == 0
}

/// Fewer than eight bytes in one word: the two ends overlap, spaces fill what is left.
#[inline]
fn short_word(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else if let [first, rest @ .., last] = bytes {
        let middle = rest.first().copied().unwrap_or(b' ');
        u64::from_le_bytes([*first, middle, *last, b' ', b' ', b' ', b' ', b' '])
    } else {
        let only = bytes.first().copied().unwrap_or(b' ');
        (0x20 * EVERY) ^ u64::from(only ^ b' ')
    }
}

/// The length of the beginning of `bytes` that needs no look at single characters.
fn plain_prefix(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let whole =
        words.iter().take_while(|word| special(u64::from_le_bytes(**word)) == 0).count() * 8;
    let rest = bytes.get(whole..).unwrap_or_default();
    whole + rest.iter().position(|byte| may_need_escape(*byte)).unwrap_or(rest.len())
}

/// Controls, quote, backslash, DEL, and the bytes that hostile characters begin with.
fn may_need_escape(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f | 0xc2 | 0xd8 | 0xe2)
}

fn put_escaped(room: &mut Room<'_>, mut rest: &[u8]) -> Option<()> {
    loop {
        let (plain, tail) = rest.split_at(plain_prefix(rest));
        room.put(plain)?;
        rest = match tail {
            [] => return Some(()),
            [b'"', rest @ ..] => put_short(room, b'"', rest)?,
            [b'\\', rest @ ..] => put_short(room, b'\\', rest)?,
            [b'\n', rest @ ..] => put_short(room, b'n', rest)?,
            [b'\r', rest @ ..] => put_short(room, b'r', rest)?,
            [b'\t', rest @ ..] => put_short(room, b't', rest)?,
            [code @ (0..0x20 | 0x7f), rest @ ..] | [0xc2, code @ 0x80..=0x9f, rest @ ..] => {
                put_code(room, u16::from(*code), rest)?
            }
            [0xd8, 0x9c, rest @ ..] => put_code(room, 0x061c, rest)?,
            [0xe2, 0x80, code @ (0x8e | 0x8f | 0xa8..=0xae), rest @ ..] => {
                put_code(room, 0x2000 | u16::from(code & 0x3f), rest)?
            }
            [0xe2, 0x81, code @ 0xa6..=0xa9, rest @ ..] => {
                put_code(room, 0x2040 | u16::from(code & 0x3f), rest)?
            }
            [harmless, rest @ ..] => {
                room.put_array(&[*harmless])?;
                rest
            }
        };
    }
}

fn put_short<'t>(room: &mut Room<'_>, letter: u8, rest: &'t [u8]) -> Option<&'t [u8]> {
    room.put_array(&[b'\\', letter])?;
    Some(rest)
}

fn put_code<'t>(room: &mut Room<'_>, code: u16, rest: &'t [u8]) -> Option<&'t [u8]> {
    let digit = |shift: u16| {
        let nibble = (code >> shift & 0xf).to_le_bytes()[0];
        if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
    };
    room.put_array(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)])?;
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::room::text_of;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let string = text_of(64, |room| put_string(room, text));
        assert_eq!(string, format!("\"{expected}\""), "{text:?}");
        assert_eq!(text_of(64, |room| put_text(room, text)), expected, "{text:?}");
    }

    #[test]
    fn plain_text_of_every_length() {
        let text = "abcdefghijklmnopqrstuvwxyz ~0123456789";
        for length in 0..text.len() {
            let text: String = text.chars().take(length).collect();
            check(&text, &text);
        }
    }

    /// Every character of Unicode, at every place in texts of every short length.
    #[test]
    fn every_character_is_escaped_iff_it_must_be() {
        for c in '\0'..=char::MAX {
            let must = is_hostile(c) || c == '"' || c == '\\';
            let expected = match c {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                _ if must => format!("\\u{:04x}", c as u32),
                _ => c.to_string(),
            };
            check(&c.to_string(), &expected);
            if must || (c as u32) < 0x100 {
                for length in 0..18 {
                    for at in 0..=length {
                        let (before, after) = ("x".repeat(at), "y".repeat(length - at));
                        check(
                            &format!("{before}{c}{after}"),
                            &format!("{before}{expected}{after}"),
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn neighbours_of_hostile_characters_are_left_alone() {
        for harmless in
            ["é", "ß", "\u{a0}", "ا", "€", "\u{200d}", "\u{202f}", "\u{2065}", "漢字", "🦀"]
        {
            check(harmless, harmless);
        }
    }
}
