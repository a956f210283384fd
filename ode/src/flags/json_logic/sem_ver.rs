//! `sem_ver`: versions compared by the rules of semantic versioning.

use std::cmp::Ordering;

/// A version: its three numbers, and what is written before a release of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version<'t> {
    numbers: [u64; 3],
    /// Empty for a release.
    before: &'t str,
}

impl<'t> Version<'t> {
    /// Reads `1`, `1.2`, `v1.2.3-rc.1+build`. What stands after `+` does not count.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let (text, build) = text.split_once('+').map_or((text, None), |(t, b)| (t, Some(b)));
        let (core, before) = text.split_once('-').map_or((text, None), |(t, b)| (t, Some(b)));
        let mut numbers = [0; 3];
        let mut parts = core.split('.');
        for (position, slot) in numbers.iter_mut().enumerate() {
            match parts.next() {
                Some(part) => *slot = number(part)?,
                None if position > 0 => {}
                None => return None,
            }
        }
        let is_identifier = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let is_before = |part: &str| {
            let digits = part.bytes().all(|byte| byte.is_ascii_digit());
            is_identifier(part) && (!digits || number(part).is_some())
        };
        let fits = parts.next().is_none()
            && before.is_none_or(|before| before.split('.').all(is_before))
            && build.is_none_or(|build| build.split('.').all(is_identifier));
        fits.then_some(Self { numbers, before: before.unwrap_or_default() })
    }

    /// What comes first.
    fn order(&self, other: &Self) -> Ordering {
        let by_numbers = self.numbers.cmp(&other.numbers);
        by_numbers.then_with(|| match (self.before, other.before) {
            ("", "") => Ordering::Equal,
            // A release comes after everything that was written before it.
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (one, other) => order_before(one, other),
        })
    }

    /// Whether a comparison holds; `None` for one there is not.
    pub(crate) fn holds(&self, operator: &str, other: &Self) -> Option<bool> {
        let order = self.order(other);
        let [major, minor, _] = self.numbers;
        let [other_major, other_minor, _] = other.numbers;
        Some(match operator {
            "=" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "^" => major == other_major,
            "~" => (major, minor) == (other_major, other_minor),
            _ => return None,
        })
    }
}

/// A whole number without zeros in front.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let padded = text.len() > 1 && text.starts_with('0');
    if digits && !padded { text.parse().ok() } else { None }
}

/// The parts one by one: numbers before words, numbers by their value, words by their letters, and
/// what has more parts comes later.
fn order_before(one: &str, other: &str) -> Ordering {
    let (mut ones, mut others) = (one.split('.'), other.split('.'));
    loop {
        let order = match (ones.next(), others.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(one), Some(other)) => match (number(one), number(other)) {
                (Some(one), Some(other)) => one.cmp(&other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => one.cmp(other),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(one: &str, operator: &str, other: &str) -> Option<bool> {
        Version::parse(one)?.holds(operator, &Version::parse(other)?)
    }

    #[test]
    fn the_order_of_semantic_versioning() {
        let ascending = [
            "0.9.9",
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "v1",
            "1.0.1",
            "1.1",
            "1.10.0",
            "2",
        ];
        for (at, one) in ascending.iter().enumerate() {
            for (other_at, other) in ascending.iter().enumerate() {
                for (operator, expected) in [
                    ("<", at < other_at),
                    ("<=", at <= other_at),
                    ("=", at == other_at),
                    ("!=", at != other_at),
                    (">", at > other_at),
                    (">=", at >= other_at),
                ] {
                    assert_eq!(
                        holds(one, operator, other),
                        Some(expected),
                        "{one} {operator} {other}"
                    );
                }
            }
        }
    }

    #[test]
    fn ranges_and_builds() {
        assert_eq!(holds("1.9.0", "^", "1.0.0"), Some(true));
        assert_eq!(holds("2.0.0", "^", "1.0.0"), Some(false));
        assert_eq!(holds("1.2.9", "~", "1.2.0"), Some(true));
        assert_eq!(holds("1.3.0", "~", "1.2.0"), Some(false));
        assert_eq!(holds("1.2.3+a", "=", "1.2.3+b.7"), Some(true));
        assert_eq!(holds("1.2.3", "==", "1.2.3"), None);
    }

    #[test]
    fn what_is_no_version() {
        for text in [
            "",
            "v",
            "x",
            "1.",
            ".1",
            "1.2.3.4",
            "01.2.3",
            "1.02.3",
            "1.2.3-",
            "1.2.3-01",
            "1.2.3+",
            "1.2.3-a..b",
            "1.2.3-ä",
            "-1",
            "1 ",
            "99999999999999999999",
            "vv1",
        ] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
