//! The name of a request's unit: `GET /cart/{id}`. Interning takes a lock, so each thread keeps
//! what it has been told.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use ode_core::UnitName;

use super::method::{Known, METHODS};

thread_local! {
    /// By route and method. The routes are parts of interned names, which are bounded.
    static NAMES: RefCell<Names> = RefCell::default();
}

type Names = HashMap<&'static str, [Option<UnitName>; METHODS], BuildHasherDefault<OfRoute>>;

/// FNV-1a: there are few routes and the application chose them, so a keyed hash would guard nothing.
struct OfRoute(u64);

impl Default for OfRoute {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for OfRoute {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

pub(super) fn unit_name(method: Known, route: Option<&str>) -> UnitName {
    let Some(route) = route else {
        return UnitName::from(method.in_name());
    };
    let kept = NAMES.try_with(|names| {
        let names = names.try_borrow().ok()?;
        names.get(route)?.get(method.index()).copied().flatten()
    });
    kept.ok().flatten().unwrap_or_else(|| intern(method, route))
}

#[cold]
fn intern(method: Known, route: &str) -> UnitName {
    let name = UnitName::intern(&format!("{} {route}", method.in_name()));
    let Some(route) = name.as_str().strip_prefix(method.in_name()).and_then(|r| r.get(1..)) else {
        // Beyond the bound of names there is nothing to keep.
        return name;
    };
    let keep = NAMES.try_with(|names| {
        if let Ok(mut names) = names.try_borrow_mut()
            && let Some(place) = names.entry(route).or_default().get_mut(method.index())
        {
            *place = Some(name);
        }
    });
    // A thread that is ending keeps nothing.
    keep.ok();
    name
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn names_of_routes() {
        let cases = [
            (Method::GET, Some("/cart/{id}"), "GET /cart/{id}"),
            (Method::GET, Some("/cart/{id}"), "GET /cart/{id}"),
            (Method::DELETE, Some("/cart/{id}"), "DELETE /cart/{id}"),
            (Method::GET, Some("/"), "GET /"),
            (Method::GET, Some(""), "GET "),
            (Method::GET, None, "GET"),
            (Method::from_bytes(b"PURGE").unwrap(), Some("/x"), "HTTP /x"),
            (Method::from_bytes(b"PURGE").unwrap(), None, "HTTP"),
        ];
        for (method, route, expected) in cases {
            assert_eq!(unit_name(Known::of(&method), route).as_str(), expected);
        }
    }

    #[test]
    fn a_name_too_long_is_not_kept() {
        let route = "/".repeat(300);
        let name = unit_name(Known::of(&Method::GET), Some(&route));
        assert_eq!(name.as_str(), "__other__");
        NAMES.with_borrow(|names| assert!(!names.contains_key(route.as_str())));
    }
}
