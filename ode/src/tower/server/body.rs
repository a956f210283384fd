//! [`ResponseBody`]: the request's unit while its response's body is sent.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use ode_core::CancelCause;
use pin_project_lite::pin_project;

use super::exchange::{Exchange, record_body, record_error};

/// How much of a body will be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// The exchange ended with the head.
    Over,
    /// As many bytes, then nobody asks for more.
    Bytes(u64),
    /// Until it says that it is over.
    Unknown,
}

pin_project! {
    /// The body of a [`Server`](super::Server)'s response. The request's unit ends with it: when it
    /// reports its end, fails, or is dropped.
    pub struct ResponseBody<B> {
        // `None` where nobody listens, and when the unit has ended.
        exchange: Option<Exchange>,
        extent: Extent,
        sent: u64,
        #[pin]
        inner: Option<B>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut exchange) = this.exchange.take() {
                exchange.scope(|| {
                    record_body(*this.sent);
                    // The body's destructors still find the unit.
                    this.inner.set(None);
                });
                if matches!(*this.extent, Extent::Bytes(all) if *this.sent >= all) {
                    exchange.end();
                } else {
                    exchange.cancel(CancelCause::ClientGone);
                }
            }
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("exchange", &self.exchange)
            .field("extent", &self.extent)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

impl<B> ResponseBody<B> {
    /// No body, of a unit that has ended.
    pub(super) fn empty() -> Self {
        Self { exchange: None, extent: Extent::Over, sent: 0, inner: None }
    }
}

impl<B: Body> ResponseBody<B> {
    pub(super) fn new(exchange: Option<Exchange>, extent: Extent, inner: B) -> Self {
        let mut body = Self { exchange, extent, sent: 0, inner: Some(inner) };
        // Of a body without bytes nothing will be asked.
        if extent == Extent::Over || body.inner.as_ref().is_some_and(Body::is_end_stream) {
            body.end();
        }
        body
    }

    /// Nothing more will be sent.
    fn end(&mut self) {
        if let Some(mut exchange) = self.exchange.take() {
            exchange.scope(|| record_body(self.sent));
            exchange.end();
        }
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let mut inner = this.inner;
        let Some(body) = inner.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let Some(exchange) = this.exchange else { return body.poll_frame(cx) };
        let (polled, is_over) = exchange.scope(|| {
            let Some(mut body) = inner.as_mut().as_pin_mut() else {
                return (Poll::Ready(None), true);
            };
            let polled = body.as_mut().poll_frame(cx);
            let is_over = match &polled {
                Poll::Pending => false,
                Poll::Ready(None) => true,
                Poll::Ready(Some(Ok(frame))) => {
                    *this.sent += frame.data_ref().map_or(0, |data| data.remaining() as u64);
                    body.is_end_stream()
                }
                Poll::Ready(Some(result)) => {
                    record_error(result);
                    true
                }
            };
            if is_over {
                record_body(*this.sent);
                // The body's destructors may still write.
                inner.set(None);
            }
            (polled, is_over)
        });
        if is_over && let Some(exchange) = this.exchange.take() {
            exchange.end();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
