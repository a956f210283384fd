//! From a [`Value`] to something that can be copied: all user code runs here, before any access
//! to the record.

use std::cell::Cell;

use crate::event::limits::cut;
use crate::event::value::{ToArray, Value, saturating_nanos};
use crate::record::buffer::Kind;
use crate::record::format;

/// A value with nothing left to format.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prepared<'v> {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    /// Text, and whether its writer cut it.
    Text(&'v str, bool),
    Bytes(&'v [u8]),
    Nanos(u64),
    /// Elements as `[kind, payload]*`, and whether some were cut or left out.
    List(&'v [u8], bool),
}

/// Formats what needs formatting, at most `budget` bytes of it, and hands it on.
/// `None` for [`Value::Absent`].
#[inline]
pub(crate) fn prepare<R>(
    value: Value<'_>,
    budget: usize,
    then: impl FnOnce(Prepared<'_>) -> R,
) -> Option<R> {
    Some(match value {
        Value::Absent => return None,
        Value::Bool(v) => then(Prepared::Bool(v)),
        Value::I64(v) => then(Prepared::I64(v)),
        Value::U64(v) => then(Prepared::U64(v)),
        Value::F64(v) => then(Prepared::F64(v)),
        Value::Str(v) => then(Prepared::Text(v, false)),
        Value::Bytes(v) => then(Prepared::Bytes(v)),
        Value::Duration(v) => then(Prepared::Nanos(saturating_nanos(v))),
        Value::Display(v) => format::with_display(v, budget, |t, cut| then(Prepared::Text(t, cut))),
        Value::Debug(v) => format::with_debug(v, budget, |t, cut| then(Prepared::Text(t, cut))),
        Value::Array(v) => with_list(v, budget, |l, cut| then(Prepared::List(l, cut))),
    })
}

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A scratch larger than this is not kept for the next list.
const KEEP_BYTES: usize = 64 << 10;

fn with_list<R>(list: &dyn ToArray, budget: usize, then: impl FnOnce(&[u8], bool) -> R) -> R {
    let mut out = SCRATCH.try_with(Cell::take).unwrap_or_default();
    out.clear();
    let mut was_cut = false;
    let all = format::caught(|| {
        list.for_each(&mut |item| was_cut |= !push_element(&mut out, item, budget));
    });
    if all.is_none() {
        was_cut = true;
        push_element(&mut out, Value::Str(format::PANICKED), budget);
    }
    let result = then(&out, was_cut);
    if out.capacity() <= KEEP_BYTES {
        drop(SCRATCH.try_with(|scratch| scratch.replace(out)));
    }
    result
}

/// Appends one element; `false` when it was cut or left out.
fn push_element(out: &mut Vec<u8>, item: Value<'_>, budget: usize) -> bool {
    let room = budget.saturating_sub(out.len() + 5);
    match item {
        Value::Absent => true,
        // Lists hold scalars; a list inside a list is left out and the list marked as cut.
        Value::Array(_) => false,
        Value::Bool(v) => push_scalar(out, Kind::Bool, u64::from(v), budget),
        Value::I64(v) => push_scalar(out, Kind::I64, v.cast_unsigned(), budget),
        Value::U64(v) => push_scalar(out, Kind::U64, v, budget),
        Value::F64(v) => push_scalar(out, Kind::F64, v.to_bits(), budget),
        Value::Duration(v) => push_scalar(out, Kind::U64, saturating_nanos(v), budget),
        Value::Str(v) => {
            push_run(out, Kind::Str, cut(v, room).as_bytes(), budget) && v.len() <= room
        }
        Value::Bytes(v) => {
            push_run(out, Kind::Bytes, v.get(..room).unwrap_or(v), budget) && v.len() <= room
        }
        Value::Display(v) => format::with_display(v, room, |text, was_cut| {
            push_run(out, Kind::Str, text.as_bytes(), budget) && !was_cut
        }),
        Value::Debug(v) => format::with_debug(v, room, |text, was_cut| {
            push_run(out, Kind::Str, text.as_bytes(), budget) && !was_cut
        }),
    }
}

pub(crate) fn push_scalar(out: &mut Vec<u8>, kind: Kind, data: u64, budget: usize) -> bool {
    if out.len() + 9 > budget {
        return false;
    }
    out.push(kind as u8);
    out.extend_from_slice(&data.to_le_bytes());
    true
}

pub(crate) fn push_run(out: &mut Vec<u8>, kind: Kind, bytes: &[u8], budget: usize) -> bool {
    let Ok(length) = u32::try_from(bytes.len()) else {
        return false;
    };
    if out.len() + 5 + bytes.len() > budget {
        return false;
    }
    out.push(kind as u8);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
    true
}
