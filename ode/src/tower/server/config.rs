//! What a layer was told; shared by its services and their requests.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HeaderMap, HeaderName};
use ode_core::{Incoming, propagation};

use super::captured::{NamedHeader, NamedParameter};
use super::hooks::Hooks;
use super::proxies::TrustedProxies;
use super::request_id::RequestIds;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

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

impl Config {
    /// The context that came with a request, believed as far as the layer was told.
    pub(super) fn incoming(&self, headers: &HeaderMap) -> Incoming {
        let has_baggage = !self.baggage.is_empty() && headers.contains_key(BAGGAGE);
        if !has_baggage && !headers.contains_key(TRACEPARENT) {
            // Nothing came that would be looked at, which is common and is found out cheaply.
            return Incoming::default();
        }
        propagation::extract(headers)
            .trust_remote_context(self.trusts_context)
            .allow_baggage(&self.baggage)
    }
}
