//! Percent-encoding of baggage values.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// Whether a byte may stand in a value as it is sent: visible ASCII but `"`, `,`, `;` and `\`.
///
/// Plain comparisons, which the compiler makes for many bytes at once.
const fn is_value_byte(byte: u8) -> bool {
    let visible = byte > b' ' && byte < 0x7f;
    visible && byte != b'"' && byte != b',' && byte != b';' && byte != b'\\'
}

/// Whether a byte of a value stands for itself, which `%` does not.
const fn is_plain(byte: u8) -> bool {
    is_value_byte(byte) && byte != b'%'
}

/// Whether a text may stand as a value as it is.
pub(super) fn is_value(text: &str) -> bool {
    text.bytes().fold(true, |clean, byte| clean & is_value_byte(byte))
}

/// The length that [`encode`] will write.
pub(super) fn encoded_len(text: &str) -> usize {
    // Counted in bytes as far as a byte can count, which is faster than it looks.
    let escaped = |part: &[u8]| part.iter().map(|byte| u8::from(!is_plain(*byte))).sum::<u8>();
    let parts = text.as_bytes().chunks(usize::from(u8::MAX));
    text.len() + 2 * parts.map(|part| usize::from(escaped(part))).sum::<usize>()
}

/// Writes a text as a value. What has to be escaped is, and nothing else.
pub(super) fn encode(text: &str, into: &mut impl Write) -> fmt::Result {
    let mut rest = text;
    while !rest.is_empty() {
        let plain = rest.bytes().take_while(|byte| is_plain(*byte)).count();
        // Plain bytes are ASCII, so they end between characters.
        let (before, after) = rest.split_at_checked(plain).unwrap_or((rest, ""));
        into.write_str(before)?;
        let mut characters = after.chars();
        if let Some(character) = characters.next() {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                write!(into, "%{byte:02X}")?;
            }
        }
        rest = characters.as_str();
    }
    Ok(())
}

/// The text that a value stands for. Escaped bytes that are not UTF-8 become U+FFFD; a `%` that
/// escapes nothing stands for itself.
pub(super) fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = escaped(rest);
        bytes.push(escaped.map_or(*first, |(byte, _)| byte));
        rest = escaped.map_or(after, |(_, after)| after);
    }
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| lossy(error.as_bytes())))
}

/// The byte that is escaped at the beginning, and what follows.
fn escaped(value: &[u8]) -> Option<(u8, &[u8])> {
    match value {
        [b'%', high, low, after @ ..] => Some((hex(*high)? << 4 | hex(*low)?, after)),
        _ => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
