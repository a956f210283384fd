//! One callsite for each name and target. Bounded, because callsites are never given back; read
//! without a lock, because names are `'static` and so known by where they are.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::callsite::{OTHER, UnitCallsite};

/// As many as names are interned.
const MAX: usize = 4_096;

type Known = HashMap<(&'static str, &'static str), &'static UnitCallsite>;

static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

/// Those that a thread asked for last, each at its place.
const NEAR: usize = 64;

#[derive(Clone, Copy)]
struct Entry {
    name: &'static str,
    target: &'static str,
    callsite: &'static UnitCallsite,
}

thread_local! {
    static CACHE: [Cell<Option<Entry>>; NEAR] = const { [const { Cell::new(None) }; NEAR] };
}

/// The callsite of this name and target.
#[inline]
pub(super) fn callsite(name: &'static str, target: &'static str) -> &'static UnitCallsite {
    CACHE.with(|cache| {
        let place = cache.get(place(name, target));
        let near = place
            .and_then(Cell::get)
            .filter(|entry| std::ptr::eq(entry.name, name) && std::ptr::eq(entry.target, target));
        if let Some(near) = near {
            return near.callsite;
        }
        let callsite = look_up(name, target);
        if let Some(place) = place {
            place.set(Some(Entry { name, target, callsite }));
        }
        callsite
    })
}

fn place(name: &str, target: &str) -> usize {
    // Literals stand close together: the length tells neighbours apart as well.
    let at = |text: &str| text.as_ptr().addr().wrapping_mul(31).wrapping_add(text.len());
    let mixed = at(name).wrapping_add(at(target).wrapping_mul(7));
    (mixed ^ (mixed >> 7)) % NEAR
}

#[cold]
fn look_up(name: &'static str, target: &'static str) -> &'static UnitCallsite {
    let callsite = {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_default();
        let full = known.len() >= MAX;
        match known.get(&(name, target)) {
            Some(callsite) => *callsite,
            None if full => &OTHER,
            None => {
                let callsite = UnitCallsite::leak(name, target);
                known.insert((name, target), callsite);
                callsite
            }
        }
    };
    callsite.register();
    callsite
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_for_each_name_and_target_wherever_they_are() {
        let first = callsite("table.one", "here");
        let elsewhere: &'static str = String::from("table.one").leak();
        for _ in 0..3 {
            assert!(std::ptr::eq(first, callsite("table.one", "here")));
            assert!(std::ptr::eq(first, callsite(elsewhere, "here")));
            assert!(!std::ptr::eq(first, callsite("table.one", "there")));
            assert!(!std::ptr::eq(first, callsite("table.two", "here")));
        }
        assert_eq!(first.describes().name(), "table.one");
        assert_eq!(first.describes().target(), "here");
    }

    #[test]
    fn a_part_of_a_name_is_another_name() {
        let name = "table.part.of.it";
        let part = name.get(..10).unwrap();
        assert_eq!(callsite(name, "t").describes().name(), name);
        assert_eq!(callsite(part, "t").describes().name(), "table.part");
        assert_eq!(callsite(name, "t").describes().name(), name);
    }
}
