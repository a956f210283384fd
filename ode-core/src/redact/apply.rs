//! Redacting a finished event, on the thread that exports it.

use std::fmt;

use crate::event::array::ArrayData;
use crate::event::finished::{EntryKey, Event};
use crate::record::buffer::{Kind, unrange};
use crate::redact::keys::Verdicts;
use crate::redact::rules::Redaction;
use crate::redact::text::{REDACTED, is_suspicious, without_credentials};
use crate::sync::Arc;

/// Redacts by the rules, and remembers what it found out about keys.
pub(crate) struct Redactor {
    rules: Arc<Redaction>,
    verdicts: Verdicts,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Redactor {
    pub(crate) fn new(rules: Arc<Redaction>) -> Self {
        Self { rules, verdicts: Verdicts::default() }
    }

    pub(crate) fn apply(&mut self, event: &mut Event) {
        if !self.rules.on {
            return;
        }
        // One look at all of the text at once: nearly always there is nothing to look for in it.
        let look_into_text = is_suspicious(&event.text);
        for at in 0..event.entries.len() {
            self.apply_to_field(event, at, look_into_text);
        }
    }

    #[inline]
    fn apply_to_field(&mut self, event: &mut Event, at: usize, look_into_text: bool) {
        let Some(entry) = event.entries.get(at).copied() else { return };
        if !matches!(entry.kind, Kind::Str | Kind::Bytes | Kind::Array) {
            return;
        }
        let denied = match entry.key {
            EntryKey::Static(key) => self.verdicts.denied_static(key, &self.rules),
            EntryKey::Text(key) => {
                let key = event.text.get(unrange(key)).unwrap_or_default();
                self.verdicts.denied_text(key, &self.rules)
            }
        };
        if denied {
            return deny(event, at);
        }
        match entry.kind {
            Kind::Str if look_into_text => {
                let text = event.text.get(unrange(entry.data)).unwrap_or_default();
                if let Some(text) = without_credentials(text, &self.rules) {
                    replace(event, at, &text);
                }
            }
            Kind::Array => self.apply_to_list(event, entry.data),
            _ => {}
        }
    }

    fn apply_to_list(&self, event: &mut Event, number: u64) {
        let list = usize::try_from(number).ok().and_then(|at| event.arrays.get_mut(at));
        let Some(ArrayData::Str(items)) = list else { return };
        for item in items {
            if let Some(text) = without_credentials(item, &self.rules) {
                *item = text;
            }
        }
    }
}

/// The value gives way to a mark.
#[cold]
fn deny(event: &mut Event, at: usize) {
    if let Some(entry) = event.entries.get(at)
        && entry.kind == Kind::Array
    {
        let list = usize::try_from(entry.data).ok().and_then(|at| event.arrays.get(at));
        // A list of numbers is no more a secret than a number.
        if !matches!(list, Some(ArrayData::Str(_) | ArrayData::Bytes(_))) {
            return;
        }
    }
    replace(event, at, REDACTED);
}

#[cold]
fn replace(event: &mut Event, at: usize, text: &str) {
    let data = event.push_text(text);
    if let Some(entry) = event.entries.get_mut(at) {
        (entry.kind, entry.data) = (Kind::Str, data);
    }
}
