//! Writes what is serialisable into a [`Tree`], within bounds.

use std::fmt;

use serde::ser::{self, Serialize};

use crate::ship::experiment::diff::tree::Tree;

/// Parts of one answer, its bytes of text, and how deep they nest: beyond these it is not compared.
const MAX_PARTS: usize = 1 << 16;
const MAX_BYTES: usize = 4 << 20;
const MAX_DEPTH: usize = 64;

/// An answer as a tree.
pub(crate) fn write(answer: &(impl Serialize + ?Sized)) -> Result<Tree, Unwritable> {
    let mut left = Left { parts: MAX_PARTS, bytes: MAX_BYTES };
    answer.serialize(Writer { left: &mut left, depth: MAX_DEPTH })
}

/// Too large, or its own code failed.
#[derive(Debug)]
pub(crate) struct Unwritable;

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot be compared")
    }
}

impl std::error::Error for Unwritable {}

impl ser::Error for Unwritable {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self
    }
}

struct Left {
    parts: usize,
    bytes: usize,
}

impl Left {
    fn take(&mut self, bytes: usize) -> Result<(), Unwritable> {
        self.parts = self.parts.checked_sub(1).ok_or(Unwritable)?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Unwritable)?;
        Ok(())
    }
}

struct Writer<'l> {
    left: &'l mut Left,
    /// How many levels may follow.
    depth: usize,
}

impl<'l> Writer<'l> {
    fn leaf(self, tree: Tree) -> Result<Tree, Unwritable> {
        self.left.take(0)?;
        Ok(tree)
    }

    fn list(self) -> Result<List<'l>, Unwritable> {
        self.left.take(0)?;
        let depth = self.depth.checked_sub(1).ok_or(Unwritable)?;
        Ok(List { left: self.left, depth, items: Vec::new(), variant: None })
    }

    fn map(self) -> Result<Map<'l>, Unwritable> {
        self.left.take(0)?;
        let depth = self.depth.checked_sub(1).ok_or(Unwritable)?;
        Ok(Map { left: self.left, depth, entries: Vec::new(), key: None, variant: None })
    }
}

macro_rules! leaves {
    ($($method:ident($type:ty) = $value:ident => $tree:expr;)*) => {
        $(fn $method(self, $value: $type) -> Result<Tree, Unwritable> {
            self.leaf($tree)
        })*
    };
}

impl<'l> ser::Serializer for Writer<'l> {
    type Ok = Tree;
    type Error = Unwritable;
    type SerializeSeq = List<'l>;
    type SerializeTuple = List<'l>;
    type SerializeTupleStruct = List<'l>;
    type SerializeTupleVariant = List<'l>;
    type SerializeMap = Map<'l>;
    type SerializeStruct = Map<'l>;
    type SerializeStructVariant = Map<'l>;

    leaves! {
        serialize_bool(bool) = value => Tree::Bool(value);
        serialize_i8(i8) = value => Tree::Int(value.into());
        serialize_i16(i16) = value => Tree::Int(value.into());
        serialize_i32(i32) = value => Tree::Int(value.into());
        serialize_i64(i64) = value => Tree::Int(value.into());
        serialize_i128(i128) = value => Tree::Int(value);
        serialize_u8(u8) = value => Tree::Int(value.into());
        serialize_u16(u16) = value => Tree::Int(value.into());
        serialize_u32(u32) = value => Tree::Int(value.into());
        serialize_u64(u64) = value => Tree::Int(value.into());
        serialize_f32(f32) = value => Tree::Float(value.into());
        serialize_f64(f64) = value => Tree::Float(value);
        serialize_unit_struct(&'static str) = _name => Tree::Null;
    }

    fn serialize_u128(self, value: u128) -> Result<Tree, Unwritable> {
        match i128::try_from(value) {
            Ok(value) => self.leaf(Tree::Int(value)),
            Err(_) => self.serialize_str(&value.to_string()),
        }
    }

    fn serialize_char(self, value: char) -> Result<Tree, Unwritable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<Tree, Unwritable> {
        self.left.take(text.len())?;
        Ok(Tree::Str(text.to_owned()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Tree, Unwritable> {
        self.left.take(bytes.len())?;
        Ok(Tree::Bytes(bytes.to_owned()))
    }

    fn serialize_none(self) -> Result<Tree, Unwritable> {
        self.leaf(Tree::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Tree, Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Tree, Unwritable> {
        self.leaf(Tree::Null)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Tree, Unwritable> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Tree, Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Tree, Unwritable> {
        let mut map = self.map()?;
        map.put(variant.to_owned(), value)?;
        Ok(map.done())
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<List<'l>, Unwritable> {
        self.list()
    }

    fn serialize_tuple(self, _length: usize) -> Result<List<'l>, Unwritable> {
        self.list()
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _length: usize,
    ) -> Result<List<'l>, Unwritable> {
        self.list()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<List<'l>, Unwritable> {
        Ok(List { variant: Some(variant), ..self.list()? })
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Map<'l>, Unwritable> {
        self.map()
    }

    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Map<'l>, Unwritable> {
        self.map()
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Map<'l>, Unwritable> {
        Ok(Map { variant: Some(variant), ..self.map()? })
    }
}

struct List<'l> {
    left: &'l mut Left,
    depth: usize,
    items: Vec<Tree>,
    variant: Option<&'static str>,
}

impl List<'_> {
    fn push(&mut self, item: &(impl Serialize + ?Sized)) -> Result<(), Unwritable> {
        let item = item.serialize(Writer { left: self.left, depth: self.depth })?;
        self.items.push(item);
        Ok(())
    }

    fn done(self) -> Tree {
        named(self.variant, Tree::List(self.items))
    }
}

/// Below the name of its variant, as JSON has it.
fn named(variant: Option<&'static str>, tree: Tree) -> Tree {
    match variant {
        Some(name) => Tree::Map(vec![(name.to_owned(), tree)]),
        None => tree,
    }
}

macro_rules! lists {
    ($($interface:ident::$method:ident;)*) => {
        $(impl ser::$interface for List<'_> {
            type Ok = Tree;
            type Error = Unwritable;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Unwritable> {
                self.push(item)
            }

            fn end(self) -> Result<Tree, Unwritable> {
                Ok(self.done())
            }
        })*
    };
}

lists! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

struct Map<'l> {
    left: &'l mut Left,
    depth: usize,
    entries: Vec<(String, Tree)>,
    key: Option<String>,
    variant: Option<&'static str>,
}

impl Map<'_> {
    fn put(&mut self, key: String, value: &(impl Serialize + ?Sized)) -> Result<(), Unwritable> {
        self.left.take(key.len())?;
        let value = value.serialize(Writer { left: self.left, depth: self.depth })?;
        self.entries.push((key, value));
        Ok(())
    }

    fn done(mut self) -> Tree {
        self.entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        named(self.variant, Tree::Map(self.entries))
    }
}

impl ser::SerializeMap for Map<'_> {
    type Ok = Tree;
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        let key = key.serialize(Writer { left: self.left, depth: self.depth })?;
        self.key = Some(match key {
            Tree::Str(text) => text,
            other => key_text(&other),
        });
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let key = self.key.take().ok_or(Unwritable)?;
        self.put(key, value)
    }

    fn end(self) -> Result<Tree, Unwritable> {
        Ok(self.done())
    }
}

/// A key that is no text, so that no two of a map are the same.
fn key_text(key: &Tree) -> String {
    match key {
        Tree::List(items) => {
            let items: Vec<_> = items.iter().map(key_text).collect();
            format!("({})", items.join(","))
        }
        Tree::Map(entries) => {
            let entries: Vec<_> =
                entries.iter().map(|(key, value)| format!("{key}={}", key_text(value))).collect();
            format!("({})", entries.join(","))
        }
        Tree::Str(text) => text.clone(),
        Tree::Bytes(bytes) => format!("{bytes:?}"),
        other => other.shown(),
    }
}

macro_rules! structs {
    ($($interface:ident;)*) => {
        $(impl ser::$interface for Map<'_> {
            type Ok = Tree;
            type Error = Unwritable;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Unwritable> {
                self.put(key.to_owned(), value)
            }

            fn end(self) -> Result<Tree, Unwritable> {
                Ok(self.done())
            }
        })*
    };
}

structs! {
    SerializeStruct;
    SerializeStructVariant;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_is_not_written() {
        assert!(write(&vec![0_u8; MAX_PARTS - 1]).is_ok());
        assert!(write(&vec![0_u8; MAX_PARTS]).is_err());
        assert!(write(&"x".repeat(MAX_BYTES)).is_ok());
        assert!(write(&"x".repeat(MAX_BYTES + 1)).is_err());
        assert!(write(&Nested(MAX_DEPTH)).is_ok());
        assert!(write(&Nested(MAX_DEPTH + 1)).is_err());
        assert!(write(&Nested(usize::MAX)).is_err(), "endless");
    }

    struct Nested(usize);

    impl Serialize for Nested {
        fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                0 => serializer.serialize_unit(),
                more => (Self(more - 1),).serialize(serializer),
            }
        }
    }

    struct Fails;

    impl Serialize for Fails {
        fn serialize<S: ser::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(ser::Error::custom("no"))
        }
    }

    #[test]
    fn keys_that_are_no_text() {
        assert!(write(&Fails).is_err());
        let map = std::collections::BTreeMap::from([((1, "a"), true), ((2, "b"), false)]);
        let expected = [("(1,a)", true), ("(2,b)", false)];
        let expected = expected.map(|(key, value)| (key.to_owned(), Tree::Bool(value)));
        assert_eq!(write(&map).unwrap(), Tree::Map(expected.to_vec()));
    }
}
