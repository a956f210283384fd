//! [`Redaction`]: which fields are redacted, as it is set up.

use crate::redact::keys::{Words, words};

/// What is redacted. On by default, for every destination.
///
/// A field is redacted by its **key** when the words of the key hold a denied one: `password`,
/// `passwd`, `passphrase`, `pwd`, `secret`, `token`, `authorization`, `cookie`, `credential`,
/// `credentials`, `jwt`, `api key`, `access key`, `private key`, `session id`, `card number`,
/// `cvv`, `cvc`, `ssn`. Words are split at everything but letters and digits and where capitals
/// begin a word, so `http.request.header.x-api-key`, `apiKey` and `API_KEY` are one.
/// Numbers and booleans stay: `llm.token.count` is no secret.
///
/// Inside **text** of any field, credentials are redacted where they stand: the user part of a URL
/// (`postgres://ada:pw@db` becomes `postgres://[redacted]@db`), query parameters of a URL with a
/// denied name, and what follows `Bearer` or `Basic` if it looks like a credential.
///
/// It works on the exporting thread. What a test captures, and what `on_event` sees, is not
/// redacted: it has not left the process. It is a net, not a promise: a secret under an innocent
/// key is not recognised. Don't record it, or wrap it in [`Sensitive`](crate::Sensitive).
///
/// ```
/// use ode_core::Redaction;
/// let redaction = Redaction::new().deny("iban").allow("csrf.token");
/// # let _ = redaction;
/// ```
#[must_use = "it does nothing until it is given to a pipeline"]
#[derive(Clone, Debug)]
pub struct Redaction {
    pub(crate) on: bool,
    pub(crate) denied: Vec<Words>,
    pub(crate) allowed: Vec<String>,
}

const DENIED: [&str; 22] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "api key",
    "apikey",
    "access key",
    "private key",
    "session id",
    "sessionid",
    "card number",
    "cardnumber",
    "cvv",
    "cvc",
    "ssn",
];

impl Default for Redaction {
    fn default() -> Self {
        Self::new()
    }
}

impl Redaction {
    /// The rules above.
    pub fn new() -> Self {
        Self {
            on: true,
            denied: DENIED.iter().map(|pattern| words(pattern)).collect(),
            allowed: Vec::new(),
        }
    }

    /// Nothing is redacted.
    pub fn off() -> Self {
        Self { on: false, ..Self::new() }
    }

    /// Also denies keys that hold this word, or these words in a row: `"iban"`, `"tax number"`. A
    /// pattern without a letter or digit denies nothing.
    pub fn deny(mut self, pattern: &str) -> Self {
        let pattern = words(pattern);
        if !pattern.is_empty() {
            self.denied.push(pattern);
        }
        self
    }

    /// Keeps the field of this exact key whatever its words. Credentials in its text are redacted
    /// all the same.
    pub fn allow(mut self, key: impl Into<String>) -> Self {
        self.allowed.push(key.into());
        self
    }

    /// Whether a key is denied.
    pub(crate) fn denies(&self, key: &str) -> bool {
        let of_key = words(key);
        let holds = |denied: &Words| of_key.windows(denied.len()).any(|run| run == denied);
        self.denied.iter().any(holds) && !self.allowed.iter().any(|allowed| allowed == key)
    }
}
