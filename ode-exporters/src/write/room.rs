//! Initialised memory to encode into, with a place in it: one check of the length per piece, and no
//! call for the short copies that lines of events are made of.

/// Bytes that grow at the end, and behind them memory that is ready to be written to. It stays
/// ready when the buffer is cleared, so a buffer that is used again is not filled with zeros again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffer {
    memory: Vec<u8>,
    length: usize,
}

impl From<Vec<u8>> for Buffer {
    fn from(memory: Vec<u8>) -> Self {
        Self { length: memory.len(), memory }
    }
}

impl From<Buffer> for Vec<u8> {
    fn from(buffer: Buffer) -> Self {
        let mut memory = buffer.memory;
        memory.truncate(buffer.length);
        memory
    }
}

impl Buffer {
    /// Empty: what is in there is memory that is ready.
    #[cfg(feature = "otlp")]
    pub(crate) fn reusing(memory: Vec<u8>) -> Self {
        Self { memory, length: 0 }
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Forgets what is behind.
    #[cfg(feature = "otlp")]
    pub(crate) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// What was written behind `start`.
    #[cfg(feature = "otlp")]
    pub(crate) fn behind(&mut self, start: usize) -> &mut [u8] {
        self.memory.get_mut(start..self.length).unwrap_or_default()
    }

    /// Copies bytes to the end.
    #[cfg(feature = "otlp")]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.append(bytes.len(), |room| room.put(bytes));
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.memory.get(..self.length).unwrap_or_default()
    }

    /// Forgets the bytes, and memory beyond `keep`.
    pub(crate) fn clear(&mut self, keep: usize) {
        self.length = 0;
        self.memory.truncate(keep);
        self.memory.shrink_to(keep);
    }

    /// Appends what `write` writes: probably not more than `expected` bytes. It is called again, for
    /// the same bytes, when that was too little.
    #[inline]
    pub(crate) fn append(
        &mut self,
        expected: usize,
        mut write: impl FnMut(&mut Room<'_>) -> Option<()>,
    ) {
        let mut expected = expected;
        loop {
            let end = self.memory.len();
            if end - self.length < expected {
                self.memory.resize(self.length + expected, 0);
                continue;
            }
            let mut room = Room { free: self.memory.get_mut(self.length..).unwrap_or_default() };
            if write(&mut room).is_some() {
                self.length = end - room.free.len();
                return;
            }
            expected = (end - self.length).saturating_mul(2).max(256);
        }
    }
}

/// What is still free behind the bytes written so far.
///
/// Every method returns `None` when there was too little room. What was written then is worth
/// nothing; [`Buffer::append`] begins again in more room.
pub(crate) struct Room<'r> {
    free: &'r mut [u8],
}

/// For formats whose lengths stand before what they measure.
#[cfg(feature = "otlp")]
impl<'r> Room<'r> {
    /// How many bytes are free.
    #[inline]
    pub(crate) fn left(&self) -> usize {
        self.free.len()
    }

    /// Lets `write` write to what is free; gives what it leaves free.
    #[inline]
    pub(crate) fn fill(&mut self, write: impl FnOnce(&'r mut [u8]) -> &'r mut [u8]) {
        self.free = write(std::mem::take(&mut self.free));
    }

    /// Goes behind the next `N` bytes, which are written to later.
    #[inline]
    pub(crate) fn reserve<const N: usize>(&mut self) -> Option<&'r mut [u8; N]> {
        let (reserved, free) = std::mem::take(&mut self.free).split_first_chunk_mut::<N>()?;
        self.free = free;
        Some(reserved)
    }
}

impl Room<'_> {
    /// The next `length` bytes, to be written to before [`Room::advance`].
    #[inline]
    pub(crate) fn window(&mut self, length: usize) -> Option<&mut [u8]> {
        self.free.get_mut(..length)
    }

    /// Goes behind the next `length` bytes.
    #[inline]
    pub(crate) fn advance(&mut self, length: usize) -> Option<()> {
        // Looked at first, so that nothing is stored for the case that there is too little.
        if length > self.free.len() {
            return None;
        }
        self.free = std::mem::take(&mut self.free).get_mut(length..)?;
        Some(())
    }

    /// Writes all these bytes, and keeps the first `length` of them.
    #[inline]
    pub(crate) fn put_part<const N: usize>(&mut self, bytes: [u8; N], length: usize) -> Option<()> {
        *self.free.first_chunk_mut::<N>()? = bytes;
        self.advance(length)
    }

    /// Copies bytes whose number is known when compiling.
    #[inline]
    pub(crate) fn put_array<const N: usize>(&mut self, bytes: &[u8; N]) -> Option<()> {
        if N > self.free.len() {
            return None;
        }
        let (taken, free) = std::mem::take(&mut self.free).split_first_chunk_mut::<N>()?;
        *taken = *bytes;
        self.free = free;
        Some(())
    }

    /// Copies bytes.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Option<()> {
        copy(self.window(bytes.len())?, bytes);
        self.advance(bytes.len())
    }
}

/// Copies to a place of the same length; where that is short, by two copies that overlap, which
/// costs less than a call of `memcpy`.
#[inline]
fn copy(to: &mut [u8], bytes: &[u8]) {
    match bytes.len() {
        // Most names of fields.
        16..=32 => copy_ends::<16>(to, bytes),
        8..16 => copy_ends::<8>(to, bytes),
        0..8 => copy_short(to, bytes),
        33..=64 => copy_ends::<32>(to, bytes),
        _ => to.copy_from_slice(bytes),
    }
}

/// [`copy`] for fewer than eight bytes.
#[inline]
pub(crate) fn copy_short(to: &mut [u8], bytes: &[u8]) {
    match bytes.len() {
        4.. => copy_ends::<4>(to, bytes),
        2..4 => copy_ends::<2>(to, bytes),
        _ => copy_ends::<1>(to, bytes),
    }
}

/// Copies the first and the last `N` bytes, if there are as many.
#[inline]
fn copy_ends<const N: usize>(to: &mut [u8], bytes: &[u8]) {
    if let (Some(to), Some(first)) = (to.first_chunk_mut::<N>(), bytes.first_chunk::<N>()) {
        *to = *first;
    }
    if let (Some(to), Some(last)) = (to.last_chunk_mut::<N>(), bytes.last_chunk::<N>()) {
        *to = *last;
    }
}

#[cfg(test)]
pub(crate) fn text_of(expected: usize, write: impl FnMut(&mut Room<'_>) -> Option<()>) -> String {
    let mut buffer = Buffer::from(b"before:".to_vec());
    buffer.append(expected, write);
    let text = String::from_utf8(buffer.into()).unwrap();
    text.strip_prefix("before:").unwrap().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_every_length() {
        let text: String = (b' '..=b'~').chain(b' '..=b'~').map(char::from).collect();
        for length in 0..text.len() {
            let part = text.get(..length).unwrap();
            assert_eq!(text_of(0, |room| room.put(part.as_bytes())), part);
        }
    }

    #[test]
    fn too_little_room_is_made_more() {
        for expected in [0, 1, 299, 300, 301, 5_000] {
            let mut calls = 0;
            let text = text_of(expected, |room| {
                calls += 1;
                (0..100).try_for_each(|_| room.put_array(b"abc"))
            });
            assert_eq!(text, "abc".repeat(100), "{expected}");
            assert_eq!(calls == 1, expected >= 300, "{expected}");
        }
    }

    #[test]
    fn pieces_follow_each_other() {
        let mut buffer = Buffer::default();
        for length in [1, 700, 600, 0, 3_000] {
            let before = buffer.length();
            buffer.append(10, |room| room.put(&vec![b'x'; length]));
            assert_eq!(buffer.length() - before, length);
        }
        assert_eq!(buffer.bytes(), vec![b'x'; 4_301]);
        buffer.clear(1_000);
        assert_eq!((buffer.bytes(), buffer.memory.len()), (&[][..], 1_000));
    }
}
