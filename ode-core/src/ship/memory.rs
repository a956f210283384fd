//! [`MemoryFlags`]: flags held in memory.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

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
    values: Arc<RwLock<BTreeMap<String, Evaluation>>>,
}

impl MemoryFlags {
    /// No flags.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a flag.
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
        self.values.write().unwrap_or_else(PoisonError::into_inner).insert(key.into(), evaluation);
    }

    /// Takes a flag away: its default counts from now on.
    pub fn remove(&self, key: &str) {
        self.values.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl FlagSource for MemoryFlags {
    fn evaluate(&self, key: &str, _subject: &Subject) -> Evaluation {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        values.get(key).cloned().unwrap_or_else(Evaluation::not_found)
    }

    fn name(&self) -> &'static str {
        "memory"
    }
}
