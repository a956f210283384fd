//! [`Target`]: one signal's receiver, and how it is spoken to.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::otlp::config::{Compression, Endpoint, OtlpError, Protocol, header_problem};
use crate::otlp::encode::{Format, Shape, Signal};
use crate::otlp::transport::resolver::Resolver;
use crate::otlp::transport::tls::Tls;

/// How long an attempt may take unless told otherwise.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// What `user-agent` says.
pub(crate) const USER_AGENT: &str = concat!(
    "OTel-OTLP-Exporter-Rust/",
    env!("CARGO_PKG_VERSION"),
    " ode/",
    env!("CARGO_PKG_VERSION")
);

/// Where one signal is sent, and how.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    /// Of one attempt; nothing is without end.
    pub(crate) timeout: Option<Duration>,
    pub(crate) compression: Compression,
    pub(crate) tls: Tls,
    pub(crate) resolver: Resolver,
    pub(crate) shape: Shape,
}

impl Target {
    pub(crate) fn new(protocol: Protocol, endpoint: Endpoint) -> Self {
        Self {
            protocol,
            endpoint,
            headers: HeaderMap::new(),
            timeout: Some(DEFAULT_TIMEOUT),
            compression: Compression::default(),
            tls: Tls::default(),
            resolver: Resolver::default(),
            shape: Shape::default(),
        }
    }

    pub(crate) fn format(&self) -> Format {
        match self.protocol {
            Protocol::HttpJson => Format::Json,
            Protocol::HttpProtobuf | Protocol::Grpc => Format::Protobuf,
        }
    }

    /// Zero is without end.
    pub(crate) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
    }

    /// Adds a header, in the place of an earlier one of that name.
    pub(crate) fn header(&mut self, name: &str, value: &str) -> Result<(), OtlpError> {
        if let Some(problem) = header_problem(name, value) {
            return Err(OtlpError::header(format!("the header {problem}")));
        }
        let bad = || OtlpError::header("the header cannot be sent");
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        // Nobody shows it, and HTTP/2 does not keep it in a table.
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// A header that looks like a credential and would be read by everybody on the way.
    pub(crate) fn exposed_header(&self) -> Option<&str> {
        if self.endpoint.is_secure() || self.endpoint.is_loopback() {
            return None;
        }
        const WORDS: [&str; 11] = [
            "auth",
            "key",
            "token",
            "secret",
            "password",
            "credential",
            "cookie",
            "session",
            "team",
            "jwt",
            "dsn",
        ];
        let names = self.headers.keys().map(HeaderName::as_str);
        let mut exposed = names.filter(|name| WORDS.iter().any(|word| name.contains(word)));
        exposed.next()
    }

    /// `send spans to http://collector:4318/v1/traces`
    pub(crate) fn task(&self, signal: Signal) -> String {
        let what = match signal {
            Signal::Spans => "spans",
            Signal::Logs => "log records",
        };
        format!("send {what} to {} ({})", self.endpoint, self.protocol.as_str())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the value of a header.
        let names: Vec<_> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Target")
            .field("protocol", &self.protocol)
            .field("endpoint", &self.endpoint)
            .field("headers", &names)
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("tls", &self.tls)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_the_open() {
        for (url, header, exposed) in [
            ("http://collector:4318", "Authorization", Some("authorization")),
            ("http://collector:4318", "x-honeycomb-team", Some("x-honeycomb-team")),
            ("http://collector:4318", "dd-api-key", Some("dd-api-key")),
            ("http://collector:4318", "X-Access-Token", Some("x-access-token")),
            ("http://collector:4318", "cookie", Some("cookie")),
            ("http://collector:4318", "uptrace-dsn", Some("uptrace-dsn")),
            ("http://collector:4318", "x-scope-orgid", None),
            ("http://10.0.0.1:4318", "authorization", Some("authorization")),
            ("http://0.0.0.0:4318", "authorization", Some("authorization")),
            ("http://localhost.example:4318", "authorization", Some("authorization")),
            ("http://127.0.0.1.example:4318", "authorization", Some("authorization")),
            ("http://[fe80::1]:4318", "authorization", Some("authorization")),
            ("http://127.9.9.9:4318", "authorization", None),
            ("http://api.localhost:4318", "authorization", None),
            ("http://[::ffff:127.0.0.1]:4318", "authorization", None),
            ("https://collector:4318", "authorization", None),
            ("http://localhost:4318", "authorization", None),
            ("http://[::1]:4318", "authorization", None),
        ] {
            let endpoint = Endpoint::parse(url, None).unwrap();
            let mut target = Target::new(Protocol::Grpc, endpoint);
            target.header(header, "canary").unwrap();
            assert_eq!(target.exposed_header(), exposed, "{url} {header}");
            assert!(!format!("{target:?} {:?}", target.headers).contains("canary"));
        }
    }
}
