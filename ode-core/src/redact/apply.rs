//! Redacting a finished event, on the thread that exports it.

use std::fmt;

use crate::event::array::ArrayData;
use crate::event::finished::Event;
use crate::record::buffer::{Field, Kind, name_at, unrange};
use crate::record::sequence::Sequence;
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

    /// Redacts an event. `sequence` is that of its keys, where it is known.
    #[inline]
    pub(crate) fn apply(&mut self, event: &mut Event, sequence: Option<&mut Sequence>) {
        if !self.rules.on {
            return;
        }
        // One look at all of the text at once: nearly always there is nothing to look for in it.
        let look_into_text = is_suspicious(&event.text);
        if let Some(sequence) = sequence {
            let denied = match sequence.denied {
                Some(denied) => denied,
                None => *sequence.denied.insert(self.denies_any(event)),
            };
            if !denied && !look_into_text {
                return;
            }
        }
        for at in 0..event.entries.len() {
            self.apply_to_field(event, at, look_into_text);
        }
    }

    /// Whether the key of any field that can hold a secret is denied.
    #[inline(never)]
    fn denies_any(&mut self, event: &Event) -> bool {
        let mut entries = event.entries.iter().enumerate();
        entries.any(|(at, entry)| holds_secrets(entry) && self.denies(event, at, entry))
    }

    #[inline]
    fn denies(&mut self, event: &Event, at: usize, entry: &Field) -> bool {
        if let Some(key) = entry.key {
            return self.verdicts.denied_static(key, &self.rules);
        }
        let key = name_at(&event.entries, &event.text, at);
        self.verdicts.denied_text(key, &self.rules)
    }

    #[inline]
    fn apply_to_field(&mut self, event: &mut Event, at: usize, look_into_text: bool) {
        let Some(entry) = event.entries.get(at).copied() else { return };
        if !holds_secrets(&entry) {
            return;
        }
        if self.denies(event, at, &entry) {
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

fn holds_secrets(entry: &Field) -> bool {
    matches!(entry.kind, Kind::Str | Kind::Bytes | Kind::Array)
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
