//! One JSON object as flat fields: nested objects become dotted keys, order and number types stay.

use std::fmt;

use ode_core::OwnedValue;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A key and its value; `None` for null.
pub(crate) type Field = (String, Option<OwnedValue>);

/// As many fields as the limits on an event can be raised to.
const MAX_FIELDS: usize = 1 << 20;

/// As many bytes as the keys of one event may have together. A nested field's repeats those around it,
/// so a line of a few MiB could ask for more than there is.
const MAX_KEY_BYTES: usize = 64 << 20;

/// How `serde_json` hands over numbers when someone in the program turned on its
/// `arbitrary_precision`.
const NUMBER: &str = "$serde_json::private::Number";

/// Reads an object. A key that occurs twice keeps its first place and its last value.
pub(crate) fn read_object(json: &[u8]) -> Result<Vec<Field>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let mut flat = Flat::default();
    let mut path = String::new();
    let object = Object { flat: &mut flat, path: &mut path, first: None };
    deserializer.deserialize_map(object)?;
    deserializer.end()?;
    let_last_win(&mut flat.fields);
    Ok(flat.fields)
}

fn let_last_win(fields: &mut [Field]) {
    let mut order: Vec<(&str, usize)> =
        fields.iter().enumerate().map(|(at, (key, _))| (key.as_str(), at)).collect();
    order.sort_unstable();
    let mut moves = Vec::new();
    for same in order.chunk_by(|(a, _), (b, _)| a == b) {
        if let [(_, first), .., (_, last)] = same {
            moves.extend(same.iter().skip(1).rev().skip(1).map(|(_, at)| (*at, None)));
            moves.push((*last, Some(*first)));
        }
    }
    for (from, to) in moves {
        let value = fields.get_mut(from).and_then(|(_, value)| value.take());
        if let Some((_, slot)) = to.and_then(|to| fields.get_mut(to)) {
            *slot = value;
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Flat {
    fields: Vec<Field>,
    key_bytes: usize,
}

struct Object<'d> {
    flat: &'d mut Flat,
    /// The keys of the objects around this one.
    path: &'d mut String,
    /// The first key, where it was already read.
    first: Option<String>,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let outer = self.path.len();
        while let Some(key) = match self.first.take() {
            Some(key) => Some(key),
            None => map.next_key()?,
        } {
            self.path.push_str(&key);
            map.next_value_seed(Member { flat: self.flat, path: self.path })?;
            self.path.truncate(outer);
        }
        Ok(())
    }
}

/// The value of the field at `path`.
struct Member<'d> {
    flat: &'d mut Flat,
    path: &'d mut String,
}

impl Member<'_> {
    fn put<E: Error>(self, value: Option<OwnedValue>) -> Result<(), E> {
        let Flat { fields, key_bytes } = self.flat;
        if fields.len() == MAX_FIELDS {
            return Err(E::custom(format_args!("more than {MAX_FIELDS} fields")));
        }
        *key_bytes += self.path.len();
        if *key_bytes > MAX_KEY_BYTES {
            return Err(E::custom(format_args!("more than {MAX_KEY_BYTES} bytes of keys")));
        }
        fields.push((self.path.clone(), value));
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(Some(OwnedValue::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.put(Some(OwnedValue::I64(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.put(Some(OwnedValue::U64(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.put(Some(OwnedValue::F64(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.put(Some(OwnedValue::Str(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        while let Some(Element(item)) = sequence.next_element()? {
            items.extend(item);
        }
        name_floats(&mut items);
        self.put(Some(OwnedValue::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let first: Option<String> = map.next_key()?;
        match first.as_deref() {
            None => Ok(()),
            Some(NUMBER) => {
                let digits: String = map.next_value()?;
                self.put(Some(number(digits)))
            }
            Some(_) => {
                self.path.push('.');
                Object { flat: self.flat, path: self.path, first }.visit_map(map)
            }
        }
    }
}

fn number(digits: String) -> OwnedValue {
    let unsigned = digits.parse().map(OwnedValue::U64);
    let integer = unsigned.or_else(|_| digits.parse().map(OwnedValue::I64));
    let float = integer.or_else(|_| digits.parse().map(OwnedValue::F64));
    float.unwrap_or(OwnedValue::Str(digits))
}

/// Among floats the words that stand for what is not finite are floats again.
fn name_floats(items: &mut [OwnedValue]) {
    let float = |item: &OwnedValue| match item {
        OwnedValue::Str(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        OwnedValue::F64(value) => Some(*value),
        _ => None,
    };
    let floats: Option<Vec<f64>> = items.iter().map(float).collect();
    let some_number = items.iter().any(|item| matches!(item, OwnedValue::F64(_)));
    if let (Some(floats), true) = (floats, some_number) {
        items.iter_mut().zip(floats).for_each(|(item, float)| *item = OwnedValue::F64(float));
    }
}

/// An element of a list: a scalar; what is nested deeper as its JSON text; nothing for null.
struct Element(Option<OwnedValue>);

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor).map(Self)
    }
}

struct ElementVisitor;

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Option<OwnedValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element of a list")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(OwnedValue::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(OwnedValue::I64(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(OwnedValue::U64(value)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(OwnedValue::F64(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(OwnedValue::Str(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        let json = serde_json::Value::deserialize(SeqAccessDeserializer::new(sequence))?;
        Ok(Some(OwnedValue::Str(json.to_string())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let json = serde_json::Value::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Some(match json {
            serde_json::Value::Number(digits) => number(digits.to_string()),
            object => OwnedValue::Str(object.to_string()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let fields = read_object(json.as_bytes()).expect("valid");
        let shown: Vec<_> = fields
            .iter()
            .filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value:?}")))
            .collect();
        assert_eq!(shown.join(" "), expected, "{json}");
    }

    #[test]
    fn numbers_keep_their_type() {
        check(r#"{"a":1,"b":-1,"c":1.0,"d":1e2}"#, "a=U64(1) b=I64(-1) c=F64(1.0) d=F64(100.0)");
        check(r#"{"a":18446744073709551615,"b":-0.0}"#, "a=U64(18446744073709551615) b=F64(-0.0)");
        let token = r#"{"a":{"$serde_json::private::Number":"5"},"b":{"$serde_json::private::Number":"-5.5"}}"#;
        check(token, "a=U64(5) b=F64(-5.5)");
    }

    #[test]
    fn the_last_duplicate_wins_in_the_first_place() {
        check(r#"{"a":1,"b":2,"a":3}"#, "a=U64(3) b=U64(2)");
        check(r#"{"a":1,"a":2,"a":3,"b":0,"a":4}"#, "a=U64(4) b=U64(0)");
        check(r#"{"a":1,"b":2,"a":null}"#, "b=U64(2)");
        check(r#"{"a.b":1,"a":{"b":2}}"#, "a.b=U64(2)");
    }

    #[test]
    fn foreign_shapes_become_flat() {
        check(r#"{"a":{"b":{"c":1},"d":null},"e":{}}"#, "a.b.c=U64(1)");
        check(r#"{"":{"":1}}"#, ".=U64(1)");
        check(r#"{"a":[1,null,2]}"#, "a=Array([U64(1), U64(2)])");
        check(r#"{"a":[[1,2],{"b":[]}]}"#, r#"a=Array([Str("[1,2]"), Str("{\"b\":[]}")])"#);
        check(r#"{"a":[0.5,"NaN","-Infinity"]}"#, "a=Array([F64(0.5), F64(NaN), F64(-inf)])");
        check(
            r#"{"a":["NaN"],"b":["x",0.5,"NaN"]}"#,
            r#"a=Array([Str("NaN")]) b=Array([Str("x"), F64(0.5), Str("NaN")])"#,
        );
    }

    #[test]
    fn a_field_too_many_is_an_error() {
        let members =
            |n: usize| (0..n).map(|n| format!("\"k{n}\":{n}")).collect::<Vec<_>>().join(",");
        assert!(read_object(format!("{{{}}}", members(MAX_FIELDS)).as_bytes()).is_ok());
        assert!(read_object(format!("{{{}}}", members(MAX_FIELDS + 1)).as_bytes()).is_err());
    }
}
