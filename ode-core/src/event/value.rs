//! What a field can hold: [`Value`] while recording, [`OwnedValue`] afterwards.

use std::borrow::Cow;
use std::fmt::{self, Debug, Display};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A borrowed field value, made by [`ToValue::to_value`] and copied into the event at once.
///
/// `Display` and `Debug` are formatted before the event's buffer is touched, so user code never
/// runs while ode holds anything.
#[non_exhaustive]
#[derive(Clone, Copy)]
pub enum Value<'v> {
    /// No value: the field is not recorded, as for `Option::None`.
    Absent,
    /// A truth value.
    Bool(bool),
    /// A signed integer; stays an integer in every format.
    I64(i64),
    /// An unsigned integer; stays an integer in JSON lines, also above `i64::MAX`.
    U64(u64),
    /// A float; NaN and the infinities are written as the strings OTLP/JSON uses.
    F64(f64),
    /// Text.
    Str(&'v str),
    /// Bytes; base64 in JSON lines.
    Bytes(&'v [u8]),
    /// A duration; recorded as whole nanoseconds under `<key>_ns`.
    Duration(Duration),
    /// Text by `Display`.
    Display(&'v dyn Display),
    /// Text by `Debug`.
    Debug(&'v dyn Debug),
    /// A list of one of the scalar types.
    Array(&'v dyn ToArray),
}

impl<'v> Value<'v> {
    /// The `Display` form of a value: what `%value` records.
    #[inline]
    pub fn display(value: &'v dyn Display) -> Self {
        Self::Display(value)
    }

    /// The `Debug` form of a value: what `?value` records.
    #[inline]
    pub fn debug(value: &'v dyn Debug) -> Self {
        Self::Debug(value)
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Copies the value out of its borrow; `None` for [`Value::Absent`].
    ///
    /// ```
    /// use ode_core::{OwnedValue, Value};
    /// assert_eq!(Value::Str("eu").to_owned_value(), Some(OwnedValue::Str("eu".into())));
    /// assert_eq!(Value::Absent.to_owned_value(), None);
    /// ```
    pub fn to_owned_value(self) -> Option<OwnedValue> {
        Some(match self {
            Self::Absent => return None,
            Self::Bool(v) => OwnedValue::Bool(v),
            Self::I64(v) => OwnedValue::I64(v),
            Self::U64(v) => OwnedValue::U64(v),
            Self::F64(v) => OwnedValue::F64(v),
            Self::Str(v) => OwnedValue::Str(v.into()),
            Self::Bytes(v) => OwnedValue::Bytes(v.to_vec()),
            Self::Duration(v) => OwnedValue::U64(saturating_nanos(v)),
            Self::Display(v) => OwnedValue::Str(v.to_string()),
            Self::Debug(v) => OwnedValue::Str(format!("{v:?}")),
            Self::Array(v) => {
                let mut items = Vec::new();
                v.for_each(&mut |item| items.extend(item.to_owned_value()));
                OwnedValue::Array(items)
            }
        })
    }
}

/// Nanoseconds of a duration; what does not fit a `u64` (584 years) is `u64::MAX`.
pub(crate) fn saturating_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Absent => f.write_str("absent"),
            Self::Bool(v) => Debug::fmt(&v, f),
            Self::I64(v) => Debug::fmt(&v, f),
            Self::U64(v) => Debug::fmt(&v, f),
            Self::F64(v) => Debug::fmt(&v, f),
            Self::Str(v) => Debug::fmt(v, f),
            Self::Bytes(v) => Debug::fmt(v, f),
            Self::Duration(v) => Debug::fmt(&v, f),
            Self::Display(v) => Display::fmt(v, f),
            Self::Debug(v) => Debug::fmt(v, f),
            Self::Array(v) => {
                let mut list = f.debug_list();
                v.for_each(&mut |item| {
                    list.entry(&item);
                });
                list.finish()
            }
        }
    }
}

impl PartialEq for Value<'_> {
    /// Numbers compare as numbers across `I64`, `U64` and `Duration`; text compares as text.
    fn eq(&self, other: &Self) -> bool {
        match (self.to_owned_value(), other.to_owned_value()) {
            (Some(a), Some(b)) => a == b,
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

/// A field value that owns its content: what tests and stored events hold.
///
/// It compares with plain Rust values, so `event["cart.items"] == 3` reads naturally.
#[non_exhaustive]
#[derive(Clone, Debug)]
pub enum OwnedValue {
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A float.
    F64(f64),
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<Self>),
}

impl OwnedValue {
    fn as_integer(&self) -> Option<i128> {
        match *self {
            Self::I64(v) => Some(v.into()),
            Self::U64(v) => Some(v.into()),
            _ => None,
        }
    }
}

impl PartialEq for OwnedValue {
    /// Integers compare by number whatever their sign type; a float never equals an integer.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::F64(a), Self::F64(b)) => a == b,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            _ => matches!((self.as_integer(), other.as_integer()), (Some(a), Some(b)) if a == b),
        }
    }
}

impl Display for OwnedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => Display::fmt(v, f),
            Self::I64(v) => Display::fmt(v, f),
            Self::U64(v) => Display::fmt(v, f),
            Self::F64(v) => Display::fmt(v, f),
            Self::Str(v) => f.write_str(v),
            Self::Bytes(v) => Debug::fmt(v, f),
            Self::Array(v) => f.debug_list().entries(v.iter().map(ToString::to_string)).finish(),
        }
    }
}

impl ToValue for OwnedValue {
    fn to_value(&self) -> Value<'_> {
        match self {
            Self::Bool(v) => Value::Bool(*v),
            Self::I64(v) => Value::I64(*v),
            Self::U64(v) => Value::U64(*v),
            Self::F64(v) => Value::F64(*v),
            Self::Str(v) => Value::Str(v),
            Self::Bytes(v) => Value::Bytes(v),
            Self::Array(v) => Value::Array(v),
        }
    }
}

macro_rules! owned_value_equals_integer {
    ($($int:ty)*) => {$(
        impl PartialEq<$int> for OwnedValue {
            fn eq(&self, other: &$int) -> bool {
                self.as_integer() == i128::try_from(*other).ok()
            }
        }
    )*};
}
owned_value_equals_integer!(i8 i16 i32 i64 isize u8 u16 u32 u64 usize);

impl PartialEq<bool> for OwnedValue {
    fn eq(&self, other: &bool) -> bool {
        matches!(self, Self::Bool(v) if v == other)
    }
}

impl PartialEq<f64> for OwnedValue {
    fn eq(&self, other: &f64) -> bool {
        matches!(self, Self::F64(v) if v == other)
    }
}

impl PartialEq<str> for OwnedValue {
    fn eq(&self, other: &str) -> bool {
        matches!(self, Self::Str(v) if v == other)
    }
}

impl PartialEq<&str> for OwnedValue {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<String> for OwnedValue {
    fn eq(&self, other: &String) -> bool {
        self == other.as_str()
    }
}

impl<T, const N: usize> PartialEq<[T; N]> for OwnedValue
where
    Self: PartialEq<T>,
{
    fn eq(&self, other: &[T; N]) -> bool {
        matches!(self, Self::Array(v) if v.len() == N && v.iter().zip(other).all(|(a, b)| a == b))
    }
}

/// A type that can be a field value. Implemented for the scalar types, text, [`Duration`],
/// `Option` (absent when `None`), lists of one of these, and references and boxes of them.
///
/// ```
/// use ode_core::{ToValue, Value};
/// struct UserId(u64);
/// impl ToValue for UserId {
///     fn to_value(&self) -> Value<'_> {
///         self.0.to_value()
///     }
/// }
/// assert_eq!(UserId(7).to_value(), Value::U64(7));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a field value",
    label = "no conversion to a field value",
    note = "write `?value` to record its Debug form or `%value` to record its Display form",
    note = "for a newtype: impl ode::ToValue for {Self} {{ fn to_value(&self) -> ode::Value<'_> {{ self.0.to_value() }} }}"
)]
pub trait ToValue {
    /// The value, borrowed from `self` for the call.
    fn to_value(&self) -> Value<'_>;

    /// How a list of this type is recorded; `u8` overrides it so that bytes stay bytes.
    #[doc(hidden)]
    #[inline]
    fn list_to_value<'v>(list: &'v dyn ToArray, _bytes: impl FnOnce() -> &'v [u8]) -> Value<'v>
    where
        Self: Sized,
    {
        Value::Array(list)
    }

    /// The bytes of a slice, where the type is `u8`.
    #[doc(hidden)]
    #[inline]
    fn slice_as_bytes(_slice: &[Self]) -> &[u8]
    where
        Self: Sized,
    {
        &[]
    }
}

/// A list of field values; implemented for vectors, arrays and slices of [`ToValue`].
pub trait ToArray {
    /// Calls `f` once per element, in order.
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>));
}

macro_rules! to_value_by {
    ($($variant:ident: $($source:ty),+;)*) => {$($(
        impl ToValue for $source {
            #[inline]
            fn to_value(&self) -> Value<'_> {
                Value::$variant((*self).into())
            }
        }
    )+)*};
}
to_value_by! {
    Bool: bool;
    I64: i8, i16, i32, i64;
    U64: u16, u32, u64;
    F64: f32, f64;
}

#[expect(clippy::use_self, reason = "the lint mistakes `u8`, the element, for `Self`")]
impl ToValue for u8 {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::U64(u64::from(*self))
    }

    #[inline]
    fn list_to_value<'v>(_list: &'v dyn ToArray, bytes: impl FnOnce() -> &'v [u8]) -> Value<'v> {
        Value::Bytes(bytes())
    }

    #[inline]
    fn slice_as_bytes(slice: &[Self]) -> &[u8] {
        slice
    }
}

impl ToValue for usize {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::U64(*self as u64)
    }
}

impl ToValue for isize {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::I64(*self as i64)
    }
}

impl ToValue for str {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

impl ToValue for String {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::Str(self)
    }
}

impl ToValue for char {
    fn to_value(&self) -> Value<'_> {
        Value::Display(self)
    }
}

impl<T: ToValue + ToOwned + ?Sized> ToValue for Cow<'_, T> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

impl ToValue for Duration {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        Value::Duration(*self)
    }
}

impl ToValue for Value<'_> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        *self
    }
}

impl<T: ToValue> ToValue for Option<T> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Absent, ToValue::to_value)
    }
}

macro_rules! to_value_through {
    ($($pointer:ty),*) => {$(
        impl<T: ToValue + ?Sized> ToValue for $pointer {
            #[inline]
            fn to_value(&self) -> Value<'_> {
                (**self).to_value()
            }
        }
    )*};
}
to_value_through!(&T, &mut T, Box<T>, Arc<T>, Rc<T>);

impl<T: ToValue> ToArray for Vec<T> {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        for item in self {
            f(item.to_value());
        }
    }
}

impl<T: ToValue, const N: usize> ToArray for [T; N] {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        for item in self {
            f(item.to_value());
        }
    }
}

impl<T: ToValue> ToArray for &[T] {
    fn for_each(&self, f: &mut dyn FnMut(Value<'_>)) {
        for item in *self {
            f(item.to_value());
        }
    }
}

impl<T: ToValue> ToValue for Vec<T> {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        T::list_to_value(self, || T::slice_as_bytes(self))
    }
}

impl<T: ToValue, const N: usize> ToValue for [T; N] {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        T::list_to_value(self, || T::slice_as_bytes(self))
    }
}

impl<T: ToValue> ToValue for &[T] {
    #[inline]
    fn to_value(&self) -> Value<'_> {
        T::list_to_value(self, || T::slice_as_bytes(self))
    }
}

/// A number that `incr!` can add to a counter: `i32`, `i64`, `u32`, `u64`, `usize`, `f64`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be added to a counter",
    label = "not a number `incr!` can add",
    note = "`incr!` adds i32, i64, u32, u64, usize or f64"
)]
pub trait ToNumber {
    /// The number as it is added.
    fn to_number(&self) -> Number;
}

/// What [`ToNumber`] gives.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A signed amount.
    I64(i64),
    /// An unsigned amount.
    U64(u64),
    /// A float amount.
    F64(f64),
}

impl Number {
    /// What a bare `incr! { key }` adds.
    pub const ONE: Self = Self::U64(1);
}

macro_rules! to_number_by {
    ($($variant:ident: $($source:ty),+;)*) => {$($(
        impl ToNumber for $source {
            #[inline]
            fn to_number(&self) -> Number {
                Number::$variant((*self).into())
            }
        }
    )+)*};
}
to_number_by! { I64: i32, i64; U64: u32, u64; F64: f64; }

impl ToNumber for usize {
    #[inline]
    fn to_number(&self) -> Number {
        Number::U64(*self as u64)
    }
}

impl<T: ToNumber + ?Sized> ToNumber for &T {
    #[inline]
    fn to_number(&self) -> Number {
        (**self).to_number()
    }
}

/// A value that must not be read by chance: its `Debug` form and its field value are masked.
///
/// ```
/// use ode_core::{Sensitive, ToValue, Value};
/// let card = Sensitive("4111 1111 1111 1111");
/// assert_eq!(format!("{card:?}"), "[masked]");
/// assert_eq!(card.to_value(), Value::Str("[masked]"));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a newtype, made and opened by its field")]
pub struct Sensitive<T>(pub T);

/// What stands in the place of a masked value.
pub(crate) const MASK: &str = "[masked]";

impl<T> Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<T> ToValue for Sensitive<T> {
    fn to_value(&self) -> Value<'_> {
        Value::Str(MASK)
    }
}
