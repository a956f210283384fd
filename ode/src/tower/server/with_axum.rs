//! What axum leaves in a request's extensions.

use std::net::SocketAddr;

use ::axum::extract::{ConnectInfo, MatchedPath};
use http::request::Parts;

/// The route that the router found.
pub(super) fn route(parts: &Parts) -> Option<&str> {
    parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str)
}

/// The other end of the connection, where the server was made to tell.
pub(super) fn peer(parts: &Parts) -> Option<SocketAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer)
}
