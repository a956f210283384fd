//! The typed arena: one 24-byte entry per write, text and bytes beside it.
//!
//! ```text
//! fields: [key → Key | hash | kind, flags | data]   data: the scalar, or offset << 32 | length
//! text:   strings and run-time keys, one after the other
//! blob:   byte values, and lists as [kind, payload]*
//! ```
//! A run-time key takes an entry of its own ([`Kind::KeyText`]) before its value's entry.

use std::borrow::Cow;

use crate::event::keys::{self, Key, Reserved};
use crate::event::limits::{Limits, cut};
use crate::record::counter::Counters;
use crate::record::losses::Losses;
use crate::record::prepare::Prepared;

/// What `data` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Kind {
    Bool,
    I64,
    U64,
    F64,
    /// A range of `text`.
    Str,
    /// A range of `blob`.
    Bytes,
    /// A range of `blob`.
    Array,
    /// A range of `text`: the key of the next entry.
    KeyText,
}

/// Copied to units opened below this one.
pub(crate) const INHERITED: u8 = 1;
/// An element of a list, not a value.
pub(crate) const APPEND: u8 = 2;
/// An amount to add when merged into the owner's record.
pub(crate) const DELTA: u8 = 4;
/// The value was longer than what is kept.
pub(crate) const TRUNCATED: u8 = 8;
/// No value: the field is to be as if it had never been written.
pub(crate) const CLEARED: u8 = 16;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) key: Option<&'static Key>,
    pub(crate) data: u64,
    pub(crate) hash: u32,
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
}

/// A key as the writer has it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyRef<'k> {
    Static(&'static Key),
    Text(&'k str),
}

impl KeyRef<'_> {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Static(key) => key.name(),
            Self::Text(name) => name,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Buffer {
    pub(crate) fields: Vec<Field>,
    pub(crate) text: String,
    pub(crate) blob: Vec<u8>,
    pub(crate) losses: Losses,
    pub(crate) counters: Counters,
    pub(crate) limits: Limits,
    /// Entries that fit before duplicates are thrown out.
    pub(crate) room: usize,
    /// Bytes that fit before duplicates are thrown out.
    pub(crate) byte_room: usize,
    /// Run-time keys come from another record, where they were checked.
    trusts_keys: bool,
}

/// Offset and length as one word.
pub(crate) const fn range(start: usize, length: usize) -> u64 {
    ((start as u64) << 32) | (length as u64 & 0xffff_ffff)
}

/// The range a word holds.
pub(crate) const fn unrange(data: u64) -> std::ops::Range<usize> {
    let (start, length) = ((data >> 32) as usize, (data & 0xffff_ffff) as usize);
    start..start + length
}

impl Buffer {
    /// Empties the buffer for the next unit; keeps its memory.
    pub(crate) fn reset(&mut self, limits: &Limits) {
        self.fields.clear();
        self.text.clear();
        self.blob.clear();
        self.losses.clear();
        self.counters.clear();
        self.limits = *limits;
        self.room = limits.fields;
        self.byte_room = limits.event_bytes;
    }

    /// Bytes in use, the measure the event limit and the queue bound count.
    #[inline]
    pub(crate) fn bytes(&self) -> usize {
        self.fields.len() * size_of::<Field>() + self.text.len() + self.blob.len()
    }

    /// Memory held, used or not.
    pub(crate) fn capacity_bytes(&self) -> usize {
        self.fields.capacity() * size_of::<Field>() + self.text.capacity() + self.blob.capacity()
    }

    /// Records a scalar under a static key, if the memory at hand takes it: the shortest way.
    #[inline]
    pub(crate) fn try_push_scalar(&mut self, key: &'static Key, kind: Kind, data: u64) -> bool {
        if self.fields.len() == self.fields.capacity() {
            return false;
        }
        self.fields.push(Field { key: Some(key), data, hash: key.hash(), kind, flags: 0 });
        true
    }

    /// Records text under a static key, if it is not too long and the memory at hand takes it.
    #[inline]
    pub(crate) fn try_push_str(&mut self, key: &'static Key, value: &str, flags: u8) -> bool {
        let start = self.text.len();
        if value.len() > self.limits.value_bytes
            || self.text.capacity() - start < value.len()
            || self.fields.len() == self.fields.capacity()
        {
            return false;
        }
        let (data, kind) = (range(start, value.len()), Kind::Str);
        self.fields.push(Field { key: Some(key), data, hash: key.hash(), kind, flags });
        self.text.push_str(value);
        true
    }

    /// As [`Self::try_push_scalar`], under a run-time key that stays as it is.
    #[inline]
    pub(crate) fn try_push_scalar_at(&mut self, name: &str, kind: Kind, data: u64) -> bool {
        if !self.takes_as_it_is(name, 0) {
            return false;
        }
        let key = range(self.text.len(), name.len());
        self.text.push_str(name);
        self.push_pair(name, key, kind, data);
        true
    }

    /// As [`Self::try_push_str`], under a run-time key that stays as it is.
    #[inline]
    pub(crate) fn try_push_str_at(&mut self, name: &str, value: &str) -> bool {
        if value.len() > self.limits.value_bytes || !self.takes_as_it_is(name, value.len()) {
            return false;
        }
        let start = self.text.len();
        let (key, data) = (range(start, name.len()), range(start + name.len(), value.len()));
        self.text.push_str(name);
        self.text.push_str(value);
        self.push_pair(name, key, Kind::Str, data);
        true
    }

    /// Whether a run-time key is neither cut nor moved, and the memory at hand takes it, a value and
    /// so many bytes of that.
    #[inline]
    fn takes_as_it_is(&self, name: &str, more: usize) -> bool {
        let (entries, bytes) = (self.fields.len(), name.len() + more);
        matches!(name.len(), 1..=MAX_KEY_BYTES)
            && entries + 1 < self.room
            && self.fields.capacity() - entries >= 2
            && self.text.capacity() - self.text.len() >= bytes
            && self.text.len() + self.blob.len() + bytes + keys::MOVED_PREFIX.len()
                <= self.byte_room
            && keys::reserved_at_run_time(name) == Reserved::No
    }

    #[inline]
    fn push_pair(&mut self, name: &str, key: u64, kind: Kind, data: u64) {
        let key = Field { key: None, data: key, hash: 0, kind: Kind::KeyText, flags: 0 };
        self.fields.push(key);
        self.fields.push(Field { data, hash: keys::hash(name), kind, ..key });
    }

    /// Room for a key and a value.
    #[inline]
    fn room_for_entries(&mut self) {
        let (used, held) = (self.fields.len(), self.fields.capacity());
        if used + 1 >= self.room || held - used < 2 {
            self.grow_fields();
        }
    }

    /// More memory for entries, or, at the limit, a clean-up.
    #[cold]
    fn grow_fields(&mut self) {
        if self.fields.len() + 1 >= self.room {
            self.make_room();
        }
        let left = self.room.saturating_sub(self.fields.len()).max(2);
        self.fields.reserve(self.fields.len().max(32).min(left));
    }

    /// Records any value. Runs no user code: see [`crate::record::prepare`].
    pub(crate) fn push(&mut self, key: KeyRef<'_>, value: Prepared<'_>, flags: u8) {
        match value {
            Prepared::Bool(v) => self.push_data(key, Kind::Bool, u64::from(v), flags),
            Prepared::I64(v) => self.push_data(key, Kind::I64, v.cast_unsigned(), flags),
            Prepared::U64(v) => self.push_data(key, Kind::U64, v, flags),
            Prepared::F64(v) => self.push_data(key, Kind::F64, v.to_bits(), flags),
            Prepared::Text(v, was_cut) => self.push_text(key, v, was_cut, flags),
            Prepared::Bytes(v) => self.push_bytes(key, v, flags),
            Prepared::Nanos(v) => self.push_duration(key, v, flags),
            Prepared::List(v, was_cut) => self.push_list(key, v, was_cut, flags),
        }
    }

    /// Records text that may already have been cut by its writer.
    pub(crate) fn push_text(&mut self, key: KeyRef<'_>, value: &str, was_cut: bool, flags: u8) {
        let kept = cut(value, self.limits.value_bytes);
        let flags = if was_cut || kept.len() < value.len() { flags | TRUNCATED } else { flags };
        if !self.reserve_bytes(kept.len()) {
            return self.no_room(key);
        }
        let Some(entry) = self.key_entry(key) else { return };
        let flags = flags | entry.flags;
        let data = range(self.text.len(), kept.len());
        if self.text.capacity() - self.text.len() < kept.len() {
            self.text.reserve(kept.len().max(self.text.len()).max(1 << 10));
        }
        self.text.push_str(kept);
        self.fields.push(Field { data, kind: Kind::Str, flags, ..entry });
    }

    fn push_bytes(&mut self, key: KeyRef<'_>, value: &[u8], flags: u8) {
        let kept = value.get(..self.limits.value_bytes).unwrap_or(value);
        let flags = if kept.len() < value.len() { flags | TRUNCATED } else { flags };
        if !self.reserve_bytes(kept.len()) {
            return self.no_room(key);
        }
        let Some(entry) = self.key_entry(key) else { return };
        let flags = flags | entry.flags;
        let data = range(self.blob.len(), kept.len());
        self.blob.extend_from_slice(kept);
        self.fields.push(Field { data, kind: Kind::Bytes, flags, ..entry });
    }

    /// Nanoseconds go under `<key>_ns`, so that the unit is part of the name.
    fn push_duration(&mut self, key: KeyRef<'_>, nanos: u64, flags: u8) {
        let name = key.name();
        if name.ends_with("_ns") {
            return self.push_data(key, Kind::U64, nanos, flags);
        }
        if let Some(entry) = self.text_key_entry(name, "_ns") {
            let flags = flags | entry.flags;
            self.fields.push(Field { data: nanos, kind: Kind::U64, flags, ..entry });
        }
    }

    /// Records a list that [`crate::record::prepare`] has encoded.
    fn push_list(&mut self, key: KeyRef<'_>, encoded: &[u8], was_cut: bool, flags: u8) {
        let flags = if was_cut { flags | TRUNCATED } else { flags };
        if !self.reserve_bytes(encoded.len()) {
            return self.no_room(key);
        }
        let Some(entry) = self.key_entry(key) else { return };
        let flags = flags | entry.flags;
        let data = range(self.blob.len(), encoded.len());
        self.blob.extend_from_slice(encoded);
        self.fields.push(Field { data, kind: Kind::Array, flags, ..entry });
    }

    pub(crate) fn push_data(&mut self, key: KeyRef<'_>, kind: Kind, data: u64, flags: u8) {
        if let Some(entry) = self.key_entry(key) {
            let flags = flags | entry.flags;
            self.fields.push(Field { data, kind, flags, ..entry });
        }
    }

    /// Makes a field as if it had never been written, wherever else it may have been.
    pub(crate) fn clear_field(&mut self, key: &'static Key) {
        self.push_data(KeyRef::Static(key), Kind::Bool, 0, CLEARED);
    }

    /// A value did not fit even after a clean-up.
    #[cold]
    fn no_room(&mut self, key: KeyRef<'_>) {
        match key {
            KeyRef::Static(key) => self.losses.drop_field(key.name()),
            KeyRef::Text(name) => {
                let name = self.recorded_name(name).into_owned();
                self.losses.drop_field(&name);
            }
        }
    }

    /// The entry of a field but for its value; writes a run-time key. `None`: no room for the key.
    fn key_entry(&mut self, key: KeyRef<'_>) -> Option<Field> {
        let key = match key {
            KeyRef::Static(key) => key,
            KeyRef::Text(name) => return self.text_key_entry(name, ""),
        };
        self.room_for_entries();
        Some(Field { key: Some(key), data: 0, hash: key.hash(), kind: Kind::KeyText, flags: 0 })
    }

    /// As [`Self::key_entry`], for a run-time key, put together in the text itself. What a key of
    /// a user's becomes: at most [`MAX_KEY_BYTES`], never empty, out of ode's way.
    fn text_key_entry(&mut self, name: &str, suffix: &'static str) -> Option<Field> {
        self.room_for_entries();
        let (kept, flags) = self.kept_name(name);
        if !self.reserve_bytes(keys::MOVED_PREFIX.len() + kept.len() + suffix.len()) {
            self.losses.drop_field(kept);
            return None;
        }
        let start = self.text.len();
        self.text.push_str(kept);
        self.text.push_str(suffix);
        if self.is_reserved(self.text.get(start..).unwrap_or_default()) {
            self.text.insert_str(start, keys::MOVED_PREFIX);
            self.losses.renamed += 1;
        }
        let written = self.text.get(start..).unwrap_or_default();
        let hash = keys::hash(written);
        let entry = Field { key: None, data: 0, hash: 0, kind: Kind::KeyText, flags: 0 };
        self.fields.push(Field { data: range(start, written.len()), ..entry });
        Some(Field { hash, flags, ..entry })
    }

    /// What is kept of a run-time key, and what the field is marked with if that is not all.
    fn kept_name<'k>(&self, name: &'k str) -> (&'k str, u8) {
        if self.trusts_keys {
            return (name, 0);
        }
        let kept = cut(name, MAX_KEY_BYTES);
        match kept {
            "" => (EMPTY_KEY, 0),
            _ if kept.len() < name.len() => (kept, TRUNCATED),
            _ => (kept, 0),
        }
    }

    /// The name under which a run-time key is recorded.
    pub(crate) fn recorded_name<'k>(&self, name: &'k str) -> Cow<'k, str> {
        let (kept, _) = self.kept_name(name);
        if self.is_reserved(kept) {
            Cow::Owned(format!("{}{kept}", keys::MOVED_PREFIX))
        } else {
            Cow::Borrowed(kept)
        }
    }

    /// Whether a run-time key has to move out of ode's way.
    fn is_reserved(&self, name: &str) -> bool {
        !self.trusts_keys && keys::reserved_at_run_time(name) != Reserved::No
    }

    /// Runs with keys taken as they are: they were checked when they were first recorded.
    pub(crate) fn with_trusted_keys(&mut self, f: impl FnOnce(&mut Self)) {
        self.trusts_keys = true;
        f(self);
        self.trusts_keys = false;
    }

    /// Makes sure that `more` bytes fit; `false` when they do not even after a clean-up.
    fn reserve_bytes(&mut self, more: usize) -> bool {
        if self.text.len() + self.blob.len() + more <= self.byte_room {
            return true;
        }
        self.make_room();
        self.text.len() + self.blob.len() + more <= self.byte_room
    }

    #[cold]
    fn make_room(&mut self) {
        crate::record::compact::compact(self);
    }

    /// The name of the field at `at`.
    pub(crate) fn name_at(&self, at: usize) -> &str {
        name_at(&self.fields, &self.text, at)
    }
}

/// A key longer than this is cut.
const MAX_KEY_BYTES: usize = 1 << 10;
/// What a run-time key that is empty is recorded as.
const EMPTY_KEY: &str = "_";

/// The name of the field at `at`: its static key, or the key text before it.
pub(crate) fn name_at<'b>(fields: &'b [Field], text: &'b str, at: usize) -> &'b str {
    match fields.get(at) {
        Some(Field { key: Some(key), .. }) => key.name(),
        Some(_) => {
            let key = at.checked_sub(1).and_then(|before| fields.get(before));
            key.and_then(|key| text.get(unrange(key.data))).unwrap_or_default()
        }
        None => "",
    }
}
