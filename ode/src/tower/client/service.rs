//! [`Client`]: a service whose requests are recorded.

use std::task::{Context, Poll};

use tower_service::Service;

use super::exchange::Exchange;
use super::failure::{ByCause, Classify};
use super::future::ClientFuture;
use super::recording::Recording;
use super::request::OutgoingRequest;
use super::response::IncomingResponse;

/// A service whose requests are recorded; made by [`ClientLayer`](super::ClientLayer).
#[derive(Clone, Debug)]
pub struct Client<S, C = ByCause> {
    inner: S,
    recording: Recording,
    classify: C,
}

impl<S, C> Client<S, C> {
    pub(super) fn new(inner: S, recording: Recording, classify: C) -> Self {
        Self { inner, recording, classify }
    }
}

impl<S, C, R> Service<R> for Client<S, C>
where
    S: Service<R>,
    S::Response: IncomingResponse,
    R: OutgoingRequest,
    C: Classify<S::Error>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ClientFuture<S::Future, C>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: R) -> Self::Future {
        let mut exchange = Exchange::begin(&self.recording, &mut request);
        let future = exchange.within(|| self.inner.call(request));
        ClientFuture::new(exchange, future, self.classify.clone())
    }
}
