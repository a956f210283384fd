//! Without axum nobody leaves anything in a request's extensions.

use std::net::SocketAddr;

use http::request::Parts;

pub(super) fn route(_parts: &Parts) -> Option<&str> {
    None
}

pub(super) fn peer(_parts: &Parts) -> Option<SocketAddr> {
    None
}
