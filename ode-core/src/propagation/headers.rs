//! `http::HeaderMap` as a carrier.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::carrier::{BAGGAGE, Extract, Inject, TRACEPARENT, TRACESTATE};

impl Extract for HeaderMap {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        self.get_all(name).iter().for_each(|value| each(value.as_bytes()));
    }
}

/// A name or value that HTTP does not allow is not set, nor is one for which the map has no room.
impl Inject for HeaderMap {
    fn set(&mut self, name: &'static str, value: &str) {
        if let (Some(name), Ok(value)) = (header(name), HeaderValue::from_str(value)) {
            // The error is the only one there is: a map that is full stays as it is.
            drop(self.try_insert(name, value));
        }
    }

    fn remove(&mut self, name: &'static str) {
        Self::remove(self, name);
    }
}

/// The three names need no memory of their own, and are known to be right.
fn header(name: &'static str) -> Option<HeaderName> {
    match name {
        TRACEPARENT => Some(HeaderName::from_static(TRACEPARENT)),
        TRACESTATE => Some(HeaderName::from_static(TRACESTATE)),
        BAGGAGE => Some(HeaderName::from_static(BAGGAGE)),
        _ => HeaderName::from_bytes(name.as_bytes()).ok(),
    }
}
