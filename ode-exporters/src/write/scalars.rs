//! Values in plain JSON.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ode_core::{ToArray, Value};

use crate::write::digits::{put_finite, put_i64, put_u64};
use crate::write::escape::{put_string, put_text};
use crate::write::room::Room;

/// Puts `,"name":value`, or nothing for no value. `json` is `,"name":` where the name is known to need no escaping.
#[expect(clippy::inline_always, reason = "lets the kind of a value be asked for only once")]
#[inline(always)]
pub(crate) fn put_field(
    room: &mut Room<'_>,
    name: &str,
    json: Option<&'static str>,
    value: Value<'_>,
) -> Option<()> {
    if matches!(value, Value::Absent) {
        return Some(());
    }
    match json {
        Some(json) => room.put(json.as_bytes())?,
        None => put_key(room, name)?,
    }
    match value {
        Value::Str(v) => put_string(room, v),
        Value::I64(v) => put_i64(room, v),
        Value::U64(v) => put_u64(room, v),
        Value::F64(v) => put_float(room, v),
        Value::Bool(true) => room.put_array(b"true"),
        Value::Bool(false) => room.put_array(b"false"),
        Value::Bytes(v) => put_base64(room, v),
        Value::Array(v) => put_list(room, v),
        other => put_unusual(room, other),
    }
}

#[inline(never)]
fn put_key(room: &mut Room<'_>, name: &str) -> Option<()> {
    room.put_array(b",")?;
    put_string(room, name)?;
    room.put_array(b":")
}

pub(crate) fn put_float(room: &mut Room<'_>, float: f64) -> Option<()> {
    if float.is_finite() {
        put_finite(room, float)
    } else if float.is_nan() {
        room.put_array(b"\"NaN\"")
    } else if float > 0.0 {
        room.put_array(b"\"Infinity\"")
    } else {
        room.put_array(b"\"-Infinity\"")
    }
}

#[inline(never)]
fn put_list(room: &mut Room<'_>, list: &dyn ToArray) -> Option<()> {
    let mut separator = b"[";
    let mut fits = Some(());
    list.for_each(&mut |item| {
        if fits.is_some() && !matches!(item, Value::Absent) {
            fits = room.put_array(separator).and_then(|()| put_item(room, item));
            separator = b",";
        }
    });
    fits?;
    room.put(if separator == b"[" { b"[]" } else { b"]" })
}

fn put_item(room: &mut Room<'_>, item: Value<'_>) -> Option<()> {
    match item {
        Value::Str(v) => put_string(room, v),
        Value::I64(v) => put_i64(room, v),
        Value::U64(v) => put_u64(room, v),
        Value::F64(v) => put_float(room, v),
        Value::Bool(v) => room.put(if v { b"true" } else { b"false" }),
        Value::Bytes(v) => put_base64(room, v),
        Value::Array(v) => put_list(room, v),
        other => put_unusual(room, other),
    }
}

/// What finished events do not hold; a kind that is added later is better shown than lost.
#[cold]
fn put_unusual(room: &mut Room<'_>, value: Value<'_>) -> Option<()> {
    match value {
        Value::Duration(v) => put_u64(room, u64::try_from(v.as_nanos()).unwrap_or(u64::MAX)),
        Value::Display(v) => put_formatted(room, format_args!("{v}")),
        Value::Debug(v) => put_formatted(room, format_args!("{v:?}")),
        other => put_formatted(room, format_args!("{other:?}")),
    }
}

/// What is text only by `Display` or `Debug`. A failing one leaves what it wrote so far.
fn put_formatted(room: &mut Room<'_>, text: fmt::Arguments<'_>) -> Option<()> {
    struct Escaping<'a, 'r>(&'a mut Room<'r>, Option<()>);
    impl fmt::Write for Escaping<'_, '_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.1 = self.1.and_then(|()| put_text(self.0, text));
            self.1.ok_or(fmt::Error)
        }
    }

    room.put_array(b"\"")?;
    let mut escaping = Escaping(room, Some(()));
    escaping.write_fmt(text).ok();
    escaping.1?;
    room.put_array(b"\"")
}

#[inline(never)]
pub(crate) fn put_base64(room: &mut Room<'_>, bytes: &[u8]) -> Option<()> {
    let length = base64::encoded_len(bytes.len(), true)?;
    room.put_array(b"\"")?;
    // The window is exactly what is needed, so the only failure is too little room.
    STANDARD.encode_slice(bytes, room.window(length)?).ok()?;
    room.advance(length)?;
    room.put_array(b"\"")
}
