//! Ids of a trace and a span as text, for those who have none of their own.

/// A trace's id and a span's, random, in hexadecimal.
#[derive(Debug)]
pub struct Ids {
    text: [u8; 48],
}

impl Ids {
    /// New ones.
    #[expect(clippy::new_without_default, reason = "no two of them are alike")]
    pub fn new() -> Self {
        Self::of([fastrand::u64(..), fastrand::u64(..), fastrand::u64(..)])
    }

    /// These: the trace's, then the span's.
    pub fn of(words: [u64; 3]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 48];
        let bytes = words.into_iter().flat_map(u64::to_be_bytes);
        for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        Self { text }
    }

    /// 32 characters.
    pub fn trace(&self) -> &str {
        std::str::from_utf8(&self.text[..32]).unwrap_or_default()
    }

    /// 16 characters.
    pub fn span(&self) -> &str {
        std::str::from_utf8(&self.text[32..]).unwrap_or_default()
    }
}
