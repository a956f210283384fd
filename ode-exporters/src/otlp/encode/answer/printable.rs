//! Text of strangers, made fit to be shown.

use crate::write::escape::is_hostile;

const MAX_CHARACTERS: usize = 512;

/// The beginning of a text, without characters that could act on a terminal or break a line.
pub(super) fn printable(text: &str) -> String {
    text.chars().take(MAX_CHARACTERS).map(|c| if is_hostile(c) { ' ' } else { c }).collect()
}

/// As [`printable`], for bytes that may be no text.
pub(super) fn printable_bytes(bytes: &[u8]) -> String {
    let bytes = bytes.get(..4 * MAX_CHARACTERS).unwrap_or(bytes);
    printable(&String::from_utf8_lossy(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_harmless() {
        assert_eq!(printable("a\u{1b}[2J\nb\u{202e}c"), "a [2J b c");
        assert_eq!(printable(&"é".repeat(9_000)).chars().count(), MAX_CHARACTERS);
        assert_eq!(printable_bytes(b"a\xffb"), "a\u{fffd}b");
        assert_eq!(printable_bytes(&[b'a'; 9_000]).len(), MAX_CHARACTERS);
    }
}
