//! What was found out about a sequence of keys: units of one place in the code mostly record the
//! same keys in the same order, so which write of a key counts is looked up once, not once an event.

use crate::record::buffer::{APPEND, CLEARED, Field, Kind, TRUNCATED};

/// Sequences by the low bits of a hash. More of them than this share slots, which costs time only.
const SLOTS: usize = 64;
/// Longer sequences are not remembered.
const MAX_FIELDS: usize = 256;

/// Static keys with their kinds, in the order of the writes.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    marks: Vec<Mark>,
    /// For each key, in the order of their first writes, where its last one is. Empty where every
    /// key is written once.
    last: Vec<u32>,
    /// Whether a field that can hold a secret has a key that is denied; known once somebody asked.
    pub(crate) denied: Option<bool>,
}

/// What two writes of the same key, and of the same kind of value, have in common.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// The address of the key; 0 for a run-time key.
    key: usize,
    kind_and_flags: usize,
}

impl Mark {
    #[inline]
    fn of(field: &Field) -> Self {
        Self {
            key: field.key.map_or(0, |key| std::ptr::from_ref(key).addr()),
            // As they lie in memory.
            kind_and_flags: u16::from_le_bytes([field.flags, field.kind as u8]).into(),
        }
    }

    /// 0 if they are the same.
    #[inline]
    fn difference(self, other: Self) -> usize {
        self.key ^ other.key | self.kind_and_flags ^ other.kind_and_flags
    }
}

/// The sequences that were seen last.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    slots: Vec<Sequence>,
}

impl Sequence {
    /// Whether these are the writes. All of them are looked at, which is faster than to stop at the
    /// first difference: there hardly ever is one.
    #[inline]
    fn is_of(&self, fields: &[Field]) -> bool {
        let pairs = self.marks.iter().zip(fields);
        let difference = pairs.fold(0, |sum, (mark, field)| sum | mark.difference(Mark::of(field)));
        difference == 0 && self.marks.len() == fields.len()
    }

    /// Adds the fields that count.
    #[inline]
    pub(crate) fn resolve(&self, fields: &[Field], entries: &mut Vec<Field>) {
        if self.last.is_empty() {
            entries.extend_from_slice(fields);
        } else {
            entries.extend(self.last.iter().filter_map(|at| fields.get(*at as usize)));
        }
    }

    fn learn(&mut self, fields: &[Field], last: &[u32]) {
        self.marks.clear();
        self.marks.extend(fields.iter().map(Mark::of));
        self.last.clear();
        if last.len() < fields.len() {
            self.last.extend_from_slice(last);
        }
        self.denied = None;
    }
}

impl Sequences {
    /// Which sequence these writes are, if they are one that is known.
    #[inline]
    pub(crate) fn find(&self, fields: &[Field]) -> Option<usize> {
        let slot = slot_of(fields)?;
        self.slots.get(slot).filter(|known| known.is_of(fields)).map(|_| slot)
    }

    #[inline]
    pub(crate) fn get(&self, slot: usize) -> Option<&Sequence> {
        self.slots.get(slot)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut Sequence> {
        self.slots.get_mut(slot)
    }

    /// Remembers where the last write of each key is, if the writes are those of plain values under
    /// static keys.
    pub(crate) fn learn(&mut self, fields: &[Field], last: &[u32]) {
        let plain = |field: &Field| {
            field.key.is_some()
                && field.kind < Kind::Array
                && field.flags & (APPEND | TRUNCATED | CLEARED) == 0
        };
        let Some(slot) = slot_of(fields) else { return };
        if fields.len() > MAX_FIELDS || !fields.iter().all(plain) {
            return;
        }
        if self.slots.is_empty() {
            self.slots.resize_with(SLOTS, Sequence::default);
        }
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.learn(fields, last);
        }
    }
}

/// The slot of a sequence, by its ends and its length.
#[inline]
fn slot_of(fields: &[Field]) -> Option<usize> {
    let (first, last) = (fields.first()?, fields.last()?);
    Some(((first.hash ^ last.hash.rotate_left(16)) as usize ^ fields.len()) % SLOTS)
}
