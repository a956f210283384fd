//! [`MemoryFlags`]: flags held in memory.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
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
    values: Arc<RwLock<HashMap<String, Evaluation, BuildHasherDefault<OfKey>>>>,
}

/// The hash that keys of fields have: keys of flags are the host's own, and short.
#[derive(Clone, Copy, Debug, Default)]
struct OfKey(u64);

impl Hasher for OfKey {
    fn write(&mut self, bytes: &[u8]) {
        let hash = keys::hash(std::str::from_utf8(bytes).unwrap_or_default());
        // A map looks at both ends of it.
        self.0 = u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The end of a text, which has a length already.
    fn write_u8(&mut self, _end: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
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
