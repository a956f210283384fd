//! Attributes that are written without a look at what is already known of them: every piece is copied
//! as long as the longest one is, and the next one begins where it really ends.

use ode_core::{Entries, Glance, Plain};

use crate::otlp::encode::facts::may_be_special;
use crate::otlp::encode::prepared::{BEFORE_NAME, MAX_NAME, Prepared, Slots, prepared};
use crate::otlp::encode::protobuf::{
    BOOL, DOUBLE, INT, KEY, STRING, VALUE, length_byte, varint_below_57_bits,
};
use crate::write::room::Room;

/// As many bytes as the longest attribute has that is put quickly, and then some.
const QUICK: usize = 192;

/// Puts attributes whose lengths take one byte, from the first one up to one that is not like that,
/// which is left in `entries`.
#[inline]
pub(crate) fn put(room: &mut Room<'_>, tag: u8, keys: &mut Slots, entries: &mut Entries<'_>) {
    match entries.peek() {
        Some((entry, _)) if entry.key().is_some() => put_prepared(room, tag, keys, entries),
        Some(_) => put_run_time(room, tag, entries),
        None => {}
    }
}

/// [`put`] while keys are prepared.
#[inline(never)]
fn put_prepared(room: &mut Room<'_>, tag: u8, keys: &mut Slots, entries: &mut Entries<'_>) {
    // Copied, so that what is stored on the way cannot change them.
    let mut rest = entries.clone();
    room.fill(|mut free| {
        while let Some((entry, behind)) = rest.peek()
            && let Some(space) = free.first_chunk_mut()
            && let Some(key) = prepared(keys, entry)
            && let Some(length) = put_attribute(space, tag, key, entry)
            && length <= free.len()
        {
            rest = behind;
            free = free.split_at_mut(length).1;
        }
        free
    });
    *entries = rest;
}

/// [`put`] while keys are run-time keys. One loop for both ways takes fifteen instructions more for each
/// attribute: what comes behind would go in and out of it as a whole.
#[inline(never)]
fn put_run_time(room: &mut Room<'_>, tag: u8, entries: &mut Entries<'_>) {
    let mut rest = entries.clone();
    room.fill(|mut free| {
        while let Some((key, behind)) = rest.peek()
            && let Some((entry, behind)) = behind.peek()
            && let Some(space) = free.first_chunk_mut()
            && let Some(at) = put_run_time_key(space, key)
            && let Some(length) = put_value(space, tag, at, entry)
            && length <= free.len()
        {
            rest = behind;
            free = free.split_at_mut(length).1;
        }
        free
    });
    *entries = rest;
}

/// Puts a run-time key behind the place for the tag and the length; says where it ends.
#[expect(clippy::inline_always, reason = "a part of the loop, to be read on its own")]
#[inline(always)]
fn put_run_time_key(space: &mut [u8; QUICK], key: Glance<'_>) -> Option<usize> {
    let (wide, length) = key.run_time_key()?;
    if length > MAX_NAME || may_be_special(wide.get(..length)?) {
        return None;
    }
    put_at(space, 0, [0, length_byte(length + 2), KEY, length_byte(length)])?;
    put_at(space, BEFORE_NAME, *wide)?;
    Some(BEFORE_NAME + length)
}

/// Puts an attribute, and says how many bytes it has.
#[expect(clippy::inline_always, reason = "a part of the loop, to be read on its own")]
#[inline(always)]
fn put_attribute(
    space: &mut [u8; QUICK],
    tag: u8,
    key: &Prepared,
    entry: Glance<'_>,
) -> Option<usize> {
    *space.first_chunk_mut()? = key.bytes;
    put_value(space, tag, key.length(), entry)
}

/// Puts the value behind the key, and what stands before that; says how many bytes there are then.
#[expect(clippy::inline_always, reason = "a part of the loop, to be read on its own")]
#[inline(always)]
fn put_value(space: &mut [u8; QUICK], tag: u8, at: usize, entry: Glance<'_>) -> Option<usize> {
    // The bytes of the value, with its tag and its length.
    let size = match entry.value() {
        Plain::Text(wide, length) => {
            // The text's length, and that of the value around it, two bytes before it.
            let lengths = u32::from(length_byte(length)) * 0x0100_0100;
            let head = u32::from_le_bytes([VALUE, 2, STRING, 0]) + lengths;
            put_at(space, at, head.to_le_bytes())?;
            if length <= 32 {
                put_at(space, at + 4, *wide.first_chunk::<32>()?)?;
            } else {
                put_at(space, at + 4, *wide)?;
            }
            length + 4
        }
        Plain::I64(number) => put_varint_at(space, at, u64::try_from(number).ok()?)?,
        Plain::U64(number) => put_varint_at(space, at, number)?,
        Plain::F64(number) => {
            put_at(space, at, [VALUE, 9, DOUBLE])?;
            put_at(space, at + 3, number.to_bits().to_le_bytes())?;
            11
        }
        Plain::Bool(value) => {
            put_at(space, at, [VALUE, 2, BOOL, u8::from(value)])?;
            4
        }
        Plain::Other => return None,
    };
    let [first, total, ..] = space;
    *first = tag;
    *total += length_byte(size);
    Some(at + size)
}

/// Puts an integer of at most 56 bits as a value; says how many bytes that is.
#[inline]
fn put_varint_at(space: &mut [u8; QUICK], at: usize, number: u64) -> Option<usize> {
    if number < 1 << 14 {
        let two = u64::from(number >= 0x80);
        let digits = number & 0x7f | two << 7 | number << 1 & 0x7f00;
        put_at(space, at, integer_head(2 + two, digits))?;
        return Some(4 + usize::from(number >= 0x80));
    }
    if number < 1 << 28 {
        let halves = number & 0x3fff | (number << 2 & 0x3fff_0000);
        let quarters = halves & 0x007f_007f | (halves << 1 & 0x7f00_7f00);
        let four = u64::from(number >= 1 << 21);
        let digits = quarters | 0x8080 | four << 23;
        put_at(space, at, integer_head(4 + four, digits))?;
        return Some(6 + usize::from(number >= 1 << 21));
    }
    let (digits, length) = varint_below_57_bits(number)?;
    put_at(space, at, [VALUE, length_byte(length + 1), INT])?;
    put_at(space, at + 3, digits)?;
    Some(length + 3)
}

/// The tag and the length of a value, its own tag, and up to five digits of base 128.
#[inline]
const fn integer_head(length: u64, digits: u64) -> [u8; 8] {
    let [tag, integer] = [VALUE as u64, INT as u64];
    (tag | length << 8 | integer << 16 | digits << 24).to_le_bytes()
}

#[inline]
fn put_at<const N: usize>(space: &mut [u8; QUICK], at: usize, bytes: [u8; N]) -> Option<()> {
    *space.get_mut(at..at + N)?.first_chunk_mut()? = bytes;
    Some(())
}
