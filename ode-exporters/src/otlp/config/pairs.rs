//! Lists of `key=value`, separated by commas, percent-encoded: headers and resource attributes.

/// Names of headers that the transports write themselves.
const OWN: [&str; 13] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// What is wrong with a header, if anything is; it reads after "the header …" and does not repeat
/// it.
pub(crate) fn header_problem(name: &str, value: &str) -> Option<&'static str> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Some("has a name that no header may have; write letters, digits and hyphens");
    }
    if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Some("is one that ode writes itself; leave it out");
    }
    let printable = |byte: u8| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic();
    if !value.bytes().all(printable) {
        return Some("has a value that no header may have; write printable ASCII characters");
    }
    None
}

/// A member that cannot be used: its number, from 1, and why.
pub(crate) type Problem = (usize, &'static str);

/// Headers, and what cannot be one.
pub(crate) fn headers(text: &str) -> (Vec<(String, String)>, Vec<Problem>) {
    let (mut headers, mut problems) = (Vec::<(String, String)>::new(), Vec::new());
    for (at, member) in text.split(',').enumerate() {
        let member = member.trim();
        if member.is_empty() {
            continue;
        }
        let pair = member.split_once('=').and_then(|(name, value)| {
            Some((name.trim().to_ascii_lowercase(), decoded(value.trim(), Malformed::Kept)?))
        });
        let problem = match &pair {
            None => Some("is not `name=value`"),
            Some((name, value)) => header_problem(name, value),
        };
        match (pair, problem) {
            (Some(pair), None) => {
                headers.retain(|(name, _)| *name != pair.0);
                headers.push(pair);
            }
            (_, problem) => problems.push((at + 1, problem.unwrap_or_default())),
        }
    }
    (headers, problems)
}

/// Attributes of the resource: all of them, or `None` where a single one is wrong.
pub(crate) fn attributes(text: &str) -> Option<Vec<(String, String)>> {
    let mut attributes = Vec::<(String, String)>::new();
    for member in text.split(',').map(str::trim).filter(|member| !member.is_empty()) {
        let (key, value) = member.split_once('=')?;
        if value.contains('=') {
            return None;
        }
        let key = decoded(key.trim(), Malformed::Refused).filter(|key| !key.is_empty())?;
        let value = decoded(value.trim(), Malformed::Refused)?;
        attributes.retain(|(known, _)| *known != key);
        attributes.push((key, value));
    }
    Some(attributes)
}

/// What becomes of a `%` without two digits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Malformed {
    Kept,
    Refused,
}

fn decoded(text: &str, malformed: Malformed) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let digits = tail.first_chunk::<2>().filter(|_| *first == b'%');
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match digits.and_then(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)) {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None if *first == b'%' && malformed == Malformed::Refused => return None,
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn reads_headers() {
        for (text, expected) in [
            ("", &[][..]),
            ("a=b", &[("a", "b")]),
            (" A = b , c=d=e== ,,", &[("a", "b"), ("c", "d=e==")]),
            ("authorization=Basic%20dTpw", &[("authorization", "Basic dTpw")]),
            ("a=1,A=2", &[("a", "2")]),
            ("a=50%,b=%2,c=%zz", &[("a", "50%"), ("b", "%2"), ("c", "%zz")]),
            ("a=", &[("a", "")]),
        ] {
            assert_eq!(headers(text), (owned(expected), vec![]), "{text}");
        }
    }

    #[test]
    fn one_bad_header_leaves_the_others() {
        for bad in ["secret", "=secret", "a b=secret", "a=%ff", "a=%0a", "a=%c3%a9", "Host=secret"]
        {
            let (good, problems) = headers(&format!("x=1,{bad},y=2"));
            assert_eq!(good, owned(&[("x", "1"), ("y", "2")]), "{bad}");
            assert_eq!(problems.len(), 1, "{bad}");
            assert_eq!(problems[0].0, 2, "{bad}");
            assert!(!problems[0].1.contains("secret"), "{bad}");
        }
    }

    #[test]
    fn reads_attributes_all_or_none() {
        for (text, expected) in [
            ("a=b, c.d = e%2Cf%3D", Some(&[("a", "b"), ("c.d", "e,f=")][..])),
            ("a=1,a=2", Some(&[("a", "2")])),
            ("k=%C3%A9", Some(&[("k", "é")])),
            ("k=", Some(&[("k", "")])),
            ("a=b,", Some(&[("a", "b")])),
            ("a", None),
            ("a=b,=c", None),
            ("a=b=c", None),
            ("a=b,c=%zz", None),
            ("a=%ff", None),
        ] {
            assert_eq!(attributes(text), expected.map(owned), "{text}");
        }
    }
}
