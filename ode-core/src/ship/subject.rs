//! [`Subject`]: who flags and rollouts are asked about.

use std::borrow::Cow;

use crate::context::slot::{self, Ambient};
use crate::context::write;
use crate::ship::shipping::Here;
use crate::sync::Arc;

/// Who, or what, flags and rollouts are asked about: a targeting key and attributes.
///
/// The targeting key is what percentages are taken of: a user, an account, an app. It is not
/// recorded; what belongs on the event is set as a field.
///
/// ```
/// use ode_core::Subject;
/// let subject = Subject::new("user-42").with("plan", "pro").with("staff", true).with("seats", 12);
/// assert_eq!(subject.targeting_key(), Some("user-42"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    key: Option<String>,
    attributes: Vec<(Cow<'static, str>, Attribute)>,
}

/// The value of an attribute of a [`Subject`].
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Yes or no.
    Bool(bool),
    /// Text.
    Str(Cow<'static, str>),
    /// A whole number.
    I64(i64),
    /// Any number.
    F64(f64),
}

impl Subject {
    /// A subject with this targeting key; an empty one is none.
    pub fn new(targeting_key: impl Into<String>) -> Self {
        let key = targeting_key.into();
        Self { key: (!key.is_empty()).then_some(key), attributes: Vec::new() }
    }

    /// Who is asked about where nobody was named.
    pub(crate) fn nobody() -> &'static Self {
        static NOBODY: Subject = Subject { key: None, attributes: Vec::new() };
        &NOBODY
    }

    /// A subject without a targeting key: no percentage includes it.
    pub fn anonymous() -> Self {
        Self::default()
    }

    /// Who the current unit works for, as [`subject`] said there or further up.
    ///
    /// ```
    /// use ode_core::{Subject, WideEvent};
    /// WideEvent::builder("page").run(|| {
    ///     ode_core::subject(Subject::new("user-42"));
    ///     # if false {
    ///     assert_eq!(Subject::current().unwrap().targeting_key(), Some("user-42"));
    ///     # }
    /// });
    /// assert!(Subject::current().is_none()); // no unit
    /// ```
    pub fn current() -> Option<Arc<Self>> {
        Here::find().subject()
    }

    /// Adds an attribute; of two of a name the later counts.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Attribute>) -> Self {
        let name = name.into();
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.push((name, value.into()));
        self
    }

    /// Who percentages are taken of.
    pub fn targeting_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All attributes, in the order in which they were added.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        self.attributes.iter().map(|(name, value)| (&**name, value))
    }
}

impl From<bool> for Attribute {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&'static str> for Attribute {
    fn from(value: &'static str) -> Self {
        Self::Str(Cow::Borrowed(value))
    }
}

impl From<String> for Attribute {
    fn from(value: String) -> Self {
        Self::Str(Cow::Owned(value))
    }
}

impl From<Cow<'static, str>> for Attribute {
    fn from(value: Cow<'static, str>) -> Self {
        Self::Str(value)
    }
}

/// A number too large for an `i64` is its text, as it is on events sent by OTLP.
impl From<u64> for Attribute {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_too_large| Self::from(value.to_string()), Self::I64)
    }
}

impl From<usize> for Attribute {
    fn from(value: usize) -> Self {
        u64::try_from(value).map_or_else(|_too_large| Self::from(value.to_string()), Self::from)
    }
}

macro_rules! numbers {
    ($($variant:ident: $($type:ty),*;)*) => {
        $($(impl From<$type> for Attribute {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*)*
    };
}

numbers! {
    I64: i8, i16, i32, i64, u8, u16, u32;
    F64: f32, f64;
}

/// Says who the current unit works for: flags and rollouts are asked about this subject from then
/// on, in this unit and in those opened below it. What was decided before stays decided.
///
/// ```
/// use ode_core::{Subject, WideEvent};
/// WideEvent::builder("page").run(|| {
///     ode_core::subject(Subject::new("user-42").with("plan", "pro"));
/// });
/// ```
pub fn subject(subject: Subject) {
    let subject = Arc::new(subject);
    let found = slot::with(|ambient| match ambient {
        Ambient::Own(unit) => Some(Arc::clone(unit.decisions.share())),
        Ambient::Joined(shared) => shared.decisions(),
    });
    match found.flatten() {
        Some(decisions) => decisions.set_subject(subject),
        None => write::missed(),
    }
}
