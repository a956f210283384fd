//! [`ServerLayer`]: what an application says about its requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderName;
use http::{request, response};
use ode_core::WideEvent;
use tower_layer::Layer;

use super::captured::{NamedHeader, NamedParameter};
use super::config::Config;
use super::proxies::ParseProxyError;
use super::request_id::RequestIds;
use super::service::Server;

/// Leaves one event for each request that a service answers.
///
/// The request's unit is current while the service works on it, so `ode::set!` in a handler adds to
/// it, `#[instrument_event(join)]` joins it, and a plain `#[instrument_event]` opens a child. It
/// ends with the response's body.
///
/// Put it outermost: what stands outside of it is not timed, and a timeout there drops the request,
/// which looks as if the client had gone.
///
/// ```
/// # #[cfg(feature = "axum")]
/// # fn app() -> axum::Router {
/// use axum::Router;
/// use axum::routing::get;
/// use ode::tower::ServerLayer;
///
/// Router::new()
///     .route("/cart/{id}", get(|| async { ode::set! { cart.items = 3 } }))
///     .layer(ServerLayer::new())
///     .route("/healthz", get(|| async { "fine" })) // added afterwards: no event
/// # }
/// ```
///
/// # What is recorded
/// | field | |
/// |---|---|
/// | name | `GET /cart/{id}`; without a route `GET`; `HTTP` for a method nobody knows |
/// | `http.request.method`, `.method_original` | the latter where the former is `_OTHER` |
/// | `http.route` | from axum's router, or [`route`](Self::route) |
/// | `url.path`, `url.scheme` | never the query |
/// | `network.protocol.name`, `.version` | `http`; `1.1`, `2` |
/// | `server.address`, `.port` | `:authority`, or `Host`; the port where it is named there |
/// | `network.peer.address`, `.port` | from axum's `ConnectInfo`, or [`peer`](Self::peer) |
/// | `client.address` | the peer, or whom [trusted proxies](Self::trust_proxies) name |
/// | `http.request.body.size` | bytes, where `Content-Length` says it |
/// | `http.response.status_code` | a number |
/// | `http.response.body.size` | bytes that were handed to the connection |
/// | `request.id` | see [`RequestId`](super::RequestId); on units opened below, too |
///
/// Query strings and headers are recorded only where they are named.
///
/// # How it ends
/// | what happened | outcome |
/// |---|---|
/// | the handler said so: `decline`, `record_error`, `fail` | as said |
/// | status 1xx–3xx | `ok` |
/// | status 4xx | `declined`, reason `http_<status>` |
/// | status 5xx | `error`, `error.type` = the status, unless an error is recorded already |
/// | the service returned `Err`, the body failed | `error`, by the error's type |
/// | the response or its body was dropped before its end | `cancelled`, cause `client_gone` |
/// | the [deadline](Self::deadline) passed | `cancelled`, cause `deadline` |
/// | a panic went through | `panicked` |
///
/// A body is complete when it reports its end, and also when nobody would ask it for more: all
/// bytes of its length were sent, or it belongs to `HEAD`, 1xx, 204 or 304.
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until a service is put into it"]
pub struct ServerLayer {
    config: Arc<Config>,
}

impl ServerLayer {
    /// A layer that asks nobody and trusts nobody.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config));
        self
    }

    /// Says which route a request belongs to, where axum does not: a template with few values,
    /// because events are grouped by it. `None` leaves it to axum.
    ///
    /// ```
    /// use ode::tower::ServerLayer;
    /// let layer = ServerLayer::new()
    ///     .route(|request| request.uri.path().starts_with("/static/").then_some("/static/*"));
    /// # drop(layer);
    /// ```
    pub fn route(
        self,
        route: impl Fn(&request::Parts) -> Option<&str> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.hooks.route = Some(Arc::new(route)))
    }

    /// Says who is at the other end of the connection, where axum does not.
    pub fn peer(
        self,
        peer: impl Fn(&request::Parts) -> Option<SocketAddr> + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.hooks.peer = Some(Arc::new(peer)))
    }

    /// Requests that leave no event: the handler finds no unit. For one that is known only by its
    /// response there is [`NoEvent`](super::NoEvent).
    ///
    /// ```
    /// let layer = ode::tower::ServerLayer::new().skip(|request| request.uri.path() == "/healthz");
    /// # drop(layer);
    /// ```
    pub fn skip(self, skip: impl Fn(&request::Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|config| config.hooks.skip = Some(Arc::new(skip)))
    }

    /// Networks, or single addresses, of proxies whose word is taken for `client.address`.
    ///
    /// From a peer that is not among them nothing is read. From one that is, `X-Forwarded-For` is
    /// followed from its right end to the first address that is not among them, or to what is no
    /// address. Where it is missing, `Forwarded` (RFC 7239) is followed the same way; so a proxy
    /// that writes only `Forwarded` has to remove the other.
    ///
    /// ```
    /// let layer = ode::tower::ServerLayer::new().trust_proxies(["10.0.0.0/8", "127.0.0.1"])?;
    /// # drop(layer);
    /// # Ok::<(), ode::tower::ParseProxyError>(())
    /// ```
    ///
    /// # Errors
    /// When a text is no network; the error names it.
    pub fn trust_proxies<N: AsRef<str>>(
        mut self,
        networks: impl IntoIterator<Item = N>,
    ) -> Result<Self, ParseProxyError> {
        let config = Arc::make_mut(&mut self.config);
        for network in networks {
            config.proxies.add(network.as_ref())?;
        }
        Ok(self)
    }

    /// The `url.scheme` of requests that do not say theirs, as those of HTTP/1 do not: `https` where
    /// TLS ends before this service. The default is `http`.
    pub fn scheme(self, scheme: &'static str) -> Self {
        self.with(|config| config.scheme = scheme)
    }

    /// Records a parameter of the query string as `http.request.query.<name>`: its first value,
    /// decoded.
    pub fn query(self, name: &str) -> Self {
        self.with(|config| config.parameters.push(NamedParameter::new(name)))
    }

    /// Records a header of the request as `http.request.header.<name>`, a list of text.
    ///
    /// `authorization`, `cookie`, `proxy-authorization` and `set-cookie` read `[redacted]`, as do
    /// values marked as sensitive: that there was one can be of interest, what it was must not be.
    /// A name that no header can have records nothing.
    pub fn request_header(self, name: &str) -> Self {
        let header = NamedHeader::new("http.request.header", name);
        self.with(|config| config.request_headers.extend(header))
    }

    /// As [`ServerLayer::request_header`] for the response: `http.response.header.<name>`.
    pub fn response_header(self, name: &str) -> Self {
        let header = NamedHeader::new("http.response.header", name);
        self.with(|config| config.response_headers.extend(header))
    }

    /// The header that carries a request's id, in and out. The default is `x-request-id`.
    pub fn request_id_header(self, name: HeaderName) -> Self {
        self.with(|config| config.request_ids = Some(Arc::new(RequestIds::new(name))))
    }

    /// Gives requests no ids: something else does.
    pub fn without_request_ids(self) -> Self {
        self.with(|config| config.request_ids = None)
    }

    /// How long the head of a response may take. Then the inner future is dropped, the unit is
    /// `cancelled`, cause `deadline`, and the client gets a 503 without a body. It needs tokio's
    /// clock; without one there is no deadline.
    pub fn deadline(self, after: Duration) -> Self {
        self.with(|config| config.deadline = Some(after))
    }

    /// Whether a `traceparent` that comes with a request is believed: its trace goes on here. By
    /// default, and always where anybody can send requests, it becomes a link.
    pub fn trust_remote_context(self, trusted: bool) -> Self {
        self.with(|config| config.trusts_context = trusted)
    }

    /// Keys of W3C baggage that become fields, `baggage.<key>`, here and on units opened below.
    ///
    /// ```
    /// let layer = ode::tower::ServerLayer::new().trust_remote_context(true).baggage(["tenant"]);
    /// # drop(layer);
    /// ```
    pub fn baggage(self, keys: impl IntoIterator<Item = &'static str>) -> Self {
        self.with(|config| config.baggage.extend(keys))
    }

    /// Adds to the event of a request before the service sees it. Not called where nobody listens.
    /// A panic in it is caught.
    ///
    /// ```
    /// let layer = ode::tower::ServerLayer::new().on_request(|event, request| {
    ///     event.set("http.request.header.count", request.headers.len());
    /// });
    /// # drop(layer);
    /// ```
    pub fn on_request(
        self,
        hook: impl Fn(&mut WideEvent, &request::Parts) + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.hooks.request = Some(Arc::new(hook)))
    }

    /// Adds to the event of a request when the head of its response is there. What it settles takes
    /// the place of what the status said.
    ///
    /// ```
    /// use ode::Failure;
    /// let layer = ode::tower::ServerLayer::new().on_response(|event, response| {
    ///     if response.status == 410 {
    ///         event.settle(Some(Failure::error("gone_for_good")));
    ///     }
    /// });
    /// # drop(layer);
    /// ```
    pub fn on_response(
        self,
        hook: impl Fn(&mut WideEvent, &response::Parts) + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.hooks.response = Some(Arc::new(hook)))
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = Server<S>;

    fn layer(&self, inner: S) -> Server<S> {
        Server::new(inner, Arc::clone(&self.config))
    }
}
