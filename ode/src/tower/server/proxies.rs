//! Which proxies may say who a request came from, and who that is.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The networks whose word is taken.
#[derive(Clone, Debug, Default)]
pub(super) struct TrustedProxies {
    networks: Vec<IpNet>,
}

impl TrustedProxies {
    /// Adds a network, `10.0.0.0/8`, or an address, `10.0.0.1`.
    pub(super) fn add(&mut self, network: &str) -> Result<(), ParseProxyError> {
        let address = || network.parse::<IpAddr>().map(IpNet::from).ok();
        let parsed = network.parse::<IpNet>().ok().or_else(address);
        self.networks.push(parsed.ok_or_else(|| ParseProxyError { network: network.to_owned() })?);
        Ok(())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The address that the request came from, as far as those say who are trusted: from the peer
    /// back over each hop, up to the first that is not trusted or no address.
    ///
    /// `X-Forwarded-For` is read where there is one, else `Forwarded`.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        if headers.contains_key(X_FORWARDED_FOR) {
            self.follow(&mut client, hops(headers, &X_FORWARDED_FOR).map(node));
        } else {
            self.follow(&mut client, hops(headers, &FORWARDED).map(forwarded_for));
        }
        client
    }

    fn follow(&self, client: &mut IpAddr, hops: impl Iterator<Item = Option<IpAddr>>) {
        // `None` is a hop that cannot be read: what stands left of it may be anybody's word.
        for hop in hops.map_while(|hop| hop) {
            *client = hop;
            if !self.trusts(hop) {
                break;
            }
        }
    }
}

/// The elements of all headers of this name, the last first.
fn hops<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let text = |value: &'h HeaderValue| value.to_str().unwrap_or_default();
    headers.get_all(name).iter().rev().flat_map(move |value| text(value).rsplit(','))
}

/// The `for` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    let quoted = nodes.next()?.1.trim();
    node(quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(quoted))
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[::1]`,
/// `[::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        if !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
            return None;
        }
        return address.parse::<Ipv6Addr>().ok().map(|address| IpAddr::V6(address).to_canonical());
    }
    match text.split_once(':') {
        Some((address, port)) if is_port(port) && address.contains('.') => {
            address.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
        }
        _ => text.parse::<IpAddr>().ok().map(|address| address.to_canonical()),
    }
}

/// A port, which RFC 7239 lets a proxy hide.
fn is_port(text: &str) -> bool {
    let hidden = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(hidden),
        None => text.parse::<u16>().is_ok(),
    }
}

/// A text that is no network; says which.
///
/// ```
/// let error = ode::tower::ServerLayer::new().trust_proxies(["10.0.0.0/33"]).unwrap_err();
/// assert!(error.to_string().contains("10.0.0.0/33"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseProxyError {
    network: String,
}

impl fmt::Display for ParseProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = &self.network;
        write!(f, "{network:?} is no network: expected an address such as 10.0.0.1 or 10.0.0.0/8")
    }
}

impl Error for ParseProxyError {}

#[cfg(test)]
mod tests {
    use super::*;

    const XFF: &str = "x-forwarded-for";
    const FWD: &str = "forwarded";

    #[track_caller]
    fn check(peer: &str, headers: &[(&'static str, &str)], expected: &str) {
        let mut proxies = TrustedProxies::default();
        for network in ["10.0.0.0/8", "127.0.0.1", "fd00::/8"] {
            proxies.add(network).unwrap();
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let client = proxies.client(peer.parse().unwrap(), &map);
        assert_eq!(client.to_string(), expected, "{peer} {headers:?}");
    }

    #[test]
    fn who_the_client_is() {
        // Nobody is believed but the trusted.
        check("203.0.113.9", &[], "203.0.113.9");
        check("203.0.113.9", &[(XFF, "198.51.100.1")], "203.0.113.9");
        check("203.0.113.9", &[(FWD, "for=198.51.100.1")], "203.0.113.9");
        check("127.0.0.2", &[(XFF, "198.51.100.1")], "127.0.0.2");
        // One proxy, several, a client that lies.
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &[(XFF, "198.51.100.1")], "198.51.100.1");
        check("127.0.0.1", &[(XFF, "198.51.100.1")], "198.51.100.1");
        check("10.0.0.1", &[(XFF, "198.51.100.1, 10.2.3.4")], "198.51.100.1");
        check("10.0.0.1", &[(XFF, "1.1.1.1, 198.51.100.1, 10.2.3.4")], "198.51.100.1");
        check("10.0.0.1", &[(XFF, "1.1.1.1"), (XFF, "198.51.100.1")], "198.51.100.1");
        check("10.0.0.1", &[(XFF, "198.51.100.1"), (XFF, "10.2.3.4")], "198.51.100.1");
        check("10.0.0.1", &[(XFF, "10.9.9.9, 10.2.3.4")], "10.9.9.9");
        // What cannot be read ends the way back.
        check("10.0.0.1", &[(XFF, "")], "10.0.0.1");
        check("10.0.0.1", &[(XFF, "unknown")], "10.0.0.1");
        check("10.0.0.1", &[(XFF, "1.1.1.1, what, 10.2.3.4")], "10.2.3.4");
        check("10.0.0.1", &[(XFF, "1.1.1.1,")], "10.0.0.1");
        check("10.0.0.1", &[(XFF, "1.1.1.1, \u{e4}")], "10.0.0.1");
        check("10.0.0.1", &[(XFF, "1.1.1.256")], "10.0.0.1");
        // Ports and IPv6.
        check("10.0.0.1", &[(XFF, "198.51.100.1:4711")], "198.51.100.1");
        check("10.0.0.1", &[(XFF, "198.51.100.1:x")], "10.0.0.1");
        check("10.0.0.1", &[(XFF, "198.51.100.1:70000")], "10.0.0.1");
        check("10.0.0.1", &[(XFF, "2001:db8::1")], "2001:db8::1");
        check("10.0.0.1", &[(XFF, "[2001:db8::1]")], "2001:db8::1");
        check("10.0.0.1", &[(XFF, "[2001:db8::1]:443")], "2001:db8::1");
        check("10.0.0.1", &[(XFF, "[2001:db8::1]443")], "10.0.0.1");
        check("10.0.0.1", &[(XFF, "2001:db8::1, fd00::7")], "2001:db8::1");
        check("::ffff:10.0.0.1", &[(XFF, "198.51.100.1")], "198.51.100.1");
        check("10.0.0.1", &[(XFF, "198.51.100.1, ::ffff:10.2.3.4")], "198.51.100.1");
    }

    #[test]
    fn rfc_7239() {
        check("10.0.0.1", &[(FWD, "for=198.51.100.1")], "198.51.100.1");
        check(
            "10.0.0.1",
            &[(FWD, "proto=https;For=\"198.51.100.1:80\";by=10.0.0.1")],
            "198.51.100.1",
        );
        check("10.0.0.1", &[(FWD, "for=\"[2001:db8::1]:_x\"")], "2001:db8::1");
        check("10.0.0.1", &[(FWD, "for=1.1.1.1, for=198.51.100.1, for=10.2.3.4")], "198.51.100.1");
        check("10.0.0.1", &[(FWD, "for=1.1.1.1, for=_hidden")], "10.0.0.1");
        check("10.0.0.1", &[(FWD, "for=1.1.1.1, by=10.2.3.4")], "10.0.0.1");
        check("10.0.0.1", &[(FWD, "for=1.1.1.1;x=\", for=198.51.100.1")], "198.51.100.1");
        // Where both are there, the one that most proxies write counts.
        check("10.0.0.1", &[(FWD, "for=1.1.1.1"), (XFF, "198.51.100.1")], "198.51.100.1");
        check("10.0.0.1", &[(FWD, "for=1.1.1.1"), (XFF, "?")], "10.0.0.1");
    }

    #[test]
    fn networks() {
        let mut proxies = TrustedProxies::default();
        for good in ["10.0.0.0/8", "10.0.0.1", "::1", "fd00::/8", "0.0.0.0/0"] {
            assert_eq!(proxies.add(good), Ok(()), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "10.0.0", "localhost", "10.0.0.1/", " 10.0.0.1"] {
            let error = proxies.add(bad).unwrap_err().to_string();
            assert!(error.contains(&format!("{bad:?}")), "{error}");
        }
    }
}
