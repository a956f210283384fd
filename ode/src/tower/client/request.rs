//! What a request has to be for the client layer, and what is read from it.

use std::fmt;

use ::http::header::HOST;
use ::http::{Extensions, HeaderMap, Method};

/// A request that is about to be sent: `http::Request<B>`, and with feature `reqwest` also
/// `reqwest::Request`. Sealed: nobody else implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no request that `ode::tower::ClientLayer` knows",
    note = "it is for services of `http::Request<B>`, and of `reqwest::Request` with feature `reqwest`"
)]
pub trait OutgoingRequest: sealed::Sealed {
    /// Method and target.
    #[doc(hidden)]
    fn head(&self) -> RequestHead<'_>;

    #[doc(hidden)]
    fn headers(&self) -> &HeaderMap;

    #[doc(hidden)]
    fn headers_mut(&mut self) -> &mut HeaderMap;

    /// What travels with the request and is not sent, where there is such a place.
    #[doc(hidden)]
    fn extensions(&self) -> Option<&Extensions>;

    #[doc(hidden)]
    fn extensions_mut(&mut self) -> Option<&mut Extensions>;
}

pub(in crate::tower::client) mod sealed {
    pub trait Sealed {}

    impl<B> Sealed for ::http::Request<B> {}
    #[cfg(feature = "reqwest")]
    impl Sealed for ::reqwest::Request {}
}

/// Method and target of a request, for what names its unit.
#[derive(Clone, Copy)]
pub struct RequestHead<'r> {
    method: &'r Method,
    scheme: Option<&'r str>,
    host: Option<&'r str>,
    port: Option<u16>,
    path: &'r str,
    query: Option<&'r str>,
}

/// The query may hold what is secret, so it is not shown.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl<'r> RequestHead<'r> {
    /// The method, such as `GET`.
    pub fn method(&self) -> &'r str {
        self.method.as_str()
    }

    /// The host that is asked, without port; an IPv6 address without brackets.
    pub fn host(&self) -> Option<&'r str> {
        self.host
    }

    /// The port that is asked, also where it is the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.port.or(self.scheme.and_then(own_port))
    }

    /// The path. It may hold ids: do not put it into the name of a unit as it is.
    pub fn path(&self) -> &'r str {
        self.path
    }

    /// The whole address, where it is known, without credentials and fragment.
    pub(super) fn full_url(&self, with_query: bool) -> Option<FullUrl<'r>> {
        Some(FullUrl {
            scheme: self.scheme?,
            host: self.host?,
            port: self.port,
            path: self.path,
            query: self.query.filter(|_| with_query),
        })
    }

    pub(super) fn query(&self) -> Option<&'r str> {
        self.query
    }

    /// The name semantic conventions have for the method, and what it was if they have none.
    pub(super) fn known_method(&self) -> Result<&'static str, &'r str> {
        known(self.method).ok_or(self.method())
    }
}

impl<B> OutgoingRequest for ::http::Request<B> {
    fn head(&self) -> RequestHead<'_> {
        let uri = self.uri();
        let of_header = || {
            let header = self.headers().get(HOST).and_then(|host| host.to_str().ok());
            header.map_or((None, None), split)
        };
        let of_uri = uri.authority().map(|uri| (Some(bare(uri.host())), uri.port_u16()));
        let (host, port) = of_uri.unwrap_or_else(of_header);
        RequestHead {
            method: self.method(),
            scheme: uri.scheme_str(),
            host,
            port,
            path: uri.path(),
            query: uri.query(),
        }
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    fn extensions(&self) -> Option<&Extensions> {
        Some(self.extensions())
    }

    fn extensions_mut(&mut self) -> Option<&mut Extensions> {
        Some(self.extensions_mut())
    }
}

#[cfg(feature = "reqwest")]
impl OutgoingRequest for ::reqwest::Request {
    fn head(&self) -> RequestHead<'_> {
        let url = self.url();
        RequestHead {
            method: self.method(),
            scheme: Some(url.scheme()),
            host: url.host_str().map(bare),
            port: url.port(),
            path: url.path(),
            query: url.query(),
        }
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }

    // It has some, and keeps them to itself.
    fn extensions(&self) -> Option<&Extensions> {
        None
    }

    fn extensions_mut(&mut self) -> Option<&mut Extensions> {
        None
    }
}

/// Host and port of a `Host` header.
fn split(header: &str) -> (Option<&str>, Option<u16>) {
    let (host, port) = match header.rsplit_once(':') {
        // A colon inside brackets is the address's own.
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (header, None),
    };
    (Some(bare(host)).filter(|host| !host.is_empty()), port)
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn own_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// The methods that semantic conventions know; only these may be part of a name, or a caller could
/// make as many names as it likes.
fn known(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 10] =
        ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "CONNECT", "TRACE", "QUERY"];
    KNOWN.into_iter().find(|known| *known == method.as_str())
}

/// An address as it is recorded.
#[derive(Clone, Copy)]
pub(super) struct FullUrl<'r> {
    scheme: &'r str,
    host: &'r str,
    port: Option<u16>,
    path: &'r str,
    query: Option<&'r str>,
}

impl fmt::Display for FullUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, path, query } = self;
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]")?;
        } else {
            write!(f, "{scheme}://{host}")?;
        }
        if let Some(port) = port.filter(|port| own_port(scheme) != Some(*port)) {
            write!(f, ":{port}")?;
        }
        f.write_str(path)?;
        query.map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, host: Option<&str>) -> ::http::Request<()> {
        let mut builder = ::http::Request::get(uri);
        if let Some(host) = host {
            builder = builder.header(HOST, host);
        }
        builder.body(()).unwrap()
    }

    #[test]
    fn what_is_recorded_of_an_address() {
        for (uri, host, port, full) in [
            ("http://a.test/x", "a.test", 80, "http://a.test/x"),
            ("https://a.test/x?token=1", "a.test", 443, "https://a.test/x"),
            ("http://a.test:8080/", "a.test", 8080, "http://a.test:8080/"),
            ("https://a.test:443/", "a.test", 443, "https://a.test/"),
            ("http://ada:secret@a.test:81/x", "a.test", 81, "http://a.test:81/x"),
            ("http://[::1]:90/x?q", "::1", 90, "http://[::1]:90/x"),
            ("http://[::1]/", "::1", 80, "http://[::1]/"),
        ] {
            let request = request(uri, None);
            let head = request.head();
            assert_eq!(head.host(), Some(host), "{uri}");
            assert_eq!(head.port(), Some(port), "{uri}");
            assert_eq!(head.full_url(false).unwrap().to_string(), full, "{uri}");
            assert!(!format!("{head:?}").contains("secret"), "{head:?}");
            assert!(!format!("{head:?}").contains("token"), "{head:?}");
        }
        let request = request("http://a.test/x?page=2", None);
        let full = request.head().full_url(true).unwrap().to_string();
        assert_eq!(full, "http://a.test/x?page=2");
    }

    #[test]
    fn a_target_that_is_only_a_path_is_known_by_its_host_header() {
        for (header, host, port) in [
            (Some("a.test"), Some("a.test"), None),
            (Some("a.test:81"), Some("a.test"), Some(81)),
            (Some("[::1]:81"), Some("::1"), Some(81)),
            (Some("[::1]"), Some("::1"), None),
            (Some("a.test:none"), Some("a.test"), None),
            (Some(""), None, None),
            (None, None, None),
        ] {
            let request = request("/x?token=1", header);
            let head = request.head();
            assert_eq!((head.host(), head.port()), (host, port), "{header:?}");
            assert!(head.full_url(true).is_none());
            assert_eq!(head.path(), "/x");
        }
    }

    #[cfg(feature = "reqwest")]
    #[test]
    fn the_same_of_reqwests_own() {
        let url = "https://ada:secret@[::1]:8443/x?token=1#part".parse().unwrap();
        let request = ::reqwest::Request::new(Method::PUT, url);
        let head = OutgoingRequest::head(&request);
        assert_eq!((head.method(), head.host(), head.port()), ("PUT", Some("::1"), Some(8443)));
        assert_eq!(head.full_url(false).unwrap().to_string(), "https://[::1]:8443/x");
        assert_eq!(head.full_url(true).unwrap().to_string(), "https://[::1]:8443/x?token=1");
    }

    #[test]
    fn only_known_methods_are_names() {
        let mut request = request("http://a.test/", None);
        assert_eq!(request.head().known_method(), Ok("GET"));
        *request.method_mut() = Method::from_bytes(b"BREW").unwrap();
        assert_eq!(request.head().known_method(), Err("BREW"));
    }
}
