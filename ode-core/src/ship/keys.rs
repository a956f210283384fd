//! The names of the fields of flags and changes, made once for each name.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::event::keys::Key;
use crate::sync::{Mutex, lock};

/// A family of field names below one name: `flag.<key>.*`, `change.<name>.*`.
#[derive(Debug)]
pub(crate) struct Names<const N: usize> {
    keys: OnceLock<&'static [Key; N]>,
}

impl<const N: usize> Names<N> {
    pub(crate) const fn new() -> Self {
        Self { keys: OnceLock::new() }
    }

    /// The keys `<family>.<name>.<member>`.
    #[inline]
    pub(crate) fn get(
        &self,
        family: &'static str,
        name: &'static str,
        members: [&'static str; N],
    ) -> &'static [Key; N] {
        self.keys.get_or_init(|| interned(family, name, members))
    }
}

/// By family, name and first member: one family may have several groups of members.
type Table = BTreeMap<[&'static str; 3], &'static (dyn Any + Send + Sync)>;

/// Keys live as long as the process, so a name has them once, however often it is declared.
pub(crate) fn interned<const N: usize>(
    family: &'static str,
    name: &'static str,
    members: [&'static str; N],
) -> &'static [Key; N] {
    static TABLE: Mutex<Table> = Mutex::new(BTreeMap::new());
    let make = || {
        let keys = members.map(|member| Key::leaked(&format!("{family}.{name}.{member}")));
        &*Box::leak(Box::new(keys))
    };
    let mut table = lock(&TABLE);
    let first = members.first().copied().unwrap_or_default();
    let known = *table.entry([family, name, first]).or_insert_with(|| make());
    known.downcast_ref().unwrap_or_else(make)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_keys_once() {
        let (one, other, other_members) = (Names::new(), Names::new(), Names::new());
        let keys = one.get("flag", "a \"b\"", ["variant", "reason"]);
        assert!(std::ptr::eq(keys, other.get("flag", "a \"b\"", ["variant", "reason"])));
        let swapped = other_members.get("flag", "a \"b\"", ["reason", "variant"]);
        assert_eq!(swapped[0].name(), "flag.a \"b\".reason");
        let [variant, reason] = keys;
        assert_eq!(
            (variant.name(), reason.name()),
            ("flag.a \"b\".variant", "flag.a \"b\".reason")
        );
        assert_eq!(variant.json(), None, "it needs escaping");
        let [plain] = Names::new().get("change", "compress", ["stage"]);
        assert_eq!(plain.json(), Some(",\"change.compress.stage\":"));
    }

    #[test]
    fn groups_of_members_are_apart() {
        let [act] = interned("did", "compress", ["act"]);
        let [error] = interned("did", "compress", ["error"]);
        assert_eq!((act.name(), error.name()), ("did.compress.act", "did.compress.error"));
    }
}
