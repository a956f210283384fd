//! The values rules compute with.

use std::borrow::Cow;

use ode_core::Attribute;
use serde_json::Value as Json;

/// A value; what it holds is borrowed from the rule or the subject where it can be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Cow<'a, str>),
    List(Vec<Self>),
    /// A list that stands in the rule.
    Items(&'a [Self]),
    /// An object: no operator looks into one.
    Object,
}

impl<'a> Val<'a> {
    /// A value as it stands in a file.
    pub(crate) fn of_json(json: &Json) -> Val<'static> {
        match json {
            Json::Null => Val::Null,
            Json::Bool(value) => Val::Bool(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Val::Int(whole),
                (None, Some(number)) => Val::Float(number),
                (None, None) => Val::Float(f64::NAN),
            },
            Json::String(text) => Val::Str(Cow::Owned(text.clone())),
            Json::Array(items) => Val::List(items.iter().map(Self::of_json).collect()),
            Json::Object(_) => Val::Object,
        }
    }

    pub(crate) fn of_attribute(attribute: &'a Attribute) -> Self {
        match attribute {
            Attribute::Bool(value) => Self::Bool(*value),
            Attribute::Str(text) => Self::Str(Cow::Borrowed(text)),
            Attribute::I64(whole) => Self::Int(*whole),
            Attribute::F64(number) => Self::Float(*number),
            _ => Self::Null,
        }
    }

    /// The same value, borrowed from this one.
    pub(crate) fn borrowed(&'a self) -> Self {
        match self {
            Self::Str(text) => Self::Str(Cow::Borrowed(text)),
            Self::List(items) => Self::Items(items),
            Self::Items(items) => Self::Items(items),
            Self::Null => Self::Null,
            Self::Bool(value) => Self::Bool(*value),
            Self::Int(whole) => Self::Int(*whole),
            Self::Float(number) => Self::Float(*number),
            Self::Object => Self::Object,
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Items(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }
}
