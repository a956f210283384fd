//! Which write of a key counts: done on the worker, once per event, in linear time.

use crate::event::finished::{Entry, EntryKey};
use crate::record::buffer::{APPEND, CLEARED, Field, Kind, TRUNCATED, name_at, unrange};
use crate::record::index::{Found, KeyIndex};

/// A finished record, wherever it lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'r> {
    pub(crate) fields: &'r [Field],
    pub(crate) text: &'r str,
    pub(crate) blob: &'r [u8],
}

/// One field after resolution. Positions are those of the raw entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolved {
    /// An entry that has the key.
    pub(crate) key: usize,
    /// The last value set, if any.
    pub(crate) value: Option<usize>,
    /// The first element appended after that; more by [`Resolver::next`].
    pub(crate) head: Option<usize>,
    tail: usize,
}

/// The reusable memory of resolution.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    index: KeyIndex,
    pub(crate) resolved: Vec<Resolved>,
    next: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Resolver {
    /// The way of almost every record, which has no lists and nothing that was cut: entries straight
    /// from the fields, in one pass. `false`, with `entries` half done, for the others.
    pub(crate) fn run_plain(&mut self, raw: Raw<'_>, entries: &mut Vec<Entry>) -> bool {
        self.index.clear(raw.fields.len());
        entries.reserve(raw.fields.len());
        for (at, field) in raw.fields.iter().enumerate() {
            if field.kind >= Kind::Array || field.flags & (APPEND | TRUNCATED | CLEARED) != 0 {
                if field.kind == Kind::KeyText {
                    continue;
                }
                return false;
            }
            let found = self.index.find(field.hash, |position| {
                entries.get(position as usize).is_some_and(|known| is_key(raw, known, at, field))
            });
            match found {
                Found::Vacant(ticket) => {
                    let position = u32::try_from(entries.len()).unwrap_or(NONE);
                    self.index.insert_expected(ticket, field.hash, position);
                    let key = entry_key(raw, at, field);
                    entries.push(Entry { key, kind: field.kind, data: field.data });
                }
                Found::Position(position) => {
                    if let Some(known) = entries.get_mut(position as usize) {
                        (known.kind, known.data) = (field.kind, field.data);
                    }
                }
            }
        }
        true
    }

    /// Resolves a record: one entry per key, in the order keys first appeared; the last write
    /// wins; appended elements are chained.
    pub(crate) fn run(&mut self, raw: Raw<'_>) {
        self.index.clear(raw.fields.len());
        self.resolved.clear();
        self.next.clear();
        for (at, field) in raw.fields.iter().enumerate() {
            if field.kind != Kind::KeyText {
                self.take(raw, at, field);
            }
        }
    }

    #[inline]
    fn take(&mut self, raw: Raw<'_>, at: usize, field: &Field) {
        let resolved = &self.resolved;
        let found = self.index.find(field.hash, |position| {
            resolved.get(position as usize).is_some_and(|known| same_key(raw, known.key, at, field))
        });
        let appended = field.flags & APPEND != 0;
        match found {
            Found::Vacant(ticket) => {
                let position = u32::try_from(self.resolved.len()).unwrap_or(NONE);
                self.index.insert_expected(ticket, field.hash, position);
                let (value, head) = if appended { (None, Some(at)) } else { (Some(at), None) };
                self.resolved.push(Resolved { key: at, value, head, tail: at });
            }
            Found::Position(position) => {
                let Some(known) = self.resolved.get_mut(position as usize) else {
                    return;
                };
                if !appended {
                    (known.value, known.head) = (Some(at), None);
                    return;
                }
                if known.head.is_none() {
                    known.head = Some(at);
                } else {
                    let tail = known.tail;
                    self.next.resize(raw.fields.len(), NONE);
                    if let Some(next) = self.next.get_mut(tail) {
                        *next = u32::try_from(at).unwrap_or(NONE);
                    }
                }
                known.tail = at;
            }
        }
    }

    /// The element appended after the one at `at`.
    pub(crate) fn next(&self, at: usize) -> Option<usize> {
        self.next.get(at).filter(|next| **next != NONE).map(|next| *next as usize)
    }
}

/// The key of the field at `at`, as an entry holds it.
#[inline]
pub(crate) fn entry_key(raw: Raw<'_>, at: usize, field: &Field) -> EntryKey {
    if let Some(key) = field.key {
        return EntryKey::Static(key);
    }
    let key = at.checked_sub(1).and_then(|before| raw.fields.get(before));
    EntryKey::Text(key.map_or(0, |key| key.data))
}

#[inline]
fn is_key(raw: Raw<'_>, known: &Entry, at: usize, field: &Field) -> bool {
    let known = match (known.key, field.key) {
        (EntryKey::Static(known), Some(key)) if std::ptr::eq(known, key) => return true,
        (EntryKey::Static(known), _) => known.name(),
        (EntryKey::Text(range), _) => raw.text.get(unrange(range)).unwrap_or_default(),
    };
    known == name_at(raw.fields, raw.text, at)
}

#[inline]
fn same_key(raw: Raw<'_>, known: usize, at: usize, field: &Field) -> bool {
    let known_key = raw.fields.get(known).and_then(|known| known.key);
    if let (Some(a), Some(b)) = (known_key, field.key)
        && std::ptr::eq(a, b)
    {
        return true;
    }
    name_at(raw.fields, raw.text, known) == name_at(raw.fields, raw.text, at)
}
