//! [`ServerFuture`]: the request's unit while the inner service answers.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::tokio::time::{Sleep, sleep};
use http::{Response, StatusCode, response};
use http_body::Body;
use ode_core::CancelCause;
use pin_project_lite::pin_project;

use super::body::{Extent, ResponseBody};
use super::config::Config;
use super::exchange::{Exchange, declared_length, record_error, record_response};
use super::request_id::RequestId;
use super::status;
use crate::tower::caught::caught;

/// What of the request is needed once its response is there.
#[derive(Debug)]
pub(super) struct Answering {
    pub(super) id: Option<RequestId>,
    pub(super) is_head: bool,
    pub(super) is_connect: bool,
}

pin_project! {
    /// The future of a [`Server`](super::Server)'s response.
    ///
    /// Dropped before it is done, the request's unit is `cancelled`, cause `client_gone`.
    #[must_use = "futures do nothing unless polled"]
    pub struct ServerFuture<F> {
        config: Arc<Config>,
        // `None` where nobody listens, where the request is skipped, and when it is answered.
        exchange: Option<Exchange>,
        answering: Answering,
        deadline: Option<Pin<Box<Sleep>>>,
        #[pin]
        inner: Option<F>,
    }

    impl<F> PinnedDrop for ServerFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(mut exchange) = this.exchange.take() {
                // The future's destructors still find the unit.
                exchange.scope(|| this.inner.set(None));
                exchange.cancel(CancelCause::ClientGone);
            }
        }
    }
}

impl<F> fmt::Debug for ServerFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerFuture").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

impl<F> ServerFuture<F> {
    pub(super) fn new(
        config: Arc<Config>,
        exchange: Option<Exchange>,
        answering: Answering,
        inner: F,
    ) -> Self {
        // Without a runtime that has a clock `sleep` panics: then there is no deadline.
        let deadline = config.deadline.and_then(|after| caught(|| Box::pin(sleep(after))));
        Self { config, exchange, answering, deadline, inner: Some(inner) }
    }
}

impl<F, B, E> Future for ServerFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Display,
    B: Body,
    B::Error: Display,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // First, because an inner future that is never done in time could keep it from its turn.
        let deadline = self.as_mut().project().deadline;
        if deadline.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Ok(self.expire()));
        }
        let this = self.project();
        let mut inner = this.inner;
        let config = &**this.config;
        let is_observed = this.exchange.is_some();
        let mut poll = || {
            let Some(future) = inner.as_mut().as_pin_mut() else { return Poll::Pending };
            let polled = future.poll(cx);
            if let Poll::Ready(result) = &polled {
                // The future's destructors may still write.
                inner.set(None);
                match result {
                    Ok(response) if is_observed => {
                        record_response(config, response.status(), response.headers());
                    }
                    Err(_) if is_observed => record_error(result),
                    _ => {}
                }
            }
            polled
        };
        let polled = match this.exchange {
            Some(exchange) => exchange.scope(poll),
            None => poll(),
        };
        let Poll::Ready(result) = polled else { return Poll::Pending };
        *this.deadline = None;
        let exchange = this.exchange.take();
        match result {
            Ok(response) => Poll::Ready(Ok(answer(config, this.answering, exchange, response))),
            Err(error) => {
                if let Some(exchange) = exchange {
                    exchange.end();
                }
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F> ServerFuture<F> {
    /// The deadline passed: the inner future is dropped, and the client told.
    fn expire<B>(self: Pin<&mut Self>) -> Response<ResponseBody<B>> {
        let this = self.project();
        let mut inner = this.inner;
        let mut response = Response::new(ResponseBody::empty());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        *this.deadline = None;
        if let Some(mut exchange) = this.exchange.take() {
            exchange.scope(|| {
                inner.set(None);
                record_response(this.config, response.status(), response.headers());
            });
            exchange.cancel(CancelCause::Deadline);
        } else {
            inner.set(None);
        }
        sign(this.config, this.answering, response.headers_mut());
        response
    }
}

/// Judges a response by its head; its unit goes on with the body.
fn answer<B: Body>(
    config: &Config,
    answering: &mut Answering,
    exchange: Option<Exchange>,
    response: Response<B>,
) -> Response<ResponseBody<B>> {
    let (mut head, body) = response.into_parts();
    sign(config, answering, &mut head.headers);
    let extent = extent(answering, &head, &body);
    let exchange = exchange.and_then(|exchange| exchange.respond(&head));
    Response::from_parts(head, ResponseBody::new(exchange, extent, body))
}

/// Puts the request's id onto its response.
fn sign(config: &Config, answering: &mut Answering, headers: &mut http::HeaderMap) {
    if let Some((ids, id)) = config.request_ids.as_ref().zip(answering.id.take()) {
        ids.answer(headers, id);
    }
}

/// How much of a body will be sent.
fn extent<B: Body>(answering: &Answering, head: &response::Parts, body: &B) -> Extent {
    let status = head.status.as_u16();
    if status == 101 || (answering.is_connect && head.status.is_success()) {
        // The connection is another protocol's from here on.
        Extent::Over
    } else if answering.is_head || status::is_without_body(status) {
        Extent::Bytes(0)
    } else {
        let exact = declared_length(&head.headers).or_else(|| body.size_hint().exact());
        exact.map_or(Extent::Unknown, Extent::Bytes)
    }
}
