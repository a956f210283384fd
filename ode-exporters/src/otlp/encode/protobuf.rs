//! Protobuf, written in one pass. Lengths that are known beforehand are as short as they can be;
//! the others are given four bytes, which every reader of protobuf takes.

use ode_core::{Entries, Event, EventId, ToArray, Value};

use crate::otlp::encode::fields::Field;
use crate::otlp::encode::names;
use crate::otlp::encode::prepared::Keys;
use crate::otlp::encode::quick;
use crate::otlp::encode::writer::{Lists, Writer};
use crate::write::digits::{put_uuid, uuid};
use crate::write::room::{Buffer, Room};

/// Puts messages as protobuf.
pub(crate) struct Protobuf<'m, 'r> {
    room: &'m mut Room<'r>,
    keys: Option<&'m mut Keys>,
}

impl<'m, 'r> Protobuf<'m, 'r> {
    /// With keys that are kept for the next message.
    pub(crate) fn with_keys(room: &'m mut Room<'r>, keys: &'m mut Keys) -> Self {
        Self { room, keys: Some(keys) }
    }
}

impl<'m, 'r> Writer<'m, 'r> for Protobuf<'m, 'r> {
    fn whole(room: &'m mut Room<'r>, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        body(&mut Self { room, keys: None })
    }

    #[inline]
    fn id<const N: usize>(&mut self, field: Field, id: [u8; N]) -> Option<()> {
        put_tag(self.room, field)?;
        self.room.put_array(&[length_byte(N)])?;
        self.room.put_array(&id)
    }

    #[inline]
    fn text(&mut self, field: Field, text: &str) -> Option<()> {
        put_tag(self.room, field)?;
        put_varint(self.room, text.len() as u64)?;
        self.room.put(text.as_bytes())
    }

    #[inline]
    fn fixed64(&mut self, field: Field, number: u64) -> Option<()> {
        put_tag(self.room, field)?;
        self.room.put_array(&number.to_le_bytes())
    }

    #[inline]
    fn fixed32(&mut self, field: Field, number: u32) -> Option<()> {
        put_tag(self.room, field)?;
        self.room.put_array(&number.to_le_bytes())
    }

    #[inline]
    fn number(&mut self, field: Field, number: u32) -> Option<()> {
        put_tag(self.room, field)?;
        put_varint(self.room, number.into())
    }

    fn message(&mut self, field: Field, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        put_tag(self.room, field)?;
        let length = self.room.reserve()?;
        let before = self.room.left();
        body(self)?;
        *length = padded(before - self.room.left());
        Some(())
    }

    fn item(&mut self, field: Field, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.message(field, body)
    }
}

impl Lists for Protobuf<'_, '_> {
    fn list(&mut self, _field: Field, items: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        items(self)
    }

    #[expect(clippy::inline_always, reason = "lets the kind of a value be asked for only once")]
    #[inline(always)]
    fn attribute(&mut self, field: Field, key: &str, value: Value<'_>) -> Option<()> {
        match value {
            Value::Str(v) => put_sized(self.room, field, key, STRING, v.as_bytes()),
            Value::I64(v) => put_integer(self.room, field, key, v.cast_unsigned()),
            Value::U64(v) => put_integer(self.room, field, key, v),
            Value::Bool(v) => {
                put_key(self.room, field, key, 2)?;
                self.room.put_array(&[BOOL, u8::from(v)])
            }
            Value::F64(v) => {
                put_key(self.room, field, key, 9)?;
                self.room.put_array(&[DOUBLE])?;
                self.room.put_array(&v.to_bits().to_le_bytes())
            }
            Value::Bytes(v) => put_sized(self.room, field, key, BYTES, v),
            other => put_nested(self.room, field, key, other),
        }
    }

    #[inline]
    fn identity(&mut self, field: Field, event: &Event) -> Option<()> {
        put_event_id(self.room, field, event.event_id())?;
        let outcome = event.outcome();
        let ended =
            [(names::OUTCOME, outcome.as_str()), (names::BUILD_ID, event.process().build_id())];
        let put = |room: &mut Room<'_>| {
            let mut ended = ended.into_iter();
            ended.try_for_each(|(key, text)| put_sized(room, field, key, STRING, text.as_bytes()))
        };
        match &mut self.keys {
            Some(keys) => {
                let write = |bytes: &mut Buffer| bytes.append(64, put);
                self.room.put(keys.identities.of(field, outcome, write))
            }
            None => put(self.room),
        }
    }

    #[inline]
    fn quickly(&mut self, field: Field, entries: &mut Entries<'_>) {
        let keys = self.keys.as_mut().and_then(|keys| keys.open());
        if let (Some(keys), [tag @ 0..0x80, 0]) = (keys, field.tag.to_le_bytes()) {
            quick::put(self.room, tag, keys, entries);
        }
    }
}

/// A number as [`put_varint`] writes it, and how many of the bytes count: halves, quarters and eighths
/// are moved apart side by side in one word.
#[inline]
pub(crate) fn varint_below_57_bits(number: u64) -> Option<([u8; 8], usize)> {
    let length = varint_length(number);
    if length > 8 {
        return None;
    }
    let halves = number & 0x0fff_ffff | (number << 4 & 0x0fff_ffff_0000_0000);
    let quarters = halves & 0x0000_3fff_0000_3fff | (halves << 2 & 0x3fff_0000_3fff_0000);
    let eighths = quarters & 0x007f_007f_007f_007f | (quarters << 1 & 0x7f00_7f00_7f00_7f00);
    // On all but the last one.
    let more = 0x0080_8080_8080_8080 & ((1 << (8 * (length - 1))) - 1);
    Some(((eighths | more).to_le_bytes(), length))
}

/// Tags of `AnyValue`.
pub(crate) const STRING: u8 = 1 << 3 | 2;
pub(crate) const BOOL: u8 = 2 << 3;
pub(crate) const INT: u8 = 3 << 3;
pub(crate) const DOUBLE: u8 = 4 << 3 | 1;
const ARRAY: u8 = 5 << 3 | 2;
const BYTES: u8 = 7 << 3 | 2;
/// Tags of `KeyValue`, and of the items of `ArrayValue`.
pub(crate) const KEY: u8 = 1 << 3 | 2;
pub(crate) const VALUE: u8 = 2 << 3 | 2;
const ITEM: u8 = 1 << 3 | 2;

#[expect(clippy::cast_possible_truncation, reason = "lengths below 128 only")]
pub(crate) const fn length_byte(length: usize) -> u8 {
    length as u8
}

#[inline]
fn put_tag(room: &mut Room<'_>, field: Field) -> Option<()> {
    let [low, high] = field.tag.to_le_bytes();
    if field.tag < 0x80 {
        room.put_array(&[low])
    } else {
        room.put_array(&[low | 0x80, high << 1 | low >> 7])
    }
}

/// A number, seven bits a byte.
#[inline]
pub(crate) fn put_varint(room: &mut Room<'_>, number: u64) -> Option<()> {
    if number < 0x80 {
        return room.put_array(&[number.to_le_bytes()[0]]);
    }
    put_long_varint(room, number)
}

fn put_long_varint(room: &mut Room<'_>, number: u64) -> Option<()> {
    let length = varint_length(number);
    let mut rest = number;
    for byte in room.window(length)? {
        *byte = rest.to_le_bytes()[0] | 0x80;
        rest >>= 7;
    }
    if let Some(last) = room.window(length)?.last_mut() {
        *last &= 0x7f;
    }
    room.advance(length)
}

/// How many bytes [`put_varint`] writes.
#[inline]
pub(crate) const fn varint_length(number: u64) -> usize {
    (number | 1).ilog2() as usize / 7 + 1
}

/// A length in four bytes, however short it is. Requests are smaller than the 256 MiB that fit.
pub(crate) const fn padded(length: usize) -> [u8; 4] {
    let [a, b, c, d, ..] = (length as u64).to_le_bytes();
    let bits = u32::from_le_bytes([a, b, c, d]);
    let spread = bits & 0x7f
        | (bits << 1 & 0x7f00)
        | (bits << 2 & 0x007f_0000)
        | (bits << 3 & 0x7f00_0000)
        | 0x0080_8080;
    spread.to_le_bytes()
}

/// Whether a `KeyValue` with this much in it has one-byte lengths, and its field a one-byte tag.
#[inline]
fn is_short(field: Field, key: &str, value: usize) -> bool {
    key.len() + value < 0x80 - 4 && field.tag < 0x80
}

/// Puts a short `KeyValue` up to its value, which is `value` bytes long.
#[expect(clippy::inline_always, reason = "a call would cost as much as what it does")]
#[inline(always)]
fn put_short_key(room: &mut Room<'_>, field: Field, key: &str, value: usize) -> Option<()> {
    let [tag, _] = field.tag.to_le_bytes();
    let (total, length) = (length_byte(key.len() + value + 4), length_byte(key.len()));
    room.put_array(&[tag, total, KEY, length])?;
    room.put(key.as_bytes())
}

/// Puts a `KeyValue` up to its value, which is `value` bytes long.
#[inline(never)]
fn put_key(room: &mut Room<'_>, field: Field, key: &str, value: usize) -> Option<()> {
    if is_short(field, key, value) {
        put_short_key(room, field, key, value)?;
        return room.put_array(&[VALUE, length_byte(value)]);
    }
    put_long_key(room, field, key, value)
}

#[inline(never)]
fn put_long_key(room: &mut Room<'_>, field: Field, key: &str, value: usize) -> Option<()> {
    let keys = key.len();
    put_tag(room, field)?;
    let total = 2 + varint_length(keys as u64) + keys + varint_length(value as u64) + value;
    put_varint(room, total as u64)?;
    room.put_array(&[KEY])?;
    put_varint(room, keys as u64)?;
    room.put(key.as_bytes())?;
    room.put_array(&[VALUE])?;
    put_varint(room, value as u64)
}

/// An event's id, with all the lengths that never change.
#[inline]
fn put_event_id(room: &mut Room<'_>, field: Field, id: EventId) -> Option<()> {
    const HEAD: [u8; 16] = *b"_\x32\x0a\x08event_id\x12\x26\x0a\x24";
    let [tag @ 0..0x80, 0] = field.tag.to_le_bytes() else {
        return put_sized(room, field, names::EVENT_ID, STRING, &uuid(id));
    };
    let place = room.reserve::<52>()?;
    let (head, text) = place.split_first_chunk_mut()?;
    *head = HEAD;
    head[0] = tag;
    put_uuid(id, text.first_chunk_mut()?);
    Some(())
}

/// Text or bytes.
#[inline(never)]
fn put_sized(room: &mut Room<'_>, field: Field, key: &str, tag: u8, bytes: &[u8]) -> Option<()> {
    let length = bytes.len();
    if is_short(field, key, length + 2) {
        put_short_key(room, field, key, length + 2)?;
        room.put_array(&[VALUE, length_byte(length + 2), tag, length_byte(length)])?;
        return room.put(bytes);
    }
    put_key(room, field, key, 1 + varint_length(length as u64) + length)?;
    put_bytes(room, tag, bytes)
}

/// An integer, negative ones as the 64 bits they are.
#[inline]
fn put_integer(room: &mut Room<'_>, field: Field, key: &str, bits: u64) -> Option<()> {
    if bits < 1 << 14 && is_short(field, key, 3) {
        // One byte or two, of which the second is kept if it counts.
        let [low, high, ..] = (bits << 1 & 0x7f00 | bits & 0x7f).to_le_bytes();
        let two = u8::from(bits >= 0x80);
        put_short_key(room, field, key, 2 + usize::from(two))?;
        return room.put_part([VALUE, 2 + two, INT, low | two << 7, high], 4 + usize::from(two));
    }
    put_key(room, field, key, 1 + varint_length(bits))?;
    room.put_array(&[INT])?;
    put_varint(room, bits)
}

/// A list, and what finished events do not hold.
#[inline(never)]
fn put_nested(room: &mut Room<'_>, field: Field, key: &str, value: Value<'_>) -> Option<()> {
    put_tag(room, field)?;
    put_padded(room, |room| {
        room.put_array(&[KEY])?;
        put_varint(room, key.len() as u64)?;
        room.put(key.as_bytes())?;
        room.put_array(&[VALUE])?;
        put_padded(room, |room| put_any_value(room, value))
    })
}

fn put_padded<'r>(
    room: &mut Room<'r>,
    body: impl FnOnce(&mut Room<'r>) -> Option<()>,
) -> Option<()> {
    let length = room.reserve()?;
    let before = room.left();
    body(room)?;
    *length = padded(before - room.left());
    Some(())
}

/// The content of an `AnyValue`.
fn put_any_value(room: &mut Room<'_>, value: Value<'_>) -> Option<()> {
    match value {
        Value::Absent => Some(()),
        Value::Bool(v) => room.put_array(&[BOOL, u8::from(v)]),
        Value::I64(v) => {
            room.put_array(&[INT])?;
            put_varint(room, v.cast_unsigned())
        }
        Value::U64(v) => {
            room.put_array(&[INT])?;
            put_varint(room, v)
        }
        Value::F64(v) => {
            room.put_array(&[DOUBLE])?;
            room.put_array(&v.to_bits().to_le_bytes())
        }
        Value::Str(v) => put_bytes(room, STRING, v.as_bytes()),
        Value::Bytes(v) => put_bytes(room, BYTES, v),
        Value::Array(list) => {
            room.put_array(&[ARRAY])?;
            put_padded(room, |room| put_items(room, list))
        }
        Value::Duration(v) => {
            room.put_array(&[INT])?;
            put_varint(room, u64::try_from(v.as_nanos()).unwrap_or(u64::MAX) & i64::MAX as u64)
        }
        // A kind that is added later is better shown than lost.
        other => put_bytes(room, STRING, format!("{other:?}").as_bytes()),
    }
}

fn put_bytes(room: &mut Room<'_>, tag: u8, bytes: &[u8]) -> Option<()> {
    room.put_array(&[tag])?;
    put_varint(room, bytes.len() as u64)?;
    room.put(bytes)
}

fn put_items(room: &mut Room<'_>, list: &dyn ToArray) -> Option<()> {
    let mut fits = Some(());
    list.for_each(&mut |item| {
        if fits.is_some() && !matches!(item, Value::Absent) {
            fits = room
                .put_array(&[ITEM])
                .and_then(|()| put_padded(room, |room| put_any_value(room, item)));
        }
    });
    fits
}
