//! [`MemoryFlags`]: flags held in memory.

use std::sync::{PoisonError, RwLock};

use crate::event::keys;
use crate::ship::evaluation::{Evaluation, FlagSource, FlagValue, Reason};
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

/// In the order of their keys' hashes.
type Values = Vec<(u32, String, Evaluation)>;

fn find(values: &Values, key: &str) -> Result<usize, usize> {
    let hash = keys::hash(key);
    values
        .binary_search_by(|(known, text, _)| known.cmp(&hash).then_with(|| text.as_str().cmp(key)))
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
        match find(&values, &key) {
            Ok(at) => values.splice(at..=at, [(keys::hash(&key), key, evaluation)]).for_each(drop),
            Err(at) => values.insert(at, (keys::hash(&key), key, evaluation)),
        }
    }

    /// Takes a flag away: its default counts from now on.
    pub fn remove(&self, key: &str) {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(at) = find(&values, key) {
            values.remove(at);
        }
    }
}

impl FlagSource for MemoryFlags {
    fn evaluate(&self, key: &str, _subject: &Subject) -> Evaluation {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        let found = find(&values, key).ok().and_then(|at| values.get(at));
        found.map_or_else(Evaluation::not_found, |(_, _, evaluation)| evaluation.clone())
    }

    fn name(&self) -> &'static str {
        "memory"
    }
}
