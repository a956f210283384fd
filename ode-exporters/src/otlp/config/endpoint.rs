//! [`Endpoint`]: where requests go, taken apart and found usable.

use std::fmt;
use std::net::IpAddr;

use crate::otlp::encode::Signal;

/// A URL without user name and password. Its query may be a secret, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    secure: bool,
    /// As URLs have it: an IPv6 address stands in brackets.
    host: String,
    port: u16,
    /// Begins with `/`.
    path: String,
    query: Option<String>,
}

impl Endpoint {
    /// Takes a URL apart. Without a scheme it is `https` if `secure` says so, `http` if it says
    /// not, and an error if it says nothing.
    ///
    /// The error reads after "the endpoint …", and does not repeat what it is about.
    pub(crate) fn parse(text: &str, secure: Option<bool>) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty; write http:// or https://, a host and a port");
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has characters that no URL has; encode them as %XX");
        }
        let (secure, rest) = match (text.split_once("://"), secure) {
            (Some((scheme, rest)), _) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            (Some((scheme, rest)), _) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            (Some(_), _) => {
                return Err("has a scheme that is not known; write http:// or https://");
            }
            (None, Some(secure)) => (secure, text),
            (None, None) => return Err("has no scheme; write http:// or https:// before the host"),
        };
        if rest.contains('#') {
            return Err("has a fragment; leave out # and what follows");
        }
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let (authority, path) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
            Some(parts) => parts,
            None => (rest, "/"),
        };
        if authority.contains('@') {
            return Err(
                "holds a user name or password, which would be shown in many places; send \
                        them as the header `authorization`",
            );
        }
        let (host, port) = host_and_port(authority, if secure { 443 } else { 80 })?;
        Ok(Self { secure, host: host.to_ascii_lowercase(), port, path: path.to_owned(), query })
    }

    /// Where a signal goes, when this is where all of them go.
    pub(crate) fn for_signal(&self, signal: Signal) -> Self {
        let path = format!("{}{}", self.path.trim_end_matches('/'), path(signal));
        Self { path, ..self.clone() }
    }

    /// The signal whose path is at the end already, so that it would be there twice.
    #[cfg(any(test, feature = "otlp-http"))]
    pub(crate) fn signal_at_end(&self) -> Option<&'static str> {
        let own = self.path.trim_end_matches('/');
        [Signal::Spans, Signal::Logs].map(path).into_iter().find(|path| own.ends_with(path))
    }

    /// Whether there is more than scheme, host and port.
    pub(crate) fn has_path(&self) -> bool {
        self.path != "/" || self.query.is_some()
    }

    /// Whether it speaks TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let bare = self.host.trim_matches(['[', ']']);
        let name = bare == "localhost" || bare.ends_with(".localhost");
        name || bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    }

    /// All of it, with what is not to be shown.
    pub(crate) fn url(&self) -> String {
        match &self.query {
            Some(query) => format!("{self}?{query}"),
            None => self.to_string(),
        }
    }

    /// `host:port`
    #[cfg(feature = "otlp-grpc")]
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

fn path(signal: Signal) -> &'static str {
    match signal {
        Signal::Spans => "/v1/traces",
        Signal::Logs => "/v1/logs",
    }
}

fn host_and_port(authority: &str, default: u16) -> Result<(&str, u16), &'static str> {
    let ends = authority.rfind(']').map_or(0, |at| at + 1);
    let colon = authority.get(ends..).and_then(|rest| rest.find(':')).map(|at| ends + at);
    let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
        Some((host, port)) => (host, Some(port.trim_start_matches(':'))),
        None => (authority, None),
    };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let good = match host.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(Some(address)) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        Some(None) => false,
        None => !host.is_empty() && host.bytes().all(known),
    };
    if !good {
        return Err("has no host that can be looked up; write a name or an address, IPv6 in []");
    }
    let port = match port {
        None => default,
        Some(port) => match port.parse() {
            Ok(0) | Err(_) => return Err("has a port that is no number from 1 to 65535"),
            Ok(port) => port,
        },
    };
    Ok((host, port))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.path)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_urls_apart() {
        for (text, shown, url) in [
            ("http://localhost:4318", "http://localhost:4318/", "http://localhost:4318/"),
            ("HTTPS://Host.example", "https://host.example:443/", "https://host.example:443/"),
            (" http://h/a/b ", "http://h:80/a/b", "http://h:80/a/b"),
            ("http://h/a?key=x&y=//z", "http://h:80/a", "http://h:80/a?key=x&y=//z"),
            ("http://h?key=x", "http://h:80/", "http://h:80/?key=x"),
            ("http://[::1]:4317", "http://[::1]:4317/", "http://[::1]:4317/"),
            ("http://[::1]/x", "http://[::1]:80/x", "http://[::1]:80/x"),
        ] {
            let endpoint = Endpoint::parse(text, None).expect(text);
            assert_eq!(endpoint.to_string(), shown, "{text}");
            assert_eq!(format!("{endpoint:?}"), shown, "{text}");
            assert_eq!(endpoint.url(), url, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, part) in [
            ("", "is empty"),
            ("localhost:4318", "no scheme"),
            ("//localhost:4318", "no scheme"),
            ("grpc://localhost:4317", "scheme that is not known"),
            ("http://", "no host"),
            ("http://:4318", "no host"),
            ("http://h:", "port"),
            ("http://h:0", "port"),
            ("http://h:65536", "port"),
            ("http://h:4318x", "port"),
            ("http://h:1:2", "port"),
            ("http://::1:4318", "no host"),
            ("http://[::1", "no host"),
            ("http://[zz]:1", "no host"),
            ("http://a b", "characters"),
            ("http://h/é", "characters"),
            ("http://h/\n", "is fine"),
            ("http://h#x", "fragment"),
            ("http://user:secret@h", "user name"),
        ] {
            match Endpoint::parse(text, None) {
                Ok(_) => assert_eq!(part, "is fine", "{text}"),
                Err(error) => {
                    assert!(error.contains(part), "{text}: {error}");
                    assert!(!error.contains("secret"));
                }
            }
        }
    }

    #[test]
    fn without_a_scheme_where_that_is_allowed() {
        let plain = Endpoint::parse("collector:4317", Some(false)).unwrap();
        let secure = Endpoint::parse("collector", Some(true)).unwrap();
        assert_eq!((plain.url(), secure.url()), {
            ("http://collector:4317/".into(), "https://collector:443/".into())
        });
        let stated = Endpoint::parse("http://collector", Some(true)).unwrap();
        assert!(!stated.is_secure(), "the scheme beats what is said beside it");
    }

    #[test]
    fn paths_of_signals() {
        let of = |text| Endpoint::parse(text, None).unwrap();
        for (base, logs) in [
            ("http://h", "http://h:80/v1/logs"),
            ("http://h/", "http://h:80/v1/logs"),
            ("http://h/otlp", "http://h:80/otlp/v1/logs"),
            ("http://h/otlp//?a=b", "http://h:80/otlp/v1/logs?a=b"),
        ] {
            assert_eq!(of(base).for_signal(Signal::Logs).url(), logs);
        }
        assert_eq!(of("http://h/v1/traces/").signal_at_end(), Some("/v1/traces"));
        assert_eq!(of("http://h/v1/tracesx").signal_at_end(), None);
    }

    #[test]
    fn knows_this_machine() {
        for (text, here) in [
            ("http://localhost:1", true),
            ("http://a.localhost", true),
            ("http://127.1.2.3", true),
            ("http://[::1]:1", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example", false),
            ("http://[fe80::1]", false),
        ] {
            assert_eq!(Endpoint::parse(text, None).unwrap().is_loopback(), here, "{text}");
        }
    }
}
