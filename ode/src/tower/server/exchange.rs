//! The event of one request while it is open: what is recorded, and how it ends.

use std::fmt::Display;
use std::sync::Arc;

use http::header::{CONTENT_LENGTH, HeaderMap};
use http::{StatusCode, Version, request, response};
use ode_core::integration::{self, is_recording};
use ode_core::macro_support::{Probe, observe, probe::Level2 as _};
use ode_core::{CancelCause, SpanKind, UnitName, WideEvent};

use super::address::with_text;
use super::authority;
use super::config::{Came, Config};
use super::framework;
use super::method::Known;
use super::name::unit_name;
use super::request_id::RequestId;
use super::status;

/// Put into the extensions of a response: the request is to leave no event.
///
/// It counts only where the status is below 400, and the body is not looked at any more: a health
/// check that fails, panics or never answers leaves its event.
///
/// ```
/// use ode::tower::NoEvent;
///
/// fn healthy() -> http::Response<&'static str> {
///     let mut response = http::Response::new("fine");
///     response.extensions_mut().insert(NoEvent);
///     response
/// }
/// # assert!(healthy().extensions().get::<NoEvent>().is_some());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a marker: that it is there is all it says")]
pub struct NoEvent;

#[derive(Debug)]
pub(super) struct Exchange {
    event: WideEvent,
    config: Arc<Config>,
}

impl Exchange {
    /// Opens the event of a request. `None` where nobody listens.
    pub(super) fn begin(
        config: &Arc<Config>,
        parts: &request::Parts,
        id: Option<&RequestId>,
    ) -> Option<Self> {
        let method = Known::of(&parts.method);
        let route = config.hooks.route(parts).or_else(|| framework::route(parts));
        let name = unit_name(method, route);
        let mut event = open(name, config.incoming(&parts.headers));
        let listens = event.scope(|| {
            let listens = is_recording();
            if listens {
                record_request(config, parts, method, route);
                record_ends(config, parts);
                ode_core::set_inherited! { request.id = id.map(RequestId::as_str) };
            }
            listens
        });
        if !listens {
            return None;
        }
        config.hooks.request(&mut event, parts);
        Some(Self { event, config: Arc::clone(config) })
    }

    /// The unit is current while `f` runs.
    pub(super) fn scope<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.event.scope(f)
    }

    /// The head of the response is there, and recorded. `None` where it wants no event.
    pub(super) fn respond(mut self, head: &response::Parts) -> Option<Self> {
        let status = head.status.as_u16();
        if status < 400 && head.extensions.get::<NoEvent>().is_some() {
            self.event.withdraw();
            return None;
        }
        self.event.settle(status::failure(status));
        self.config.hooks.response(&mut self.event, head);
        Some(self)
    }

    pub(super) fn end(self) {
        self.event.end();
    }

    pub(super) fn cancel(self, cause: CancelCause) {
        self.event.cancel(cause);
    }
}

/// Opens the event of a request, which is current at once.
fn open(name: UnitName, came: Came) -> WideEvent {
    let event = WideEvent::builder(name).kind(SpanKind::Server);
    match came {
        Came::Nothing => integration::open(event),
        Came::Link(caller) => {
            let mut event = integration::open(event);
            event.link(caller);
            event
        }
        Came::More(incoming) => integration::open(event.incoming(&incoming)),
    }
}

/// Records the head of a response on the current unit.
pub(super) fn record_response(config: &Config, status: StatusCode, headers: &HeaderMap) {
    ode_core::set! { http.response.status_code = status.as_u16() };
    for header in &config.response_headers {
        header.record(headers);
    }
}

/// Records how much of a response's body was seen.
pub(super) fn record_body(bytes: u64) {
    ode_core::set! { http.response.body.size = bytes };
}

/// Records an `Err` of the inner service, or of its response's body, on the current unit.
pub(super) fn record_error<T, E: Display>(result: &Result<T, E>) {
    if result.is_err() {
        observe((&&Probe(result)).ode_failure());
    }
}

/// What was asked for.
fn record_request(config: &Config, parts: &request::Parts, method: Known, route: Option<&str>) {
    let uri = &parts.uri;
    ode_core::set! {
        http.request.method = method.attribute(),
        http.request.method_original = method.is_other().then(|| parts.method.as_str()),
        http.route = route,
        url.path = uri.path(),
        url.scheme = uri.scheme_str().unwrap_or(config.scheme),
        network.protocol.name = "http",
        network.protocol.version = version(parts.version),
        http.request.body.size = declared_length(&parts.headers)
    };
    if let Some(query) = uri.query() {
        for parameter in &config.parameters {
            parameter.record(query);
        }
    }
    for header in &config.request_headers {
        header.record(&parts.headers);
    }
}

/// Who asked, and whom.
fn record_ends(config: &Config, parts: &request::Parts) {
    if let Some((name, port)) = authority::server(parts) {
        ode_core::set! { server.address = name, server.port = port };
    }
    if let Some(peer) = config.hooks.peer(parts).or_else(|| framework::peer(parts)) {
        let address = peer.ip().to_canonical();
        let client = config.proxies.client(address, &parts.headers);
        with_text(address, |peer_address| {
            ode_core::set! { network.peer.address = peer_address, network.peer.port = peer.port() };
            if client == address {
                ode_core::set! { client.address = peer_address };
            } else {
                with_text(client, |client| ode_core::set! { client.address = client });
            }
        });
    }
}

fn version(version: Version) -> Option<&'static str> {
    Some(match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => return None,
    })
}

/// The length that a message says its body has.
pub(super) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
