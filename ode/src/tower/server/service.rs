//! [`Server`]: a service whose requests are units of work.

use std::fmt::Display;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Method, Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::ResponseBody;
use super::config::Config;
use super::exchange::Exchange;
use super::future::{Answering, ServerFuture};

/// A service in a [`ServerLayer`](super::ServerLayer): each request leaves one event.
#[derive(Clone, Debug)]
pub struct Server<S> {
    inner: S,
    config: Arc<Config>,
}

impl<S> Server<S> {
    pub(super) fn new(inner: S, config: Arc<Config>) -> Self {
        Self { inner, config }
    }
}

impl<S, B, ResBody> Service<Request<B>> for Server<S>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
    S::Error: Display,
    ResBody: Body,
    ResBody::Error: Display,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ServerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let config = &self.config;
        let id = config.request_ids.as_ref().and_then(|ids| ids.give(&mut parts));
        let mut exchange = None;
        if !config.hooks.skips(&parts) {
            exchange = Exchange::begin(config, &parts, id.as_ref());
        }
        let answering = Answering {
            id,
            is_head: parts.method == Method::HEAD,
            is_connect: parts.method == Method::CONNECT,
        };
        let request = Request::from_parts(parts, body);
        let future = match &mut exchange {
            Some(exchange) => exchange.scope(|| self.inner.call(request)),
            None => self.inner.call(request),
        };
        ServerFuture::new(Arc::clone(config), exchange, answering, future)
    }
}
