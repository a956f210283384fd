//! Which write of a key counts: done on the worker, once per event, in linear time.

use crate::record::buffer::{APPEND, Field, Kind, name_at};
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
                self.index.insert(ticket, field.hash, position);
                let (value, head) = if appended { (None, Some(at)) } else { (Some(at), None) };
                self.resolved.push(Resolved { key: at, value, head, tail: at });
            }
            Found::Position(position) => {
                let Some(known) = self.resolved.get_mut(position as usize) else { return };
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

#[inline]
fn same_key(raw: Raw<'_>, known: usize, at: usize, field: &Field) -> bool {
    if let (Some(Field { key: Some(a), .. }), Some(b)) = (raw.fields.get(known), field.key) {
        if std::ptr::eq(*a, b) {
            return true;
        }
    }
    name_at(raw.fields, raw.text, known) == name_at(raw.fields, raw.text, at)
}
