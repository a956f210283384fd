//! Which write of a key counts: done on the worker, once per event, in linear time.

use crate::event::finished::EntryKey;
use crate::record::buffer::{APPEND, CLEARED, Field, Kind, TRUNCATED, name_at, unrange};
use crate::record::index::{Found, KeyIndex};
use crate::record::sequence::{Sequence, Sequences};

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
    sequences: Sequences,
    pub(crate) resolved: Vec<Resolved>,
    next: Vec<u32>,
    /// Where the write is that each entry has its value from.
    last: Vec<u32>,
}

/// A record without lists, resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    /// The sequence of its keys, if that was seen before.
    sequence: Option<usize>,
}

const NONE: u32 = u32::MAX;

impl Resolver {
    /// The way of almost every record, which has no lists and nothing that was cut: entries straight
    /// from the fields, in one pass. `None`, with `entries` half done, for the others.
    #[inline]
    pub(crate) fn run_plain(&mut self, raw: Raw<'_>, entries: &mut Vec<Field>) -> Option<Plain> {
        let sequence = self.sequences.find(raw.fields);
        if let Some(known) = sequence.and_then(|slot| self.sequences.get(slot)) {
            known.resolve(raw.fields, entries);
            return Some(Plain { sequence });
        }
        self.run_unknown(raw, entries)
    }

    /// The sequence of keys of a record, if it was seen before.
    #[inline]
    pub(crate) fn sequence(&mut self, plain: Plain) -> Option<&mut Sequence> {
        self.sequences.get_mut(plain.sequence?)
    }

    fn run_unknown(&mut self, raw: Raw<'_>, entries: &mut Vec<Field>) -> Option<Plain> {
        self.index.clear(raw.fields.len());
        self.last.clear();
        entries.reserve(raw.fields.len());
        let mut key_text = None;
        for (at, field) in (0_u32..).zip(raw.fields) {
            if field.kind >= Kind::Array || field.flags & (APPEND | TRUNCATED | CLEARED) != 0 {
                if field.kind == Kind::KeyText {
                    key_text = Some(field);
                    continue;
                }
                return None;
            }
            let found = self.index.find(field.hash, |position| {
                is_key(raw, entries, position as usize, field, key_text)
            });
            match found {
                Found::Vacant(ticket) => {
                    entries.extend(key_text.filter(|_| field.key.is_none()));
                    let position = u32::try_from(entries.len()).unwrap_or(NONE);
                    self.index.insert_expected(ticket, field.hash, position);
                    entries.push(*field);
                    self.last.push(at);
                }
                Found::Position(position) => {
                    if let Some(known) = entries.get_mut(position as usize) {
                        (known.kind, known.data) = (field.kind, field.data);
                    }
                    // Right where all keys are static, which is where it is needed.
                    if let Some(last) = self.last.get_mut(position as usize) {
                        *last = at;
                    }
                }
            }
        }
        self.sequences.learn(raw.fields, &self.last);
        Some(Plain { sequence: None })
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

/// Whether the entry at a position has the key of a field, behind the run-time key if it has one.
#[inline]
fn is_key(
    raw: Raw<'_>,
    entries: &[Field],
    position: usize,
    field: &Field,
    key_text: Option<&Field>,
) -> bool {
    let known = entries.get(position).and_then(|known| known.key);
    if let (Some(known), Some(key)) = (known, field.key)
        && std::ptr::eq(known, key)
    {
        return true;
    }
    let name = match (field.key, key_text) {
        (Some(key), _) => key.name(),
        (None, Some(text)) => raw.text.get(unrange(text.data)).unwrap_or_default(),
        (None, None) => "",
    };
    name == name_at(entries, raw.text, position)
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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::event::keys::Key;
    use crate::event::limits::Limits;
    use crate::record::buffer::{Buffer, INHERITED, KeyRef};
    use crate::record::prepare::Prepared;

    static A: Key = Key::ours("a", ",\"a\":");
    static B: Key = Key::ours("b", ",\"b\":");
    static C: Key = Key::ours("c", ",\"c\":");
    /// As another place in the code that records the same field has it.
    static OTHER_A: Key = Key::ours("a", ",\"a\":");

    /// Which key, which kind of value, which flags.
    type Write = (usize, usize, bool);

    fn record(writes: &[Write], value: u64) -> Buffer {
        let keys = [&A, &B, &C, &OTHER_A].map(KeyRef::Static);
        let keys = keys.into_iter().chain(["a", "d"].map(KeyRef::Text)).collect::<Vec<_>>();
        let mut buffer = Buffer::default();
        buffer.reset(&Limits::default());
        for (n, (key, kind, inherited)) in writes.iter().enumerate() {
            let number = value + n as u64;
            let text = number.to_string();
            let value = match kind {
                0 => Prepared::U64(number),
                1 => Prepared::Text(&text, false),
                _ => Prepared::Bool(number.is_multiple_of(2)),
            };
            buffer.push(keys[*key], value, if *inherited { INHERITED } else { 0 });
        }
        buffer
    }

    /// Name and value of each field.
    fn shown(resolver: &mut Resolver, buffer: &Buffer) -> Vec<(String, String)> {
        let raw = Raw { fields: &buffer.fields, text: &buffer.text, blob: &buffer.blob };
        let mut entries = Vec::new();
        assert!(resolver.run_plain(raw, &mut entries).is_some(), "there are no lists");
        let value = |entry: &Field| match entry.kind {
            Kind::Str => buffer.text.get(unrange(entry.data)).unwrap().to_owned(),
            kind => format!("{kind:?} {}", entry.data),
        };
        let shown = |(at, entry)| (name_at(&entries, &buffer.text, at).to_owned(), value(entry));
        let fields = entries.iter().enumerate().filter(|(_, entry)| entry.kind != Kind::KeyText);
        fields.map(shown).collect()
    }

    /// The fields by comparing every write with every field.
    fn expected(buffer: &Buffer) -> Vec<(String, String)> {
        let mut resolver = Resolver::default();
        resolver.run(Raw { fields: &buffer.fields, text: &buffer.text, blob: &buffer.blob });
        let mut fields: Vec<(String, String)> = Vec::new();
        for (at, field) in buffer.fields.iter().enumerate() {
            let value = match field.kind {
                Kind::KeyText => continue,
                Kind::Str => buffer.text.get(unrange(field.data)).unwrap().to_owned(),
                kind => format!("{kind:?} {}", field.data),
            };
            let name = buffer.name_at(at);
            match fields.iter_mut().find(|(known, _)| known == name) {
                Some(known) => known.1 = value,
                None => fields.push((name.to_owned(), value)),
            }
        }
        assert_eq!(resolver.resolved.len(), fields.len());
        fields
    }

    proptest! {
        /// A resolver that has seen the same writes before, and others of the same keys and the
        /// same length, gives what one gives that sees them for the first time.
        #[test]
        fn what_is_remembered_changes_nothing(
            sequences in vec(vec((0..6_usize, 0..3_usize, any::<bool>()), 1..5), 1..6),
            order in vec(0..6_usize, 1..40),
        ) {
            let mut resolver = Resolver::default();
            for (round, at) in order.iter().enumerate() {
                let writes = &sequences[at % sequences.len()];
                let buffer = record(writes, round as u64);
                prop_assert_eq!(shown(&mut resolver, &buffer), expected(&buffer));
            }
        }
    }

    fn run(resolver: &mut Resolver, buffer: &Buffer) -> Option<Plain> {
        let raw = Raw { fields: &buffer.fields, text: &buffer.text, blob: &buffer.blob };
        resolver.run_plain(raw, &mut Vec::new())
    }

    #[test]
    fn a_sequence_is_known_the_second_time() {
        let mut resolver = Resolver::default();
        for writes in
            [&[(0, 0, false), (1, 1, true)][..], &[(0, 0, false), (1, 0, true), (3, 1, true)]]
        {
            for known in [false, true, true] {
                let plain = run(&mut resolver, &record(writes, 7)).unwrap();
                assert_eq!(resolver.sequence(plain).is_some(), known, "{writes:?}");
            }
        }
        // The same key with a list, or with a text that was cut, is not the same sequence.
        let encoded = Prepared::List(&[], false);
        for value in [encoded, Prepared::Text("7", true)] {
            let mut buffer = record(&[], 0);
            buffer.push(KeyRef::Static(&A), Prepared::Text("7", false), 0);
            buffer.push(KeyRef::Static(&B), Prepared::U64(7), 0);
            run(&mut resolver, &buffer).unwrap();
            buffer = record(&[], 0);
            buffer.push(KeyRef::Static(&A), value, 0);
            buffer.push(KeyRef::Static(&B), Prepared::U64(7), 0);
            assert_eq!(run(&mut resolver, &buffer), None);
        }
        // A run-time key can be another one each time.
        for _ in 0..2 {
            let plain = run(&mut resolver, &record(&[(0, 0, false), (4, 0, false)], 7)).unwrap();
            assert!(resolver.sequence(plain).is_none());
        }
    }
}
