//! Keys for names that are made at run time and come again and again: those of log records, of
//! headers that a layer was told of.

use std::collections::HashMap;

use crate::event::keys::{Key, Reserved, reserved};
use crate::sync::{Mutex, lock_here};

/// Keys are never given back, so there are this many at most, …
const MAX_KEYS: usize = 4_096;
/// … of names that are no longer than this.
const MAX_NAME_BYTES: usize = 256;

static KEYS: Mutex<Option<HashMap<&'static str, &'static Key>>> = Mutex::new(None);

/// The key of a name, the same one whenever it is asked for. `None` for a name that a field is not
/// recorded under as it is, because it is ode's own or empty, and beyond the bound.
///
/// It takes a lock: keep the result.
pub(crate) fn interned(name: &str) -> Option<&'static Key> {
    if !(1..=MAX_NAME_BYTES).contains(&name.len()) || reserved(name) != Reserved::No {
        return None;
    }
    let mut keys = lock_here(&KEYS);
    let keys = keys.get_or_insert_default();
    if let Some(known) = keys.get(name) {
        return Some(known);
    }
    if keys.len() >= MAX_KEYS {
        return None;
    }
    let key: &'static Key = Box::leak(Box::new(Key::leaked(name)));
    keys.insert(key.name(), key);
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_for_a_name_wherever_it_is() {
        let key = interned("interned.one").unwrap();
        assert!(std::ptr::eq(key, interned(&String::from("interned.one")).unwrap()));
        assert!(!std::ptr::eq(key, interned("interned.other").unwrap()));
        assert_eq!((key.name(), key.json()), ("interned.one", Some(",\"interned.one\":")));
    }

    #[test]
    fn names_that_fields_do_not_keep_have_none() {
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        for name in ["", "error.type", "name", "timed.x", "host", &long] {
            assert!(interned(name).is_none(), "{name}");
        }
        assert!(interned(long.get(1..).unwrap()).is_some());
    }
}
