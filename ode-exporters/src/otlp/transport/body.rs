//! Bodies: of requests, which lie in memory, and of answers, which are read up to a bound.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

/// The largest answer that is read.
pub(crate) const MAX_ANSWER_BYTES: usize = 4 << 20;

/// A request's body: a few pieces, none of which is copied.
#[derive(Debug, Default)]
pub(crate) struct Pieces(VecDeque<Bytes>);

impl Pieces {
    pub(crate) fn new(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Self(pieces.into_iter().filter(|piece| !piece.is_empty()).collect())
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

/// What was read of an answer.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) bytes: Vec<u8>,
    pub(crate) trailers: Option<HeaderMap>,
}

/// Why an answer was not read to its end.
#[derive(Debug)]
pub(crate) enum Unread<E> {
    /// It is larger than the bound.
    TooLarge,
    /// The connection failed.
    Broken(E),
}

/// Reads an answer, up to `max` bytes.
pub(crate) async fn read<B>(mut body: B, max: usize) -> Result<Read, Unread<B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut read = Read::default();
    if body.size_hint().lower() > max as u64 {
        return Err(Unread::TooLarge);
    }
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame.map_err(Unread::Broken)?.into_data() {
            Ok(data) if read.bytes.len() + data.len() > max => return Err(Unread::TooLarge),
            Ok(data) => read.bytes.extend_from_slice(&data),
            Err(other) => read.trailers = other.into_trailers().ok().or(read.trailers),
        }
    }
    Ok(read)
}
