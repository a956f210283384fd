//! Names of units: known when the program is compiled, or interned at run time within a bound.

use std::collections::HashSet;
use std::fmt;

use crate::sync::{Mutex, lock_here};

/// The name of a unit of work: low-cardinality, what events are grouped by.
///
/// ```
/// use ode_core::UnitName;
/// let fixed: UnitName = "cart.checkout".into();
/// let routed = UnitName::intern("GET /cart/{id}");
/// assert_eq!(routed.as_str(), "GET /cart/{id}");
/// # let _ = fixed;
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnitName(&'static str);

/// How many names are interned at most.
const MAX_NAMES: usize = 4_096;
/// How long an interned name may be.
const MAX_NAME_BYTES: usize = 256;
/// What stands for every name beyond the bound.
const OTHER: &str = "__other__";

static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

impl UnitName {
    /// Makes a name at run time, for what comes from a router: at most 4,096 different ones of at
    /// most 256 bytes in a process. Beyond that every new name is `__other__`, so that ids in
    /// names cannot eat the memory.
    ///
    /// It takes a lock: keep the result where the route is kept.
    pub fn intern(name: &str) -> Self {
        let mut names = lock_here(&NAMES);
        let names = names.get_or_insert_default();
        if let Some(known) = names.get(name) {
            return Self(known);
        }
        if names.len() >= MAX_NAMES || name.len() > MAX_NAME_BYTES || name.is_empty() {
            return Self(OTHER);
        }
        let name: &'static str = Box::leak(name.into());
        names.insert(name);
        Self(name)
    }

    /// The name as text.
    pub const fn as_str(&self) -> &'static str {
        self.0
    }
}

impl From<&'static str> for UnitName {
    fn from(name: &'static str) -> Self {
        Self(name)
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl fmt::Debug for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}
