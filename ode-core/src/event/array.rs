//! Lists on a finished event: elements of one type.

use crate::event::value::{ToArray, Value};
use crate::record::buffer::Kind;

/// A list of one of the scalar types.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ArrayData {
    Bool(Vec<bool>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    F64(Vec<f64>),
    Str(Vec<String>),
    Bytes(Vec<Vec<u8>>),
}

impl ToArray for ArrayData {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        match self {
            Self::Bool(items) => items.for_each(f),
            Self::I64(items) => items.for_each(f),
            Self::U64(items) => items.for_each(f),
            Self::F64(items) => items.for_each(f),
            Self::Str(items) => items.for_each(f),
            Self::Bytes(items) => items.iter().for_each(|item| f(Value::Bytes(item))),
        }
    }
}

/// An element as the record holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Element<'e> {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Str(&'e str),
    Bytes(&'e [u8]),
}

impl<'e> Element<'e> {
    pub(crate) fn of(value: Value<'e>) -> Option<Self> {
        Some(match value {
            Value::Bool(v) => Self::Bool(v),
            Value::I64(v) => Self::I64(v),
            Value::U64(v) => Self::U64(v),
            Value::F64(v) => Self::F64(v),
            Value::Str(v) => Self::Str(v),
            Value::Bytes(v) => Self::Bytes(v),
            _ => return None,
        })
    }

    fn text(self) -> String {
        match self {
            Self::Bool(v) => v.to_string(),
            Self::I64(v) => v.to_string(),
            Self::U64(v) => v.to_string(),
            Self::F64(v) => v.to_string(),
            Self::Str(v) => v.to_owned(),
            Self::Bytes(v) => String::from_utf8_lossy(v).into_owned(),
        }
    }
}

impl ArrayData {
    /// A list of what the elements have in common: their type, else a wider number, else text.
    #[expect(clippy::cast_precision_loss, reason = "integers among floats are floats")]
    pub(crate) fn of(elements: &[Element<'_>]) -> Self {
        macro_rules! all {
            ($($pattern:pat => $value:expr),+ $(,)?) => {
                elements.iter().map(|element| match *element { $($pattern => Some($value),)+ _ => None })
                    .collect::<Option<Vec<_>>>()
            };
        }
        use Element::{Bool, Bytes, F64, I64, Str, U64};
        if let Some(items) = all!(Str(v) => v.to_owned()) {
            Self::Str(items)
        } else if let Some(items) = all!(U64(v) => v) {
            Self::U64(items)
        } else if let Some(items) = all!(I64(v) => v, U64(v) => i64::try_from(v).ok()?) {
            Self::I64(items)
        } else if let Some(items) = all!(F64(v) => v, I64(v) => v as f64, U64(v) => v as f64)
            .filter(|_| elements.iter().any(|element| matches!(element, F64(_))))
        {
            // Integers alone that share no type are text: a float would not hold every digit.
            Self::F64(items)
        } else if let Some(items) = all!(Bool(v) => v) {
            Self::Bool(items)
        } else if let Some(items) = all!(Bytes(v) => v.to_vec()) {
            Self::Bytes(items)
        } else {
            Self::Str(elements.iter().map(|element| element.text()).collect())
        }
    }
}

/// Reads the `[kind, payload]*` form of a list back.
pub(crate) fn elements(mut encoded: &[u8]) -> Vec<Element<'_>> {
    let mut elements = Vec::new();
    while let Some((element, rest)) = element(encoded) {
        elements.push(element);
        encoded = rest;
    }
    elements
}

fn element(encoded: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (kind, rest) = encoded.split_first()?;
    let kind = *kind;
    if kind == Kind::Str as u8 || kind == Kind::Bytes as u8 {
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        return match std::str::from_utf8(bytes) {
            Ok(text) if kind == Kind::Str as u8 => Some((Element::Str(text), rest)),
            _ => Some((Element::Bytes(bytes), rest)),
        };
    }
    let (data, rest) = rest.split_first_chunk::<8>()?;
    let data = u64::from_le_bytes(*data);
    let element = if kind == Kind::Bool as u8 {
        Element::Bool(data != 0)
    } else if kind == Kind::I64 as u8 {
        Element::I64(data.cast_signed())
    } else if kind == Kind::F64 as u8 {
        Element::F64(f64::from_bits(data))
    } else {
        Element::U64(data)
    };
    Some((element, rest))
}
