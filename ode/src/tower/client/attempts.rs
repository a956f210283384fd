//! Counting how often a request was sent: between a layer outside a retry, and one inside.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use ::http::HeaderValue;
use tower_layer::Layer;
use tower_service::Service;

use super::request::OutgoingRequest;

/// Counts attempts and records nothing itself, see [`ClientLayer::attempts`](super::ClientLayer::attempts).
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AttemptsLayer;

/// A service whose requests are counted as attempts; made by [`AttemptsLayer`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts<S> {
    inner: S,
}

impl<S> Layer<S> for AttemptsLayer {
    type Service = Attempts<S>;

    fn layer(&self, inner: S) -> Attempts<S> {
        Attempts { inner }
    }
}

impl<S, R> Service<R> for Attempts<S>
where
    S: Service<R>,
    R: OutgoingRequest,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> S::Future {
        if let Some(counter) = Counter::of(&request) {
            counter.next();
        }
        self.inner.call(request)
    }
}

/// How often one request was sent; all that count it have the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter(Arc<AtomicU32>);

/// The counter of the call that is being polled on this thread, for requests that have no place for
/// it, and the `traceparent` that the request was given: another request sent meanwhile, for a
/// token, say, has not got it.
#[derive(Clone, Debug)]
pub(super) struct Here {
    counter: Counter,
    traceparent: HeaderValue,
}

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

impl Counter {
    /// Finds the counter that a layer further out gave to this request.
    pub(super) fn of(request: &impl OutgoingRequest) -> Option<Self> {
        if let Some(extensions) = request.extensions() {
            return extensions.get::<Self>().cloned();
        }
        let given = request.headers().get(TRACEPARENT)?;
        let find = |here: &RefCell<Option<Here>>| {
            let here = here.borrow();
            let here = here.as_ref().filter(|here| here.traceparent == *given);
            here.map(|here| here.counter.clone())
        };
        HERE.try_with(find).ok().flatten()
    }

    /// Gives a request, and all its clones, this counter; what is returned is to be made current
    /// while the request is being sent.
    pub(super) fn give(&self, request: &mut impl OutgoingRequest) -> Option<Here> {
        if let Some(extensions) = request.extensions_mut() {
            extensions.insert(self.clone());
            return None;
        }
        let traceparent = request.headers().get(TRACEPARENT)?.clone();
        Some(Here { counter: self.clone(), traceparent })
    }

    /// One more attempt: how many there were before it.
    pub(super) fn next(&self) -> u32 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// How many attempts there were after the first.
    pub(super) fn resends(&self) -> u32 {
        self.0.load(Ordering::Relaxed).saturating_sub(1)
    }
}

const TRACEPARENT: &str = "traceparent";

impl Here {
    /// Makes the counter current while `f` runs.
    pub(super) fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        let _outer = Outer(exchange(Some(self.clone())));
        f()
    }
}

/// What was current before; puts it back, also when unwinding.
struct Outer(Option<Here>);

impl Drop for Outer {
    fn drop(&mut self) {
        exchange(self.0.take());
    }
}

fn exchange(here: Option<Here>) -> Option<Here> {
    // At the very end of a thread there is nothing to keep it in.
    HERE.try_with(|slot| slot.replace(here)).ok().flatten()
}
