//! `serde::Serialize` for [`Event`]: the keys, values and order of a line of JSON.

use std::fmt::{self, Display};

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::event::finished::Event;
use crate::event::value::{ToArray, Value, saturating_nanos};

impl Serialize for Event {
    /// A flat map: timestamp, name, outcome, duration, ids, process, then the fields in order.
    ///
    /// NaN and the infinities are the strings `NaN`, `Infinity` and `-Infinity`; bytes are base64.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &Text(&self.head.start))?;
        map.serialize_entry("name", self.name())?;
        map.serialize_entry("outcome", self.head.outcome.as_str())?;
        map.serialize_entry("duration_ns", &self.head.duration_ns)?;
        map.serialize_entry("event_id", &Text(&self.id))?;
        map.serialize_entry("trace_id", &Text(&self.head.context.trace_id()))?;
        map.serialize_entry("span_id", &Text(&self.head.context.span_id()))?;
        if let Some(parent) = self.head.parent {
            map.serialize_entry("parent_span_id", &Text(&parent))?;
        }
        for (key, value) in self.process.fields() {
            map.serialize_entry(key, &Plain(value))?;
        }
        for (key, value) in self.fields().filter(|(_, value)| !value.is_absent()) {
            map.serialize_entry(key, &Plain(value))?;
        }
        map.end()
    }
}

/// What a type displays, as a string.
struct Text<'t, T: ?Sized>(&'t T);

impl<T: Display + ?Sized> Serialize for Text<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

struct Plain<'v>(Value<'v>);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Absent => serializer.serialize_none(),
            Value::Bool(v) => serializer.serialize_bool(v),
            Value::I64(v) => serializer.serialize_i64(v),
            Value::U64(v) => serializer.serialize_u64(v),
            Value::F64(v) if v.is_finite() => serializer.serialize_f64(v),
            Value::F64(v) if v.is_nan() => serializer.serialize_str("NaN"),
            Value::F64(v) if v > 0.0 => serializer.serialize_str("Infinity"),
            Value::F64(_) => serializer.serialize_str("-Infinity"),
            Value::Str(v) => serializer.serialize_str(v),
            Value::Bytes(v) => serializer.collect_str(&Base64(v)),
            Value::Duration(v) => serializer.serialize_u64(saturating_nanos(v)),
            Value::Display(v) => serializer.collect_str(v),
            Value::Debug(v) => serializer.collect_str(&format_args!("{v:?}")),
            Value::Array(list) => serialize_list(serializer, list),
        }
    }
}

fn serialize_list<S: Serializer>(serializer: S, list: &dyn ToArray) -> Result<S::Ok, S::Error> {
    let mut sequence = serializer.serialize_seq(None)?;
    let mut result = Ok(());
    list.for_each(&mut |item| {
        if result.is_ok() && !item.is_absent() {
            result = sequence.serialize_element(&Plain(item));
        }
    });
    result?;
    sequence.end()
}

/// Bytes in base64: standard alphabet, padded. Here rather than from a crate, since the core
/// depends on as little as it can.
struct Base64<'b>(&'b [u8]);

impl Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::fmt::Write;
        for group in self.0.chunks(3) {
            let byte = |at: usize| group.get(at).copied().map_or(0, u32::from);
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for at in 0..4_usize {
                f.write_char(if at > group.len() {
                    '='
                } else {
                    sextet(bits >> (18 - 6 * at) & 63)
                })?;
            }
        }
        Ok(())
    }
}

fn sextet(bits: u32) -> char {
    let code = match bits {
        0..26 => u32::from('A') + bits,
        26..52 => u32::from('a') + bits - 26,
        52..62 => u32::from('0') + bits - 52,
        62 => return '+',
        _ => return '/',
    };
    char::from_u32(code).unwrap_or('/')
}

#[cfg(test)]
mod tests {
    use super::Base64;

    #[test]
    fn base64_by_the_test_vectors() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(Base64(bytes.as_bytes()).to_string(), text);
        }
        let all = (0..64_u32).map(super::sextet).collect::<String>();
        assert_eq!(all, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    }
}
