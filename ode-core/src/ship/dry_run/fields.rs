//! Where the fields of plans and results go: below `would.<change>.` and `did.<change>.`.

use std::cell::Cell;

use crate::context::slot;
use crate::context::write;
use crate::event::keys::Key;
use crate::event::value::{MASK, Value};
use crate::record::buffer::KeyRef;
use crate::record::fields::{EventFields, FieldSink, Fields};
use crate::record::format;
use crate::record::prepare::prepare;
use crate::ship::shipping::Here;

/// Records that it acts, or would, and then the fields of the group, of which one may be `act` and
/// know better.
pub(super) fn record(
    family: &'static str,
    change: &'static str,
    act: &'static Key,
    group: &impl EventFields,
) {
    if !slot::is_current() {
        return write::missed();
    }
    write::set_static(act, Value::Bool(true));
    // `record` is user code: what it recorded before it panicked stays.
    format::caught(|| group.record(&mut Fields::new(&mut Below { family, change })));
}

/// The current unit, below `<family>.<change>.`.
struct Below {
    family: &'static str,
    change: &'static str,
}

impl FieldSink for Below {
    fn set(&mut self, key: KeyRef<'_>, value: Value<'_>) {
        let budget = match value {
            Value::Display(_) | Value::Debug(_) | Value::Array(_) => write::format_budget(),
            _ => usize::MAX,
        };
        self.with_key(key.name(), |key| {
            prepare(value, budget, |value| {
                write::with_target(|target| {
                    let key = KeyRef::Text(key);
                    target.buffer.with_trusted_keys(|buffer| buffer.push(key, value, 0));
                });
            });
        });
    }

    fn set_hashed(&mut self, key: KeyRef<'_>, text: &str) {
        let hash = Here::find().pipeline.and_then(|pipeline| pipeline.hash(text));
        self.set(key, Value::Str(hash.as_deref().unwrap_or(MASK)));
    }
}

thread_local! {
    /// Taken for each key: what formats a value may record as well, and finds another.
    static KEY: Cell<String> = const { Cell::new(String::new()) };
}

impl Below {
    fn with_key(&self, name: &str, then: impl FnOnce(&str)) {
        let mut key = KEY.try_with(Cell::take).unwrap_or_default();
        key.clear();
        for part in [self.family, ".", self.change, ".", name] {
            key.push_str(part);
        }
        then(&key);
        drop(KEY.try_with(|kept| kept.replace(key)));
    }
}
