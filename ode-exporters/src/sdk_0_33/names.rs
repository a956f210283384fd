//! Names that last as long as the process: the SDK takes no others for log records.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// As many as `ode-core` interns for units. Names of events that were read back count too, and
/// these may be anything.
const MAX_NAMES: usize = 4_096;
const MAX_NAME_BYTES: usize = 256;

static NAMES: Mutex<Names> = Mutex::new(Names(None));

/// Names that were met before.
struct Names(Option<HashSet<&'static str>>);

impl Names {
    fn lasting(&mut self, name: &str, most: usize) -> Option<&'static str> {
        let known = self.0.get_or_insert_default();
        if let Some(known) = known.get(name) {
            return Some(known);
        }
        if known.len() >= most || name.len() > MAX_NAME_BYTES {
            return None;
        }
        let name: &'static str = Box::leak(name.into());
        known.insert(name);
        Some(name)
    }
}

/// The name, if it is one of the first so many of this process, and no longer than names are.
pub(crate) fn lasting(name: &str) -> Option<&'static str> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner).lasting(name, MAX_NAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded() {
        let mut names = Names(None);
        let first = names.lasting("a", 2).unwrap();
        assert_eq!(names.lasting("b", 2), Some("b"));
        assert_eq!(names.lasting("c", 2), None);
        assert!(std::ptr::eq(names.lasting("a", 2).unwrap(), first), "not made again");
        let longest = "x".repeat(MAX_NAME_BYTES);
        assert_eq!(names.lasting(&longest, 9), Some(&*longest));
        assert_eq!(names.lasting(&format!("{longest}x"), 9), None);
    }
}
