//! Keys as words, and what was found out about each key so far.

use crate::event::keys::{self, Key};
use crate::redact::rules::Redaction;

/// A key's words, in small letters.
pub(crate) type Words = Vec<String>;

/// Splits at everything but letters and digits, before a capital that follows a small letter or a
/// digit, and before the last capital of a row that goes on in small letters (`JWTToken`).
pub(crate) fn words(key: &str) -> Words {
    let mut words = Words::new();
    let mut word = String::new();
    let mut before = ' ';
    let mut chars = key.chars().peekable();
    while let Some(c) = chars.next() {
        let goes_on_small = chars.peek().is_some_and(|next| next.is_lowercase());
        let begins = c.is_uppercase() && (!before.is_uppercase() || goes_on_small);
        if !c.is_alphanumeric() || begins {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        before = c;
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Verdicts on keys by the low bits of their hash; a key is compared exactly before its verdict
/// counts.
pub(crate) struct Verdicts {
    slots: Box<[Option<Verdict>]>,
}

struct Verdict {
    key: Known,
    denied: bool,
}

enum Known {
    Static(&'static Key),
    Text(Box<str>),
}

/// A power of two. More keys than this share slots, which costs time only.
const SLOTS: usize = 1_024;

impl Default for Verdicts {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| None).collect() }
    }
}

impl Verdicts {
    #[inline]
    pub(crate) fn denied_static(&mut self, key: &'static Key, rules: &Redaction) -> bool {
        let known = |known: &Known| matches!(known, Known::Static(at) if std::ptr::eq(*at, key));
        self.look(key.hash(), known, || (Known::Static(key), rules.denies(key.name())))
    }

    pub(crate) fn denied_text(&mut self, key: &str, rules: &Redaction) -> bool {
        let known = |known: &Known| matches!(known, Known::Text(text) if **text == *key);
        self.look(keys::hash(key), known, || (Known::Text(key.into()), rules.denies(key)))
    }

    #[inline]
    fn look(
        &mut self,
        hash: u32,
        is_known: impl Fn(&Known) -> bool,
        find_out: impl FnOnce() -> (Known, bool),
    ) -> bool {
        let Some(slot) = self.slots.get_mut(hash as usize % SLOTS) else { return true };
        if let Some(verdict) = slot
            && is_known(&verdict.key)
        {
            return verdict.denied;
        }
        let (key, denied) = find_out();
        *slot = Some(Verdict { key, denied });
        denied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_split_into_words() {
        for (key, expected) in [
            ("http.request.header.x-api-key", "http request header x api key"),
            ("apiKey", "api key"),
            ("API_KEY", "api key"),
            ("oauth2Token", "oauth2 token"),
            ("JWTToken", "jwt token"),
            ("userID", "user id"),
            ("..a..", "a"),
            ("Straße_ÜBER", "straße über"),
            ("", ""),
            ("._-", ""),
        ] {
            assert_eq!(words(key).join(" "), expected, "{key}");
        }
    }

    #[test]
    fn whole_words_are_denied() {
        let rules = Redaction::new().deny("tax number").deny("--").allow("csrf.token");
        for denied in [
            "password",
            "db.password",
            "user_password_hash",
            "clientSecret",
            "auth.token",
            "access_token",
            "http.request.header.Set-Cookie",
            "aws.access_key.id",
            "user.taxNumber",
            "x.csrf.token",
        ] {
            assert!(rules.denies(denied), "{denied}");
        }
        for kept in [
            "csrf.token",
            "input_tokens",
            "secretary",
            "cookies_accepted",
            "tax.id_number",
            "key",
            "api.keyboard",
            "passwordless",
            "",
        ] {
            assert!(!rules.denies(kept), "{kept}");
        }
    }

    /// Keys that meet in one slot do not take each other's verdict.
    #[test]
    fn verdicts_are_exact() {
        let rules = Redaction::new();
        let mut verdicts = Verdicts::default();
        for _ in 0..2 {
            for n in 0..5_000 {
                assert!(!verdicts.denied_text(&format!("cart.item_{n}"), &rules));
                assert!(verdicts.denied_text(&format!("cart.secret_{n}"), &rules));
            }
        }
    }
}
