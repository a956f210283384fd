//! [`MemoryFlags`]: flags held in memory.

use std::sync::{PoisonError, RwLock};

use crate::event::keys;
use crate::ship::evaluation::{Evaluation, FlagSource, FlagValue, Reason};
use crate::ship::flag::Query;
use crate::ship::subject::Subject;
use crate::sync::Arc;

/// Flags held in memory, the same for every subject. Clones are the same flags.
///
/// ```
/// use ode_core::{MemoryFlags, Stage};
/// let flags = MemoryFlags::new().with("new_cart", true).with("compress", Stage::Shadow);
/// flags.set("new_cart", false);
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryFlags {
    values: Arc<RwLock<Values>>,
}

/// In the order of their keys' hashes, which lie close together because each question searches them.
#[derive(Debug, Default)]
struct Values {
    hashes: Vec<u32>,
    flags: Vec<(String, Evaluation)>,
}

impl Values {
    /// Where a flag is, or belongs.
    fn find(&self, key: &str, hash: u32) -> Result<usize, usize> {
        let mut at = self.hashes.partition_point(|known| *known < hash);
        while self.hashes.get(at) == Some(&hash) {
            if self.flags.get(at).is_some_and(|(text, _)| text == key) {
                return Ok(at);
            }
            at += 1;
        }
        Err(at)
    }
}

impl MemoryFlags {
    /// No flags.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a flag.
    #[must_use]
    pub fn with(self, key: impl Into<String>, value: impl Into<FlagValue>) -> Self {
        self.set(key, value);
        self
    }

    /// Sets a flag, from now on.
    pub fn set(&self, key: impl Into<String>, value: impl Into<FlagValue>) {
        let value = value.into();
        let variant = match &value {
            // The value is its name.
            FlagValue::Bool(_) | FlagValue::Str(_) | FlagValue::Json(_) => None,
            FlagValue::I64(number) => Some(number.to_string().into()),
            FlagValue::F64(number) => Some(number.to_string().into()),
        };
        let evaluation = Evaluation { variant, ..Evaluation::new(value, Reason::Static) };
        let key = key.into();
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        let hash = keys::hash(&key);
        match values.find(&key, hash) {
            Ok(at) => {
                if let Some((_, known)) = values.flags.get_mut(at) {
                    *known = evaluation;
                }
            }
            Err(at) => {
                values.hashes.insert(at, hash);
                values.flags.insert(at, (key, evaluation));
            }
        }
    }

    fn look(&self, key: &str, hash: u32) -> Evaluation {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let found = values.find(key, hash).ok().and_then(|at| values.flags.get(at));
        found.map_or_else(Evaluation::not_found, |(_, evaluation)| evaluation.clone())
    }

    /// Takes a flag away: its default counts from now on.
    pub fn remove(&self, key: &str) {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(at) = values.find(key, keys::hash(key)) {
            values.hashes.remove(at);
            values.flags.remove(at);
        }
    }
}

impl FlagSource for MemoryFlags {
    fn evaluate(&self, key: &str, _subject: &Subject) -> Evaluation {
        self.look(key, keys::hash(key))
    }

    fn evaluate_as(&self, query: Query<'_>, _subject: &Subject) -> Evaluation {
        self.look(query.key, query.hash)
    }

    fn name(&self) -> &'static str {
        "memory"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_found_and_no_other() {
        let flags = MemoryFlags::new();
        let value = |n: i64| flags.evaluate(&format!("flag-{n}"), Subject::nobody());
        for n in (0..3_000).rev() {
            flags.set(format!("flag-{n}"), n);
            flags.set(format!("flag-{n}"), n + 1);
        }
        for n in 0..3_000 {
            assert_eq!(value(n).value(), Some(&FlagValue::I64(n + 1)));
        }
        (0..3_000).step_by(2).for_each(|n| flags.remove(&format!("flag-{n}")));
        for n in 0..3_100 {
            let expected = (n % 2 == 1 && n < 3_000).then_some(FlagValue::I64(n + 1));
            assert_eq!(value(n).value(), expected.as_ref());
        }
    }
}
