//! The application's closures. They run on the path of a request, so a panic in one is caught.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{request, response};
use ode_core::WideEvent;

use crate::tower::caught::caught;

/// Says something about a request.
type Ask<T> = Option<Arc<dyn Fn(&request::Parts) -> T + Send + Sync>>;
type AskText = Option<Arc<dyn Fn(&request::Parts) -> Option<&str> + Send + Sync>>;
/// Adds something to an event.
type Tell<P> = Option<Arc<dyn Fn(&mut WideEvent, &P) + Send + Sync>>;

#[derive(Clone, Default)]
pub(super) struct Hooks {
    pub(super) route: AskText,
    pub(super) peer: Ask<Option<SocketAddr>>,
    pub(super) skip: Ask<bool>,
    pub(super) request: Tell<request::Parts>,
    pub(super) response: Tell<response::Parts>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("route", &self.route.is_some())
            .field("peer", &self.peer.is_some())
            .field("skip", &self.skip.is_some())
            .field("request", &self.request.is_some())
            .field("response", &self.response.is_some())
            .finish()
    }
}

impl Hooks {
    /// The route that the application names; `None` also where its closure panics.
    pub(super) fn route<'p>(&self, parts: &'p request::Parts) -> Option<&'p str> {
        let route = self.route.as_ref()?;
        caught(|| route(parts)).flatten()
    }

    pub(super) fn peer(&self, parts: &request::Parts) -> Option<SocketAddr> {
        let peer = self.peer.as_ref()?;
        caught(|| peer(parts)).flatten()
    }

    /// Whether the request is to leave no event. Where that cannot be said, it does.
    pub(super) fn skips(&self, parts: &request::Parts) -> bool {
        self.skip.as_ref().is_some_and(|skip| caught(|| skip(parts)).unwrap_or(false))
    }

    pub(super) fn request(&self, event: &mut WideEvent, parts: &request::Parts) {
        if let Some(hook) = &self.request {
            caught(|| hook(event, parts));
        }
    }

    pub(super) fn response(&self, event: &mut WideEvent, parts: &response::Parts) {
        if let Some(hook) = &self.response {
            caught(|| hook(event, parts));
        }
    }
}
