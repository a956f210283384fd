//! Throwing out overwritten fields while a unit is open, and holding it to its limits.

use std::collections::HashMap;

use crate::record::buffer::{APPEND, Buffer, Field, INHERITED, Kind, range, unrange};
use crate::record::resolve::{Raw, Resolver};

/// Rewrites the record without what was overwritten. What is then still over a limit is dropped
/// from the end and counted: the first fields stay.
///
/// Room for as much again is given afterwards, so the cost per write stays constant.
#[cold]
pub(crate) fn compact(buffer: &mut Buffer) {
    let mut resolver = Resolver::default();
    resolver.run(Raw { fields: &buffer.fields, text: &buffer.text, blob: &buffer.blob });
    let mut clean = Clean { fields: Vec::with_capacity(buffer.fields.len()), ..Clean::default() };
    let limits = buffer.limits;
    let mut losses = std::mem::take(&mut buffer.losses);
    let mut kept = 0;
    let inherited = overwritten_inherited(buffer, &resolver);
    for resolved in &resolver.resolved {
        let start = clean.mark();
        // Children take over what was last said to be inherited, also when the unit itself went on.
        if let Some(at) = inherited.get(buffer.name_at(resolved.key)) {
            clean.copy(buffer, *at);
        }
        let elements = std::iter::successors(resolved.head, |at| resolver.next(*at));
        let (mut any, mut entries) = (false, 0);
        for at in resolved.value.into_iter().chain(elements) {
            let before = clean.mark();
            clean.copy(buffer, at);
            entries += 1;
            let fits = (any || kept < limits.fields)
                // A list may be three times as long as the event is wide; one alone leaves room for
                // every other field.
                && entries <= limits.fields.saturating_mul(3)
                // Lists count by element, run-time keys twice: a bound on memory, not on fields.
                && clean.fields.len() <= limits.fields.saturating_mul(6)
                && clean.text.len() + clean.blob.len() <= limits.event_bytes;
            if fits {
                any = true;
            } else {
                clean.rewind(before);
                match buffer.fields.get(at) {
                    Some(field) if field.flags & APPEND == 0 => {
                        losses.drop_field(buffer.name_at(resolved.key));
                    }
                    _ => losses.drop_element(),
                }
            }
        }
        if !any {
            clean.rewind(start);
        }
        kept += usize::from(any);
    }
    buffer.losses = losses;
    buffer.room = clean.fields.len() + buffer.limits.fields;
    buffer.byte_room = clean.text.len() + clean.blob.len() + buffer.limits.event_bytes;
    (buffer.fields, buffer.text, buffer.blob) = (clean.fields, clean.text, clean.blob);
    buffer.counters.clear();
}

/// The last inherited value of every key whose value is not that one any more.
fn overwritten_inherited<'b>(buffer: &'b Buffer, resolver: &Resolver) -> HashMap<&'b str, usize> {
    let mut last = HashMap::new();
    for (at, field) in buffer.fields.iter().enumerate() {
        if field.flags & INHERITED != 0 {
            last.insert(buffer.name_at(at), at);
        }
    }
    if !last.is_empty() {
        let values = resolver.resolved.iter().filter_map(|resolved| resolved.value);
        for at in values {
            if last.get(buffer.name_at(at)) == Some(&at) {
                last.remove(buffer.name_at(at));
            }
        }
    }
    last
}

/// Whether a record that ends now has to be held to its limits first.
pub(crate) fn is_over_limit(buffer: &Buffer) -> bool {
    buffer.fields.len() > buffer.limits.fields
        || buffer.text.len() + buffer.blob.len() > buffer.limits.event_bytes
}

#[derive(Default)]
struct Clean {
    fields: Vec<Field>,
    text: String,
    blob: Vec<u8>,
}

impl Clean {
    fn mark(&self) -> (usize, usize, usize) {
        (self.fields.len(), self.text.len(), self.blob.len())
    }

    fn rewind(&mut self, (fields, text, blob): (usize, usize, usize)) {
        self.fields.truncate(fields);
        self.text.truncate(text);
        self.blob.truncate(blob);
    }

    fn copy(&mut self, from: &Buffer, at: usize) {
        let Some(field) = from.fields.get(at) else {
            return;
        };
        if field.key.is_none() {
            let key = self.copy_text(from.name_at(at));
            let entry = Field { key: None, data: key, hash: 0, kind: Kind::KeyText, flags: 0 };
            self.fields.push(entry);
        }
        let data = match field.kind {
            Kind::Str => self.copy_text(from.text.get(unrange(field.data)).unwrap_or_default()),
            Kind::Bytes | Kind::Array => {
                let bytes = from.blob.get(unrange(field.data)).unwrap_or_default();
                let start = self.blob.len();
                self.blob.extend_from_slice(bytes);
                range(start, bytes.len())
            }
            _ => field.data,
        };
        self.fields.push(Field { data, ..*field });
    }

    fn copy_text(&mut self, text: &str) -> u64 {
        let start = self.text.len();
        self.text.push_str(text);
        range(start, text.len())
    }
}
