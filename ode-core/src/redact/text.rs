//! Credentials inside text: user parts and parameters of URLs, `Bearer …`, `Basic …`.

use std::ops::Range;

use crate::redact::rules::Redaction;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The text without credentials; `None` if it has none.
#[inline]
pub(crate) fn without_credentials(text: &str, rules: &Redaction) -> Option<String> {
    // Nearly all text ends here: URLs have a colon, and so has a header in a message.
    if !text.contains(':') && !begins_with_scheme(text) {
        return None;
    }
    if is_suspicious(text) { redact(text, rules) } else { None }
}

fn begins_with_scheme(text: &str) -> bool {
    matches!(text.as_bytes().first(), Some(b'B' | b'b')) && scheme_at(text, 0).is_some()
}

/// Whether there is a URL, or a word behind which credentials stand: messages have colons too, and
/// most of them are about something else.
#[inline]
pub(crate) fn is_suspicious(text: &str) -> bool {
    has_trace(text.as_bytes()) && has_url_or_scheme(text)
}

/// By searches for one character each.
#[inline(never)]
fn has_url_or_scheme(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_url = |(at, _): (usize, &str)| bytes.get(at + 1..).is_some_and(|b| b.starts_with(b"//"));
    let is_scheme = |(at, _): (usize, &str)| {
        let before = bytes.get(..at).unwrap_or_default();
        ends_with_word(before, b"bearer") || ends_with_word(before, b"basic")
    };
    text.match_indices(':').any(is_url) || text.match_indices(' ').any(is_scheme)
}

/// How many bytes are looked at side by side.
const LANES: usize = 32;

/// Whether `:/` is anywhere, or a space behind the last letter of a scheme: what every text has that
/// [`has_url_or_scheme`] finds something in, and few others have. Without a branch or a call for a
/// byte, so that the compiler makes wide instructions of it.
#[inline]
fn has_trace(bytes: &[u8]) -> bool {
    let Some((_, behind)) = bytes.split_first() else { return false };
    let mut found = [0; LANES];
    for (pairs, seconds) in bytes.as_chunks().0.iter().zip(behind.as_chunks().0) {
        find_trace(pairs, seconds, &mut found);
    }
    // The rest, with some that were seen before.
    let mut end = [0; LANES + 1];
    match bytes.last_chunk() {
        Some(last) => end = *last,
        None => end.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte),
    }
    if let (Some(firsts), Some(seconds)) = (end.first_chunk(), end.last_chunk()) {
        find_trace(firsts, seconds, &mut found);
    }
    found.iter().fold(0, |any, lane| any | lane) != 0
}

#[inline]
fn find_trace(firsts: &[u8; LANES], seconds: &[u8; LANES], found: &mut [u8; LANES]) {
    for ((found, first), second) in found.iter_mut().zip(firsts).zip(seconds) {
        let is = |byte: u8, other: u8| if byte == other { u8::MAX } else { 0 };
        let url = is(*first, b':') & is(*second, b'/');
        let letter = is(*first | 0x20, b'r') | is(*first | 0x20, b'c');
        *found |= url | letter & is(*second, b' ');
    }
}

fn ends_with_word(text: &[u8], word: &[u8]) -> bool {
    text.len()
        .checked_sub(word.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(word))
}

#[cold]
fn redact(text: &str, rules: &Redaction) -> Option<String> {
    let mut found = Vec::new();
    find_in_urls(text, rules, &mut found);
    find_after_schemes(text, &mut found);
    if found.is_empty() {
        return None;
    }
    found.sort_by_key(|secret| (secret.start, std::cmp::Reverse(secret.end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for secret in found {
        if secret.start < at {
            continue;
        }
        out.push_str(text.get(at..secret.start)?);
        out.push_str(REDACTED);
        at = secret.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

fn find_in_urls(text: &str, rules: &Redaction, found: &mut Vec<Range<usize>>) {
    for (at, colon) in text.match_indices("://") {
        let start = at + colon.len();
        let rest = text.get(start..).unwrap_or_default();
        let url = rest.split(ends_url).next().unwrap_or_default();
        let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
        if let Some((user, _host)) = authority.rsplit_once('@')
            && !user.is_empty()
        {
            found.push(start..start + user.len());
        }
        let query = url.split('#').next().and_then(|url| url.split_once('?'));
        let Some((before, query)) = query else { continue };
        let mut at = start + before.len() + 1;
        for pair in query.split('&') {
            if let Some((name, value)) = pair.split_once('=')
                && !value.is_empty()
                && rules.denies(name)
            {
                found.push(at + name.len() + 1..at + pair.len());
            }
            at += pair.len() + 1;
        }
    }
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\')
}

fn find_after_schemes(text: &str, found: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| rest.find(['B', 'b'])) {
        let begins = at + next;
        let word_starts = text
            .get(..begins)
            .is_some_and(|before| !before.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        at = begins + 1;
        if let Some(secret) = scheme_at(text, begins).filter(|_| word_starts) {
            at = secret.end;
            found.push(secret);
        }
    }
}

/// What follows `Bearer` or `Basic` at this place, if it looks like a credential: eight characters
/// or more of a token, not all of them small letters, so that "basic authentication" stays.
fn scheme_at(text: &str, at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let scheme = ["bearer ", "basic "].into_iter().find(|scheme| {
        rest.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    })?;
    let start = at + scheme.len();
    let token = text.get(start..)?;
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let length = token.find(|c| !of_token(c)).unwrap_or(token.len());
    let plain = token.get(..length)?.trim_end_matches('.').bytes().all(|b| b.is_ascii_lowercase());
    (length >= 8 && !plain).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn credentials_are_found_where_they_stand() {
        let rules = Redaction::new();
        for (text, expected) in [
            ("postgres://ada:pw@db:5432/shop", "postgres://[redacted]@db:5432/shop"),
            (
                "at https://u:p@a/x and http://v@b.",
                "at https://[redacted]@a/x and http://[redacted]@b.",
            ),
            ("amqp://a:b@c@host/", "amqp://[redacted]@host/"),
            (
                "GET https://api/x?page=2&access_token=abc&q=1#f failed",
                "GET https://api/x?page=2&access_token=[redacted]&q=1#f failed",
            ),
            ("https://u:p@h/?token=t", "https://[redacted]@h/?token=[redacted]"),
            ("Bearer eyJhbGciOi.J9.sig", "Bearer [redacted]"),
            ("basic dXNlcjpwYXNz", "basic [redacted]"),
            (
                "401 for Authorization: Bearer abcdef123456, retried",
                "401 for Authorization: Bearer [redacted], retried",
            ),
            ("header: BASIC QWxhZGRpbjpvcGVu==", "header: BASIC [redacted]"),
            ("ümlaut: bearer Zürich bearer AAAABBBB1", "ümlaut: bearer Zürich bearer [redacted]"),
        ] {
            assert_eq!(without_credentials(text, &rules).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn plain_text_stays() {
        let rules = Redaction::new();
        for text in [
            "",
            "basic authentication is off",
            "Bearer authentication.",
            "note: bearer of bad news",
            "note: basic needs",
            "https://example.org/path?page=2&token=#frag",
            "mail ada@example.org: done",
            "https://example.org/@ada",
            "://",
            "http://@host",
            "a://b?=x&token",
            "time 12:30",
            "forbearer AAAABBBBCC11: x",
        ] {
            assert_eq!(without_credentials(text, &rules), None, "{text}");
        }
    }

    /// Pieces of which secrets are made, and what stands around them; of many lengths, so that they
    /// fall on every place in the rows that are looked at side by side.
    fn piece() -> impl Strategy<Value = String> {
        let fixed = [
            "://",
            ":/",
            "//",
            ":",
            "/",
            "@",
            "?",
            "&",
            "=",
            " ",
            "postgres",
            "ada:pw@db",
            "token=t",
            "Bearer ",
            "bearer",
            "BASIC ",
            "basic",
            "ic ",
            "er ",
            "dXNlcjpwYXNz",
            "ABCDEFGH1",
            "ü",
        ];
        prop_oneof![
            prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
            (0..40_usize).prop_map(|length| "x".repeat(length)),
        ]
    }

    proptest! {
        /// Text that is passed over at the first look has nothing that the closer ones find.
        #[test]
        fn nothing_is_passed_over(before in vec(piece(), 0..6), text in vec(piece(), 0..8), after in vec(piece(), 0..6)) {
            let (before, text, after) = (before.concat(), text.concat(), after.concat());
            let all = format!("{before}{text}{after}");
            prop_assert!(has_trace(all.as_bytes()) || !has_url_or_scheme(&all), "{all}");
            if redact(&text, &Redaction::new()).is_some() {
                prop_assert!(is_suspicious(&all), "{all}");
            }
        }
    }

    #[test]
    fn the_first_look_finds_a_pair_wherever_it_stands() {
        for length in 2..140 {
            for at in 0..length - 1 {
                for (pair, found) in
                    [(":/", true), ("r ", true), ("C ", true), ("/:", false), ("d ", false)]
                {
                    let mut text = "x".repeat(length);
                    text.replace_range(at..at + 2, pair);
                    assert_eq!(has_trace(text.as_bytes()), found, "{text}");
                }
            }
        }
        assert!(!has_trace(b"") && !has_trace(b":"));
    }
}
