//! [`OtlpError`]: what is wrong with a setting.

use std::error::Error;
use std::fmt;

/// A setting of [`Otlp`](crate::otlp::Otlp) that cannot be used.
///
/// It says which one, what is wrong with it and what to write instead. It never repeats the
/// setting, which may hold credentials.
///
/// ```
/// # #[cfg(feature = "otlp-http")] {
/// let error = ode_exporters::otlp::Otlp::http("collector:4318").unwrap_err();
/// assert!(error.is_endpoint());
/// assert!(error.to_string().contains("http:// or https://"));
/// # }
/// ```
#[derive(Debug)]
pub struct OtlpError {
    kind: Kind,
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Endpoint,
    Header,
    Certificate,
}

impl OtlpError {
    pub(crate) fn endpoint(what: impl Into<String>) -> Self {
        Self { kind: Kind::Endpoint, text: what.into(), source: None }
    }

    pub(crate) fn header(what: impl Into<String>) -> Self {
        Self { kind: Kind::Header, text: what.into(), source: None }
    }

    pub(crate) fn certificate(what: impl Into<String>) -> Self {
        Self { kind: Kind::Certificate, text: what.into(), source: None }
    }

    pub(crate) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether it is about an endpoint.
    pub fn is_endpoint(&self) -> bool {
        self.kind == Kind::Endpoint
    }

    /// Whether it is about a header.
    pub fn is_header(&self) -> bool {
        self.kind == Kind::Header
    }

    /// Whether it is about root certificates, a client certificate or its key.
    pub fn is_certificate(&self) -> bool {
        self.kind == Kind::Certificate
    }
}

impl fmt::Display for OtlpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for OtlpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
