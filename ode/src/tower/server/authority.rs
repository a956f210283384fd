//! Which server a request was meant for: `:authority`, or `Host`.

use http::header::HOST;
use http::request::Parts;

/// `server.address` and, where the request names one, `server.port`.
pub(super) fn server(parts: &Parts) -> Option<(&str, Option<u16>)> {
    if let Some(authority) = parts.uri.authority() {
        return Some((without_brackets(authority.host()), authority.port_u16()));
    }
    split(parts.headers.get(HOST)?.to_str().ok()?)
}

fn split(host: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address stand in brackets.
    let name_end = host.rfind(']').map_or(0, |bracket| bracket + 1);
    let port_at = host.get(name_end..)?.find(':').map(|colon| name_end + colon);
    let (name, port) = match port_at {
        Some(at) => (host.get(..at)?, Some(host.get(at + 1..)?.parse().ok()?)),
        None => (host, None),
    };
    let name = without_brackets(name);
    (!name.is_empty()).then_some((name, port))
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let cases = [
            ("example.com", Some(("example.com", None))),
            ("example.com:8080", Some(("example.com", Some(8080)))),
            ("127.0.0.1:80", Some(("127.0.0.1", Some(80)))),
            ("[::1]", Some(("::1", None))),
            ("[::1]:443", Some(("::1", Some(443)))),
            ("", None),
            (":80", None),
            ("example.com:", None),
            ("example.com:65536", None),
            ("a:b:c", None),
            ("[::1]x:1", Some(("[::1]x", Some(1)))),
        ];
        for (host, expected) in cases {
            assert_eq!(split(host), expected, "{host}");
        }
    }

    #[test]
    fn the_authority_of_the_uri_comes_first() {
        let request = http::Request::builder().uri("http://[::1]:81/x").header(HOST, "other");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(server(&parts), Some(("::1", Some(81))));
    }
}
