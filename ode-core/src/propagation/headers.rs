//! `http::HeaderMap` as a carrier.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::carrier::{BAGGAGE, Extract, Inject, TRACEPARENT, TRACESTATE};

impl Extract for HeaderMap {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        let mut visit = |value: &HeaderValue| each(value.as_bytes());
        // The three names are known, so they need not be checked again for every request.
        match name {
            TRACEPARENT => self.get_all(&KNOWN[0]).iter().for_each(&mut visit),
            TRACESTATE => self.get_all(&KNOWN[1]).iter().for_each(&mut visit),
            BAGGAGE => self.get_all(&KNOWN[2]).iter().for_each(&mut visit),
            _ => self.get_all(name).iter().for_each(visit),
        }
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
static KNOWN: [HeaderName; 3] = [
    HeaderName::from_static(TRACEPARENT),
    HeaderName::from_static(TRACESTATE),
    HeaderName::from_static(BAGGAGE),
];

fn header(name: &'static str) -> Option<HeaderName> {
    match name {
        TRACEPARENT => Some(KNOWN[0].clone()),
        TRACESTATE => Some(KNOWN[1].clone()),
        BAGGAGE => Some(KNOWN[2].clone()),
        _ => HeaderName::from_bytes(name.as_bytes()).ok(),
    }
}
