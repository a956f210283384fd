//! Text inside JSON quotes: copied as it is where nothing needs escaping, which one pass over
//! eight bytes at a time finds out.

use std::fmt;

/// Appends `text`, escaped, without the quotes around it.
#[inline]
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        push_escaped(out, text.as_bytes());
    }
}

/// Appends `text` as a JSON string.
#[inline]
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_text(out, text);
    out.push(b'"');
}

/// Whether a character could act on a terminal, on the order of the text around it, or on a
/// JavaScript parser. Such characters of the data are only ever shown escaped.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes what is formatted through it; for values that are text only by `Display` or `Debug`.
pub(crate) struct Escaping<'o>(pub(crate) &'o mut Vec<u8>);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_text(self.0, text);
        Ok(())
    }
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

#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    if let Some(last) = bytes.last_chunk::<8>() {
        let (words, _) = bytes.as_chunks::<8>();
        let hits = words
            .iter()
            .fold(special(u64::from_le_bytes(*last)), |hits, word| {
                hits | special(u64::from_le_bytes(*word))
            });
        return hits == 0;
    }
    // Shorter text is spread over one word by overlapping its two ends; spaces fill what is left.
    let word = if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
    } else if let [first, middle @ .., last] = bytes {
        let middle = middle.first().copied().unwrap_or(b' ');
        u64::from_le_bytes([*first, middle, *last, b' ', b' ', b' ', b' ', b' '])
    } else {
        let only = bytes.first().copied().unwrap_or(b' ');
        (0x20 * EVERY) ^ u64::from(only ^ b' ')
    };
    special(word) == 0
}

/// The length of the beginning of `bytes` that needs no look at single characters.
fn plain_prefix(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let whole = words
        .iter()
        .take_while(|word| special(u64::from_le_bytes(**word)) == 0)
        .count()
        * 8;
    let rest = bytes.get(whole..).unwrap_or_default();
    whole
        + rest
            .iter()
            .position(|byte| may_need_escape(*byte))
            .unwrap_or(rest.len())
}

/// Controls, quote, backslash, DEL, and the bytes that hostile characters begin with.
fn may_need_escape(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f | 0xc2 | 0xd8 | 0xe2)
}

#[cold]
fn push_escaped(out: &mut Vec<u8>, mut rest: &[u8]) {
    loop {
        let (plain, tail) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(plain);
        rest = match tail {
            [] => return,
            [b'"', rest @ ..] => push_short(out, b'"', rest),
            [b'\\', rest @ ..] => push_short(out, b'\\', rest),
            [b'\n', rest @ ..] => push_short(out, b'n', rest),
            [b'\r', rest @ ..] => push_short(out, b'r', rest),
            [b'\t', rest @ ..] => push_short(out, b't', rest),
            [code @ (0..0x20 | 0x7f), rest @ ..] => push_code(out, u16::from(*code), rest),
            [0xc2, code @ 0x80..=0x9f, rest @ ..] => push_code(out, u16::from(*code), rest),
            [0xd8, 0x9c, rest @ ..] => push_code(out, 0x061c, rest),
            [0xe2, 0x80, code @ (0x8e | 0x8f | 0xa8..=0xae), rest @ ..] => {
                push_code(out, 0x2000 | u16::from(code & 0x3f), rest)
            }
            [0xe2, 0x81, code @ 0xa6..=0xa9, rest @ ..] => {
                push_code(out, 0x2040 | u16::from(code & 0x3f), rest)
            }
            [harmless, rest @ ..] => {
                out.push(*harmless);
                rest
            }
        };
    }
}

fn push_short<'r>(out: &mut Vec<u8>, letter: u8, rest: &'r [u8]) -> &'r [u8] {
    out.extend_from_slice(&[b'\\', letter]);
    rest
}

fn push_code<'r>(out: &mut Vec<u8>, code: u16, rest: &'r [u8]) -> &'r [u8] {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        let nibble = (code >> shift & 0xf).to_le_bytes()[0];
        out.push(if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' - 10 + nibble
        });
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut out = Vec::new();
        push_text(&mut out, text);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{text:?}");
    }

    #[test]
    fn plain_text_of_every_length() {
        let text = "abcdefghijklmnopqrstuvwxyz ~0123456789";
        for length in 0..text.len() {
            check(&text[..length], &text[..length]);
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
        for harmless in [
            "é", "ß", "\u{a0}", "ا", "€", "\u{200d}", "\u{202f}", "\u{2065}", "漢字", "🦀",
        ] {
            check(harmless, harmless);
        }
    }
}
