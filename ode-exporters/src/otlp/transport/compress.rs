//! [`Message`]: a request as it travels, compressed or not.

use std::fmt;
use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::GzEncoder;

use crate::otlp::config::Compression;
use crate::otlp::encode::MAX_REQUEST_BYTES;

/// Higher levels cost several times as much for a few per cent; the guide has the table.
const GZIP_LEVEL: u32 = 1;
#[cfg(feature = "otlp-zstd")]
const ZSTD_LEVEL: i32 = 1;

/// How much memory is kept for the next request.
const KEPT_BYTES: usize = 8 << 20;

/// A request, written once and sent as often as it takes.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    /// The word of `content-encoding`.
    pub(crate) encoding: Option<&'static str>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, {}", self.bytes.len(), self.encoding.unwrap_or("plain"))
    }
}

/// Makes messages, and keeps the memory of those that are done with.
#[derive(Debug, Default)]
pub(crate) struct Press {
    plain: Vec<u8>,
}

/// What became too large by being compressed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl Press {
    /// Where to write the next request.
    pub(crate) fn plain(&mut self) -> &mut Vec<u8> {
        &mut self.plain
    }

    /// What was written, as a message.
    pub(crate) fn press(&mut self, compression: Compression) -> Result<Message, TooLarge> {
        let bytes = match compression {
            Compression::None => Bytes::from(std::mem::take(&mut self.plain)),
            // Writing to memory does not fail.
            Compression::Gzip => Bytes::from(gzip(&self.plain).map_err(|_| TooLarge)?),
            #[cfg(feature = "otlp-zstd")]
            Compression::Zstd => {
                Bytes::from(zstd::bulk::compress(&self.plain, ZSTD_LEVEL).map_err(|_| TooLarge)?)
            }
        };
        // What does not shrink grows by a few bytes.
        let fits = bytes.len() <= MAX_REQUEST_BYTES;
        let message = Message { bytes, encoding: compression.encoding() };
        if fits { Ok(message) } else { Err(TooLarge) }
    }

    /// Takes the memory of a message back, unless a connection still holds it.
    pub(crate) fn recycle(&mut self, message: Message) {
        if self.plain.capacity() == 0 && message.encoding.is_none() {
            let memory = message.bytes.try_into_mut().map(Vec::from).unwrap_or_default();
            if memory.capacity() <= KEPT_BYTES {
                self.plain = memory;
            }
        } else if self.plain.capacity() > KEPT_BYTES {
            self.plain = Vec::new();
        }
    }
}

fn gzip(plain: &[u8]) -> io::Result<Vec<u8>> {
    let level = flate2::Compression::new(GZIP_LEVEL);
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4 + 64), level);
    encoder.write_all(plain)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn pressed(compression: Compression, text: &[u8]) -> Message {
        let mut press = Press::default();
        press.plain().extend_from_slice(text);
        press.press(compression).expect("it fits")
    }

    #[test]
    fn what_is_pressed_can_be_unpressed() {
        let text = b"wide events ".repeat(1_000);
        assert_eq!(pressed(Compression::None, &text).bytes, text);
        let message = pressed(Compression::Gzip, &text);
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(&*message.bytes).read_to_end(&mut plain).unwrap();
        assert_eq!((plain == text, message.encoding), (true, Some("gzip")));
        #[cfg(feature = "otlp-zstd")]
        {
            let message = pressed(Compression::Zstd, &text);
            let plain = zstd::bulk::decompress(&message.bytes, 1 << 20).unwrap();
            assert_eq!((plain == text, message.encoding), (true, Some("zstd")));
        }
    }

    #[test]
    fn memory_comes_back() {
        let mut press = Press::default();
        press.plain().reserve(10_000);
        press.plain().extend_from_slice(b"request");
        let message = press.press(Compression::None).unwrap();
        let held = message.clone();
        press.recycle(message);
        assert_eq!(press.plain().capacity(), 0, "a connection still holds it");
        press.recycle(held);
        assert!(press.plain().capacity() >= 10_000);
        press.plain().clear();
    }
}
