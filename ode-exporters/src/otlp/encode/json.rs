//! OTLP/JSON: names in lower camel case, ids in hexadecimal, 64-bit integers as decimal text, enums
//! as integers, bytes in base64.

use ode_core::{ToArray, Value};

use crate::otlp::encode::fields::Field;
use crate::otlp::encode::writer::{Lists, Writer};
use crate::write::digits::{hex8, put_i64, put_u64, words};
use crate::write::escape::put_string;
use crate::write::room::Room;
use crate::write::scalars::{put_base64, put_float};

/// Puts messages as JSON.
pub(crate) struct Json<'m, 'r> {
    room: &'m mut Room<'r>,
    /// Whether something stands before, in the same braces or brackets.
    follows: bool,
}

impl Json<'_, '_> {
    #[inline]
    fn separate(&mut self) -> Option<()> {
        if std::mem::replace(&mut self.follows, true) {
            self.room.put_array(b",")?;
        }
        Some(())
    }

    #[inline]
    fn name(&mut self, field: Field) -> Option<()> {
        self.separate()?;
        self.room.put(field.json.as_bytes())
    }

    fn within(
        &mut self,
        open: u8,
        close: u8,
        body: impl FnOnce(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.room.put_array(&[open])?;
        self.follows = false;
        body(self)?;
        self.follows = true;
        self.room.put_array(&[close])
    }
}

impl<'m, 'r> Writer<'m, 'r> for Json<'m, 'r> {
    fn whole(room: &'m mut Room<'r>, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        Self { room, follows: false }.within(b'{', b'}', body)
    }

    fn id<const N: usize>(&mut self, field: Field, id: [u8; N]) -> Option<()> {
        self.name(field)?;
        self.room.put_array(b"\"")?;
        words(id).try_for_each(|word| self.room.put_array(&hex8(word)))?;
        self.room.put_array(b"\"")
    }

    fn text(&mut self, field: Field, text: &str) -> Option<()> {
        self.name(field)?;
        put_string(self.room, text)
    }

    fn fixed64(&mut self, field: Field, number: u64) -> Option<()> {
        self.name(field)?;
        self.room.put_array(b"\"")?;
        put_u64(self.room, number)?;
        self.room.put_array(b"\"")
    }

    fn fixed32(&mut self, field: Field, number: u32) -> Option<()> {
        self.number(field, number)
    }

    fn number(&mut self, field: Field, number: u32) -> Option<()> {
        self.name(field)?;
        put_u64(self.room, number.into())
    }

    fn message(&mut self, field: Field, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.name(field)?;
        self.within(b'{', b'}', body)
    }

    fn item(&mut self, _field: Field, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.separate()?;
        self.within(b'{', b'}', body)
    }
}

impl Lists for Json<'_, '_> {
    fn list(&mut self, field: Field, items: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.name(field)?;
        self.within(b'[', b']', items)
    }

    #[inline]
    fn attribute(&mut self, _field: Field, key: &str, value: Value<'_>) -> Option<()> {
        self.separate()?;
        self.room.put_array(b"{\"key\":")?;
        put_string(self.room, key)?;
        self.room.put_array(b",\"value\":")?;
        put_any_value(self.room, value)?;
        self.room.put_array(b"}")
    }
}

/// An `AnyValue`, braces and all.
fn put_any_value(room: &mut Room<'_>, value: Value<'_>) -> Option<()> {
    match value {
        Value::Absent => return room.put_array(b"{}"),
        Value::Str(v) => {
            room.put_array(b"{\"stringValue\":")?;
            put_string(room, v)?;
        }
        Value::I64(v) => {
            room.put_array(b"{\"intValue\":\"")?;
            put_i64(room, v)?;
            room.put_array(b"\"")?;
        }
        Value::U64(v) => {
            room.put_array(b"{\"intValue\":\"")?;
            put_u64(room, v)?;
            room.put_array(b"\"")?;
        }
        Value::F64(v) => {
            room.put_array(b"{\"doubleValue\":")?;
            put_float(room, v)?;
        }
        Value::Bool(v) => {
            room.put_array(b"{\"boolValue\":")?;
            room.put(if v { b"true" } else { b"false" })?;
        }
        Value::Bytes(v) => {
            room.put_array(b"{\"bytesValue\":")?;
            put_base64(room, v)?;
        }
        Value::Array(list) => {
            room.put_array(b"{\"arrayValue\":{\"values\":[")?;
            put_items(room, list)?;
            room.put_array(b"]}")?;
        }
        Value::Duration(v) => {
            let nanos = u64::try_from(v.as_nanos()).unwrap_or(u64::MAX) & i64::MAX as u64;
            return put_any_value(room, Value::U64(nanos));
        }
        // A kind that is added later is better shown than lost.
        other => return put_any_value(room, Value::Str(&format!("{other:?}"))),
    }
    room.put_array(b"}")
}

fn put_items(room: &mut Room<'_>, list: &dyn ToArray) -> Option<()> {
    let (mut fits, mut follows) = (Some(()), false);
    list.for_each(&mut |item| {
        if fits.is_some() && !matches!(item, Value::Absent) {
            let comma: &[u8] = if std::mem::replace(&mut follows, true) { b"," } else { b"" };
            fits = room.put(comma).and_then(|()| put_any_value(room, item));
        }
    });
    fits
}
