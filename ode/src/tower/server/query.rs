//! One parameter of a query string.

use std::borrow::Cow;

/// The first value of the parameter of this name, decoded.
pub(super) fn value<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.filter(|(key, _)| decode(key) == name).map(|(_, value)| decode(value)).next()
}

/// Undoes the encoding of forms: `+` is a space, `%41` a byte. What is no such escape stays, and
/// what is no UTF-8 becomes U+FFFD.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [] => break,
            [b'+', tail @ ..] => {
                bytes.push(b' ');
                tail
            }
            [b'%', high, low, tail @ ..] if digit(*high).is_some() && digit(*low).is_some() => {
                bytes.extend(digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low));
                tail
            }
            [byte, tail @ ..] => {
                bytes.push(*byte);
                tail
            }
        };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let cases = [
            ("page=2", Some("2")),
            ("a=1&page=2&page=3", Some("2")),
            ("a=1&b=2", None),
            ("", None),
            ("page", Some("")),
            ("page=", Some("")),
            ("page=a=b", Some("a=b")),
            ("p%61ge=x+y%20z", Some("x y z")),
            ("page=%e2%82%ac", Some("€")),
            ("page=%ff", Some("\u{fffd}")),
            ("page=100%", Some("100%")),
            ("page=%4", Some("%4")),
            ("page=%+1", Some("% 1")),
            ("xpage=1", None),
        ];
        for (query, expected) in cases {
            assert_eq!(value(query, "page").as_deref(), expected, "{query}");
        }
    }
}
