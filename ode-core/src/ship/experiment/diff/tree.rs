//! [`Tree`]: an answer as serde sees it.

/// An answer, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    /// In the order of the keys.
    Map(Vec<(String, Self)>),
}

/// Text that is longer is not shown, so that it is never cut in the middle of a secret that would
/// otherwise be recognised.
const MAX_SHOWN: usize = 256;

impl Tree {
    /// What it is, as fingerprints have it.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Float(_) => "number",
            Self::Str(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Map(_) => "map",
        }
    }

    /// As text for people; never longer than a line.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Str(text) if text.len() <= MAX_SHOWN => format!("{text:?}"),
            Self::Str(text) => format!("text of {} bytes", text.len()),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::List(items) => format!("list of {}", items.len()),
            Self::Map(entries) => format!("map of {}", entries.len()),
        }
    }

    /// The nearest float, where it is a number.
    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "tolerances are floats")]
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }
}
