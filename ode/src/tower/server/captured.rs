//! Headers and query parameters that the application named.

use http::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION, SET_COOKIE};
use http::header::{GetAll, HeaderMap, HeaderValue};
use ode_core::integration::Name;
use ode_core::{ToArray, Value};

use super::query;

/// What stands for a value that is not to leave the process.
const REDACTED: &str = "[redacted]";

/// Headers whose values are secrets, also where somebody names them.
const SECRET: [HeaderName; 4] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE];

/// A header, and the key of its values.
#[derive(Clone, Debug)]
pub(super) struct NamedHeader {
    name: HeaderName,
    key: Name,
    is_secret: bool,
}

impl NamedHeader {
    /// `None` for a name that no header can have.
    pub(super) fn new(family: &str, name: &str) -> Option<Self> {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let key = Name::new(format!("{family}.{name}"));
        Some(Self { is_secret: SECRET.contains(&name), key, name })
    }

    /// Records the values on the current unit, if there are any.
    pub(super) fn record(&self, headers: &HeaderMap) {
        let values = headers.get_all(&self.name);
        if values.iter().next().is_some() {
            self.key.set(Value::Array(&Values { values, of: self }));
        }
    }
}

/// The values of one header, as a list of text.
struct Values<'h> {
    values: GetAll<'h, HeaderValue>,
    of: &'h NamedHeader,
}

impl ToArray for Values<'_> {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        for value in &self.values {
            f(self.of.show(value));
        }
    }
}

impl NamedHeader {
    fn show<'v>(&self, value: &'v HeaderValue) -> Value<'v> {
        if self.is_secret || value.is_sensitive() {
            return Value::Str(REDACTED);
        }
        str::from_utf8(value.as_bytes()).map_or(Value::Bytes(value.as_bytes()), Value::Str)
    }
}

/// A query parameter, and the key of its value.
#[derive(Clone, Debug)]
pub(super) struct NamedParameter {
    name: String,
    key: Name,
}

impl NamedParameter {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), key: Name::new(format!("http.request.query.{name}")) }
    }

    /// Records the value on the current unit, if there is one.
    pub(super) fn record(&self, query: &str) {
        if let Some(value) = query::value(query, &self.name) {
            self.key.set(Value::Str(&value));
        }
    }
}
