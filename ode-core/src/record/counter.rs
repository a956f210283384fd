//! `incr!` in constant memory: a counter is found again, and added to in place.

use std::borrow::Cow;

use crate::event::keys;
use crate::event::value::Number;
use crate::record::buffer::{APPEND, Buffer, CLEARED, Field, INHERITED, KeyRef, Kind, name_at};
use crate::record::index::{Found, KeyIndex};

/// Where the counters of a record are.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    index: KeyIndex,
    entries: Vec<Counter>,
}

#[derive(Clone, Copy, Debug)]
struct Counter {
    /// The entry the counter lives in.
    field: usize,
    /// Later entries up to here are known not to be a newer write of the same key.
    scanned: usize,
}

impl Counters {
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

impl Buffer {
    /// Adds to a counter. A field of that key that is no number is replaced, as `set!` would.
    /// `base` is what a new counter is marked with: `DELTA` where the field may exist elsewhere.
    pub(crate) fn incr(&mut self, key: KeyRef<'_>, by: Number, base: u8) {
        let (name, hash) = match key {
            KeyRef::Static(key) => (Cow::Borrowed(key.name()), key.hash()),
            KeyRef::Text(name) => {
                let name = self.recorded_name(name);
                let hash = keys::hash(&name);
                (name, hash)
            }
        };
        let counter = self.find_counter(&name, hash);
        let newest = counter.and_then(|at| self.newest_write(at, &name, hash));
        let newest = newest.and_then(|at| self.fields.get_mut(at));
        let ((mut kind, mut data), mut flags) = (encode(by), base);
        if let Some(field) = newest
            && let Some(sum) = add(field, by)
        {
            ((kind, data), flags) = (sum, 0);
            if field.flags & INHERITED == 0 {
                (field.kind, field.data) = sum;
                return;
            }
            // What was inherited stays as it was said; counting on from it is the unit's own.
        }
        let before = self.fields.len();
        self.push_data(key, kind, data, flags);
        if self.fields.len() > before {
            self.remember(&name, hash, self.fields.len() - 1);
        }
    }

    fn find_counter(&mut self, name: &str, hash: u32) -> Option<usize> {
        if self.counters.entries.is_empty() {
            self.counters.index.clear(8);
        }
        let Self { fields, text, counters, .. } = self;
        let is = |at: u32| {
            let counter = counters.entries.get(at as usize);
            counter.is_some_and(|counter| name_at(fields, text, counter.field) == name)
        };
        match counters.index.find(hash, is) {
            Found::Position(at) => Some(at as usize),
            // The first `incr!` of a key looks once for a field of that key.
            Found::Vacant(_) => {
                let field = last_write(fields, text, 0, name, hash)?;
                self.remember(name, hash, field);
                Some(self.counters.entries.len() - 1)
            }
        }
    }

    /// The newest entry of the counter's key: a `set!` after the last `incr!` counts.
    fn newest_write(&mut self, counter: usize, name: &str, hash: u32) -> Option<usize> {
        let Self { fields, text, counters, .. } = self;
        let entry = counters.entries.get_mut(counter)?;
        if let Some(newer) = last_write(fields, text, entry.scanned, name, hash) {
            entry.field = newer;
        }
        entry.scanned = fields.len();
        Some(entry.field)
    }

    fn remember(&mut self, name: &str, hash: u32, field: usize) {
        let Self { fields, text, counters, .. } = self;
        let entry = Counter { field, scanned: fields.len() };
        let known = counters.index.find(hash, |at| {
            let counter = counters.entries.get(at as usize);
            counter.is_some_and(|counter| name_at(fields, text, counter.field) == name)
        });
        match known {
            Found::Position(at) => {
                if let Some(known) = counters.entries.get_mut(at as usize) {
                    *known = entry;
                }
            }
            Found::Vacant(ticket) => {
                let at = u32::try_from(counters.entries.len()).unwrap_or(u32::MAX);
                counters.entries.push(entry);
                counters.index.insert(ticket, hash, at);
            }
        }
    }
}

fn last_write(fields: &[Field], text: &str, from: usize, name: &str, hash: u32) -> Option<usize> {
    let newer = fields.get(from..)?;
    let at = newer.iter().enumerate().rev().find_map(|(at, field)| {
        let same = field.hash == hash
            && field.kind != Kind::KeyText
            && name_at(fields, text, from + at) == name;
        same.then_some(from + at)
    })?;
    Some(at)
}

/// The amount as an entry holds it.
pub(crate) fn encode(number: Number) -> (Kind, u64) {
    match number {
        Number::I64(v) => (Kind::I64, v.cast_unsigned()),
        Number::U64(v) => (Kind::U64, v),
        Number::F64(v) => (Kind::F64, v.to_bits()),
    }
}

/// The amount an entry holds.
pub(crate) fn decode(kind: Kind, data: u64) -> Option<Number> {
    match kind {
        Kind::I64 => Some(Number::I64(data.cast_signed())),
        Kind::U64 => Some(Number::U64(data)),
        Kind::F64 => Some(Number::F64(f64::from_bits(data))),
        _ => None,
    }
}

/// `None` when the field is not a number, or one of a list.
fn add(field: &Field, by: Number) -> Option<(Kind, u64)> {
    if field.flags & (APPEND | CLEARED) != 0 {
        return None;
    }
    let sum = match (decode(field.kind, field.data)?, by) {
        (Number::U64(a), Number::U64(b)) => Number::U64(a.saturating_add(b)),
        (Number::F64(a), b) => Number::F64(a + as_f64(b)),
        (a, Number::F64(b)) => Number::F64(as_f64(a) + b),
        (a, b) => whole(as_i128(a) + as_i128(b)),
    };
    Some(encode(sum))
}

fn as_i128(number: Number) -> i128 {
    match number {
        Number::I64(v) => v.into(),
        Number::U64(v) => v.into(),
        Number::F64(_) => 0,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum with a float is a float")]
fn as_f64(number: Number) -> f64 {
    match number {
        Number::I64(v) => v as f64,
        Number::U64(v) => v as f64,
        Number::F64(v) => v,
    }
}

/// Signed while it fits, unsigned above, saturating at both ends.
fn whole(sum: i128) -> Number {
    match (i64::try_from(sum), u64::try_from(sum)) {
        (Ok(sum), _) => Number::I64(sum),
        (_, Ok(sum)) => Number::U64(sum),
        _ if sum < 0 => Number::I64(i64::MIN),
        _ => Number::U64(u64::MAX),
    }
}
