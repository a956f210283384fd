//! How values of one type are taken for another: as JSON Logic's own evaluator does it, which is
//! JavaScript's way.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::flags::json_logic::value::Val;

impl Val<'_> {
    /// Whether it counts as true. A list that is empty does not, as JSON Logic has it.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(whole) => *whole != 0,
            Self::Float(number) => *number != 0.0 && !number.is_nan(),
            Self::Str(text) => !text.is_empty(),
            Self::List(_) | Self::Items(_) => self.items().is_some_and(|items| !items.is_empty()),
            Self::Object => true,
        }
    }

    /// The value as a number; NaN where it is none.
    pub(crate) fn number(&self) -> f64 {
        match self {
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Int(whole) => float(*whole),
            Self::Float(number) => *number,
            Self::Str(text) => number_in(text),
            Self::List(_) | Self::Items(_) => match self.items().unwrap_or_default() {
                [] => 0.0,
                [only] => only.number(),
                _ => f64::NAN,
            },
            Self::Object => f64::NAN,
        }
    }

    /// The value as a whole number, where it is one and need not be rounded.
    pub(crate) fn whole(&self) -> Option<i64> {
        match self {
            Self::Int(whole) => Some(*whole),
            Self::Bool(value) => Some((*value).into()),
            Self::Null => Some(0),
            _ => None,
        }
    }

    /// The value as text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Null => "null".into(),
            Self::Bool(true) => "true".into(),
            Self::Bool(false) => "false".into(),
            Self::Int(whole) => whole.to_string().into(),
            Self::Float(number) => text_of(*number).into(),
            Self::Str(text) => Cow::Borrowed(text),
            Self::List(_) | Self::Items(_) => {
                let items = self.items().unwrap_or_default();
                items.iter().map(Self::text).collect::<Vec<_>>().join(",").into()
            }
            Self::Object => "[object Object]".into(),
        }
    }

    /// `===`: of the same type and the same value. Whole numbers and others are one type.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(one), Self::Bool(other)) => one == other,
            (Self::Str(one), Self::Str(other)) => one == other,
            (Self::Int(one), Self::Int(other)) => one == other,
            (Self::Int(_) | Self::Float(_), Self::Int(_) | Self::Float(_)) => {
                self.order(other) == Some(Ordering::Equal)
            }
            _ => match (self.items(), other.items()) {
                (Some(ones), Some(others)) => {
                    ones.len() == others.len()
                        && ones.iter().zip(others).all(|(one, other)| one.is_same(other))
                }
                _ => false,
            },
        }
    }

    /// `==`: the same after one is taken for the other's type.
    pub(crate) fn is_equal(&self, other: &Self) -> bool {
        use Val::{Bool, Float, Int, Null, Object, Str};
        match (self, other) {
            (Null, Null) => true,
            (Null | Object, _) | (_, Null | Object) => false,
            (Str(one), Str(other)) => one == other,
            (Bool(_) | Int(_) | Float(_), _) | (_, Bool(_) | Int(_) | Float(_)) => {
                self.order(other) == Some(Ordering::Equal)
            }
            (Str(text), list) | (list, Str(text)) => *text == list.text(),
            // Two lists are never one and the same.
            _ => false,
        }
    }

    /// Which comes first: texts by their characters, anything else as numbers.
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Str(one), Self::Str(other)) => Some(one.cmp(other)),
            (Self::Str(text), list) if list.items().is_some() => Some((**text).cmp(&*list.text())),
            (list, Self::Str(text)) if list.items().is_some() => Some((*list.text()).cmp(text)),
            _ => match (self.whole(), other.whole()) {
                (Some(one), Some(other)) => Some(one.cmp(&other)),
                _ => self.number().partial_cmp(&other.number()),
            },
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "as any number of JSON is read")]
pub(crate) const fn float(whole: i64) -> f64 {
    whole as f64
}

/// The number that a text holds: decimal, and nothing but blanks around it. Blank text is 0.
fn number_in(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    let decimal = |byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
    if text.bytes().all(decimal) { text.parse().unwrap_or(f64::NAN) } else { f64::NAN }
}

/// A number as text, with 15 digits that count.
fn text_of(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    let magnitude = rounded.abs();
    // Without an exponent, where people would write none.
    if magnitude != 0.0 && !(1e-4..1e15).contains(&magnitude) {
        return format!("{rounded:e}");
    }
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn val(json: &str) -> Val<'static> {
        Val::of_json(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_counts_as_true() {
        for json in ["true", "1", "-0.5", "\"0\"", "\"false\"", "[0]", "{}"] {
            assert!(val(json).is_true(), "{json}");
        }
        for json in ["null", "false", "0", "0.0", "\"\"", "[]"] {
            assert!(!val(json).is_true(), "{json}");
        }
        assert!(!Val::Float(f64::NAN).is_true());
    }

    #[test]
    fn what_is_equal() {
        for (one, other) in [
            ("1", "1.0"),
            ("1", "\"1\""),
            ("\" 2.50 \"", "2.5"),
            ("true", "1"),
            ("true", "\"1\""),
            ("\"\"", "0"),
            ("\"a\"", "\"a\""),
            ("\"1,2\"", "[1, 2]"),
            ("[7]", "7"),
            ("null", "null"),
            ("9007199254740993", "9007199254740993"),
        ] {
            assert!(val(one).is_equal(&val(other)), "{one} == {other}");
            assert!(val(other).is_equal(&val(one)), "{other} == {one}");
        }
        for (one, other) in [
            ("null", "0"),
            ("null", "false"),
            ("null", "\"\""),
            ("\"a\"", "\"A\""),
            ("\"a\"", "0"),
            ("true", "\"true\""),
            ("[1]", "[1]"),
            ("\"0x10\"", "16"),
            ("\"inf\"", "\"Infinity\""),
            ("9007199254740993", "9007199254740992"),
        ] {
            assert!(!val(one).is_equal(&val(other)), "{one} == {other}");
            assert!(!val(other).is_equal(&val(one)), "{other} == {one}");
        }
    }

    #[test]
    fn what_is_the_same() {
        for (one, other) in [("1", "1.0"), ("[1, \"a\"]", "[1.0, \"a\"]"), ("null", "null")] {
            assert!(val(one).is_same(&val(other)), "{one} === {other}");
        }
        for (one, other) in [("1", "\"1\""), ("1", "true"), ("0", "null"), ("[1]", "1")] {
            assert!(!val(one).is_same(&val(other)), "{one} === {other}");
        }
    }

    #[test]
    fn numbers_as_text() {
        for (number, text) in [
            (1.0, "1"),
            (-0.0, "0"),
            (0.1 + 0.2, "0.3"),
            (1234.5, "1234.5"),
            (1e14, "100000000000000"),
            (1e20, "1e20"),
            (1e-7, "1e-7"),
            (0.0001, "0.0001"),
        ] {
            assert_eq!(text_of(number), text);
        }
        assert_eq!(text_of(f64::NAN), "NaN");
    }

    #[test]
    fn numbers_in_text() {
        for (text, number) in [("1e3", 1000.0_f64), (" -2 ", -2.0), ("", 0.0), (".5", 0.5)] {
            assert_eq!(number_in(text).to_bits(), number.to_bits(), "{text}");
        }
        for text in ["inf", "nan", "1_000", "0x10", "1 2", "--1", "e", "१"] {
            assert!(number_in(text).is_nan(), "{text}");
        }
    }
}
