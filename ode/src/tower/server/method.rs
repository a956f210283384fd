//! Request methods as the semantic conventions write them: a closed list, and `_OTHER`.

use http::Method;

/// The known methods.
const KNOWN: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"];

/// How many methods there are, the unknown ones counted as one.
pub(super) const METHODS: usize = KNOWN.len() + 1;

/// A method, or that it is none of the known ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known(Option<usize>);

impl Known {
    pub(super) fn of(method: &Method) -> Self {
        let method = method.as_str();
        Self(KNOWN.iter().position(|known| *known == method))
    }

    /// The value of `http.request.method`.
    pub(super) fn attribute(self) -> &'static str {
        self.known().unwrap_or("_OTHER")
    }

    /// How it begins the name of a unit.
    pub(super) fn in_name(self) -> &'static str {
        self.known().unwrap_or("HTTP")
    }

    /// A number below [`METHODS`].
    pub(super) fn index(self) -> usize {
        self.0.unwrap_or(KNOWN.len())
    }

    pub(super) fn is_other(self) -> bool {
        self.0.is_none()
    }

    fn known(self) -> Option<&'static str> {
        self.0.and_then(|at| KNOWN.get(at)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_other() {
        for (index, name) in KNOWN.into_iter().enumerate() {
            let method = Known::of(&Method::from_bytes(name.as_bytes()).unwrap());
            assert_eq!((method.attribute(), method.in_name()), (name, name));
            assert_eq!((method.index(), method.is_other()), (index, false));
        }
        for name in ["PURGE", "get", "G"] {
            let method = Known::of(&Method::from_bytes(name.as_bytes()).unwrap());
            assert_eq!((method.attribute(), method.in_name()), ("_OTHER", "HTTP"), "{name}");
            assert_eq!((method.index(), method.is_other()), (METHODS - 1, true), "{name}");
        }
    }
}
