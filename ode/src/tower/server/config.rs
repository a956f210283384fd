//! What a layer was told; shared by its services and their requests.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName};
use ode_core::integration::caller;
use ode_core::{Incoming, TraceContext, propagation};

use super::captured::{NamedHeader, NamedParameter};
use super::hooks::Hooks;
use super::proxies::TrustedProxies;
use super::request_id::RequestIds;

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static BAGGAGE: HeaderName = HeaderName::from_static("baggage");

#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) hooks: Hooks,
    pub(super) proxies: TrustedProxies,
    /// The scheme of requests that do not say it themselves, as those of HTTP/1 do not.
    pub(super) scheme: &'static str,
    pub(super) parameters: Vec<NamedParameter>,
    pub(super) request_headers: Vec<NamedHeader>,
    pub(super) response_headers: Vec<NamedHeader>,
    /// `None`: requests get no ids.
    pub(super) request_ids: Option<Arc<RequestIds>>,
    pub(super) deadline: Option<Duration>,
    pub(super) trusts_context: bool,
    /// Keys of baggage that become fields.
    pub(super) baggage: Vec<&'static str>,
}

impl Default for Config {
    fn default() -> Self {
        let request_ids = RequestIds::new(HeaderName::from_static("x-request-id"));
        Self {
            hooks: Hooks::default(),
            proxies: TrustedProxies::default(),
            scheme: "http",
            parameters: Vec::new(),
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            request_ids: Some(Arc::new(request_ids)),
            deadline: None,
            trusts_context: false,
            baggage: Vec::new(),
        }
    }
}

/// What came with a request.
#[derive(Debug)]
pub(super) enum Came {
    Nothing,
    /// From a stranger: nothing else of it is looked at.
    Link(TraceContext),
    /// Believed as far as the layer was told.
    More(Incoming),
}

impl Config {
    /// The context that came with a request.
    pub(super) fn incoming(&self, headers: &HeaderMap) -> Came {
        let has_baggage = !self.baggage.is_empty() && headers.contains_key(&BAGGAGE);
        if !has_baggage && !self.trusts_context {
            return caller(headers).map_or(Came::Nothing, Came::Link);
        }
        if !has_baggage && !headers.contains_key(&TRACEPARENT) {
            return Came::Nothing;
        }
        let incoming = propagation::extract(headers);
        Came::More(incoming.trust_remote_context(self.trusts_context).allow_baggage(&self.baggage))
    }
}
