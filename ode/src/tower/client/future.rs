//! [`ClientFuture`]: a call that waits for the head of its response.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::exchange::Exchange;
use super::failure::Classify;
use super::response::IncomingResponse;

pin_project! {
    /// The future of a [`Client`](super::Client): done with the head of the response. Dropped before,
    /// a unit of the call's own is `cancelled`, cause `dropped`.
    #[must_use = "futures do nothing unless polled"]
    pub struct ClientFuture<F, C> {
        exchange: Option<Exchange>,
        classify: C,
        #[pin]
        future: Option<F>,
    }

    impl<F, C> PinnedDrop for ClientFuture<F, C> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut exchange) = this.exchange.take() {
                // The future's destructors still find the unit.
                exchange.within(|| this.future.set(None));
            }
        }
    }
}

impl<F, C> fmt::Debug for ClientFuture<F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientFuture").finish_non_exhaustive()
    }
}

impl<F, C> ClientFuture<F, C> {
    pub(super) fn new(exchange: Exchange, future: F, classify: C) -> Self {
        Self { exchange: Some(exchange), classify, future: Some(future) }
    }
}

impl<F, S, E, C> Future for ClientFuture<F, C>
where
    F: Future<Output = Result<S, E>>,
    S: IncomingResponse,
    C: Classify<E>,
{
    type Output = Result<S, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (Some(exchange), Some(future)) =
            (this.exchange.as_mut(), this.future.as_mut().as_pin_mut())
        else {
            return Poll::Pending;
        };
        let Poll::Ready(result) = exchange.within(|| future.poll(cx)) else {
            return Poll::Pending;
        };
        if let Some(mut exchange) = this.exchange.take() {
            exchange.within(|| this.future.set(None));
            exchange.end(&result, this.classify);
        }
        Poll::Ready(result)
    }
}
