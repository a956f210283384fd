//! [`RequestId`]: the name of a request that people quote.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderValue;
use http::header::{HeaderMap, HeaderName};
use http::request::Parts;

/// The id of a request: the caller's, or a new one. [`ServerLayer`](super::ServerLayer) puts it
/// into the request's extensions, onto the response, and on the event as `request.id`.
///
/// It is 1 to 128 visible ASCII characters, so that it can be logged and sent on as it is.
///
/// ```
/// use ode::tower::RequestId;
///
/// fn handle(request: &http::Request<()>) -> String {
///     match request.extensions().get::<RequestId>() {
///         Some(id) => format!("Please quote {id}."),
///         None => "Try again.".to_owned(),
///     }
/// }
/// # assert_eq!(handle(&http::Request::new(())), "Try again.");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestId(HeaderValue);

/// Longer ids are not taken over.
const MAX_BYTES: usize = 128;

impl RequestId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        // It is ASCII: `to_str` would look at each byte for more than that.
        str::from_utf8(self.0.as_bytes()).unwrap_or_default()
    }

    /// The caller's id, if it is one.
    fn of(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let is_id = (1..=MAX_BYTES).contains(&bytes.len()) && is_graphic(bytes);
        is_id.then(|| Self(value.clone()))
    }
}

/// Whether all bytes are visible ASCII: all are looked at, because that is done many at a time.
fn is_graphic(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & byte.is_ascii_graphic())
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestId").field(&self.as_str()).finish()
    }
}

/// Where ids come from, and the header that carries them.
#[derive(Debug)]
pub(super) struct RequestIds {
    header: HeaderName,
    keys: [RandomState; 2],
    next: AtomicU64,
}

impl RequestIds {
    pub(super) fn new(header: HeaderName) -> Self {
        // `RandomState` is how the standard library hands out the system's randomness.
        Self { header, keys: [RandomState::new(), RandomState::new()], next: AtomicU64::new(0) }
    }

    /// Gives the request its id, where what is inside the layer looks for it.
    pub(super) fn give(&self, parts: &mut Parts) -> Option<RequestId> {
        let known = parts.headers.get(&self.header).and_then(RequestId::of);
        let id = if let Some(id) = known {
            id
        } else {
            let id = self.make()?;
            parts.headers.insert(self.header.clone(), id.0.clone());
            id
        };
        parts.extensions.insert(id.clone());
        Some(id)
    }

    /// Puts the id onto the response.
    pub(super) fn answer(&self, headers: &mut HeaderMap, id: RequestId) {
        headers.insert(self.header.clone(), id.0);
    }

    /// A UUID of version 4. Keyed hashes of a counter: no two are alike, and none can be told from
    /// the one before.
    fn make(&self) -> Option<RequestId> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let [high, low] = self.keys.each_ref().map(|key| key.hash_one(number));
        let text = format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff,
        );
        HeaderValue::try_from(text).ok().map(RequestId)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn given(header: Option<&[u8]>) -> (RequestId, Parts) {
        let (mut parts, ()) = http::Request::new(()).into_parts();
        if let Some(header) = header {
            parts.headers.insert("x-request-id", HeaderValue::from_bytes(header).unwrap());
        }
        let ids = RequestIds::new(HeaderName::from_static("x-request-id"));
        (ids.give(&mut parts).unwrap(), parts)
    }

    #[test]
    fn what_is_taken_over() {
        for good in [&b"a"[..], b"!~", &[b'x'; 128]] {
            let (id, parts) = given(Some(good));
            assert_eq!(id.as_str().as_bytes(), good);
            assert_eq!(parts.extensions.get::<RequestId>(), Some(&id));
        }
    }

    #[test]
    fn what_is_not() {
        for bad in [None, Some(&b""[..]), Some(b"a b"), Some("ä".as_bytes()), Some(&[b'x'; 129])] {
            let (id, parts) = given(bad);
            assert_eq!(id.as_str().len(), 36, "{bad:?} gave {id}");
            assert_eq!(parts.headers["x-request-id"], id.as_str(), "what is inside reads the same");
        }
    }

    #[test]
    fn new_ones_are_uuids_and_differ() {
        let ids = RequestIds::new(HeaderName::from_static("x-request-id"));
        let made: BTreeSet<String> = (0..1_000).map(|_| ids.make().unwrap().to_string()).collect();
        assert_eq!(made.len(), 1_000);
        for id in made {
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
            assert_eq!(id.as_bytes()[14], b'4', "{id}");
            assert!(matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{id}");
        }
    }
}
