//! [`Flag`]: a typed value that configuration decides.

use std::borrow::Cow;
use std::fmt;

use crate::context::write;
use crate::event::keys::Key;
use crate::event::value::Value;
use crate::ship::decisions::{About, Found};
use crate::ship::evaluation::{Answer, Evaluation, FlagError, FlagValue, Reason};
use crate::ship::keys::Names;
use crate::ship::shipping::Here;
use crate::ship::stage::Stage;
use crate::ship::subject::Subject;
use crate::sync::Arc;

/// A flag: a key, a type, and the value that counts when no source has a better one.
///
/// Declared as a `static`. In a unit it is decided once, and holds for the unit and every unit
/// opened in it, so it never flips midway; the decision is recorded as `flag.<key>.variant`,
/// `.reason` and `.rule`, and `.error` where a source failed. Where no unit is current every call asks anew and
/// nothing is recorded. Whatever goes wrong, the default is the answer.
///
/// ```
/// use ode_core::{Flag, WideEvent};
/// static NEW_CART: Flag<bool> = Flag::new("new_cart", false);
/// let layout = WideEvent::builder("page").run(|| if NEW_CART.get() { "new" } else { "old" });
/// assert_eq!(layout, "old"); // nothing is set up
/// ```
pub struct Flag<T> {
    key: &'static str,
    default: T,
    names: Names<4>,
}

/// The members of `flag.<key>.*`.
const MEMBERS: [&str; 4] = ["variant", "reason", "rule", "error"];

impl<T: fmt::Debug> fmt::Debug for Flag<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flag").field("key", &self.key).field("default", &self.default).finish()
    }
}

impl<T> Flag<T> {
    /// A flag of this key and default.
    ///
    /// # Panics
    /// For an empty key: in a `static`, so it fails to compile.
    pub const fn new(key: &'static str, default: T) -> Self {
        assert!(!key.is_empty(), "a flag needs a key");
        Self { key, default, names: Names::new() }
    }

    /// The key the sources know it by.
    pub const fn key(&self) -> &'static str {
        self.key
    }
}

impl<T: FlagType> Flag<T> {
    /// The value here: for the subject of the current unit.
    #[inline]
    pub fn get(&self) -> T {
        let evaluation = evaluate(&Here::find(), self.key, &self.names, About::Unit, T::KIND);
        T::read(&evaluation, &self.default)
    }

    /// The value for a subject named here.
    pub fn get_for(&self, subject: &Subject) -> T {
        let about = About::Named(Arc::new(subject.clone()));
        let evaluation = evaluate(&Here::find(), self.key, &self.names, about, T::KIND);
        T::read(&evaluation, &self.default)
    }
}

/// What a flag is asked for as.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    I64,
    F64,
    Text,
    Stage,
}

/// The types a [`Flag`] can have: `bool`, `i64`, `f64`, `Cow<'static, str>`, [`Stage`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a flag type",
    label = "a flag is a `bool`, `i64`, `f64`, `Cow<'static, str>` or `ode::Stage`",
    note = "for anything else read text and parse it: `Flag<Cow<'static, str>>`"
)]
pub trait FlagType: sealed::Sealed + Clone + Send + Sync + 'static {
    #[doc(hidden)]
    const KIND: Kind;
    #[doc(hidden)]
    fn read(evaluation: &Evaluation, default: &Self) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! flag_types {
    ($($type:ty, $kind:ident, $pattern:pat => $value:expr;)*) => {
        $(
            impl sealed::Sealed for $type {}
            impl FlagType for $type {
                const KIND: Kind = Kind::$kind;
                #[inline]
                fn read(evaluation: &Evaluation, default: &Self) -> Self {
                    match &evaluation.answer {
                        Answer::Value($pattern) => $value,
                        _ => default.clone(),
                    }
                }
            }
        )*
    };
}

flag_types! {
    bool, Bool, FlagValue::Bool(value) => *value;
    i64, I64, FlagValue::I64(value) => *value;
    f64, F64, FlagValue::F64(value) => *value;
    Cow<'static, str>, Text, FlagValue::Str(value) => Cow::Owned(String::from(&**value));
}

impl sealed::Sealed for Stage {}

impl FlagType for Stage {
    const KIND: Kind = Kind::Stage;

    fn read(evaluation: &Evaluation, default: &Self) -> Self {
        match &evaluation.answer {
            Answer::Value(FlagValue::Str(text)) => text.parse().unwrap_or(*default),
            _ => *default,
        }
    }
}

/// The one evaluation of a flag in a unit: found, or made and recorded.
pub(crate) fn evaluate(
    here: &Here,
    key: &'static str,
    names: &Names<4>,
    about: About,
    kind: Kind,
) -> Evaluation {
    let Some(decisions) = &here.decisions else {
        return typed(ask(here, key, &about), kind);
    };
    let found = match decisions.flag(key, &about) {
        Found::Here(evaluation) => return evaluation,
        Found::Above(evaluation) => evaluation,
        Found::Nowhere => typed(ask(here, key, &about), kind),
    };
    let (evaluation, is_new) = decisions.decide_flag(key, about, found);
    if is_new {
        record(names.get("flag", key, MEMBERS), &evaluation);
    }
    evaluation
}

fn ask(here: &Here, key: &str, about: &About) -> Evaluation {
    let Some(shipping) = here.shipping() else {
        return Evaluation::failed(FlagError::ProviderNotReady);
    };
    match about {
        About::Named(subject) => shipping.evaluate(key, subject),
        About::Unit => match here.subject() {
            Some(subject) => shipping.evaluate(key, &subject),
            None => shipping.evaluate(key, &Subject::anonymous()),
        },
    }
}

/// A value of another type than the one asked for is an error. A whole number is a number too.
fn typed(mut evaluation: Evaluation, kind: Kind) -> Evaluation {
    let Answer::Value(value) = &evaluation.answer else { return evaluation };
    match (kind, value) {
        (Kind::Bool, FlagValue::Bool(_))
        | (Kind::I64, FlagValue::I64(_))
        | (Kind::F64, FlagValue::F64(_))
        | (Kind::Text, FlagValue::Str(_)) => evaluation,
        (Kind::F64, FlagValue::I64(whole)) => {
            #[expect(clippy::cast_precision_loss, reason = "as any number of JSON is read")]
            let number = *whole as f64;
            evaluation.answer = Answer::Value(FlagValue::F64(number));
            evaluation
        }
        (Kind::I64, FlagValue::F64(number)) if number.fract() == 0.0 && number.abs() < WHOLE => {
            #[expect(clippy::cast_possible_truncation, reason = "whole, and small enough")]
            let whole = *number as i64;
            evaluation.answer = Answer::Value(FlagValue::I64(whole));
            evaluation
        }
        (Kind::Stage, FlagValue::Str(text)) if text.parse::<Stage>().is_ok() => evaluation,
        (Kind::Stage, FlagValue::Str(_)) => Evaluation::failed(FlagError::ParseError),
        _ => Evaluation::failed(FlagError::TypeMismatch),
    }
}

/// Below this every whole number is a number of its own.
const WHOLE: f64 = 9_007_199_254_740_992.0;

fn record(keys: &'static [Key; 4], evaluation: &Evaluation) {
    let [variant, reason, rule, error] = keys;
    match (&evaluation.variant, evaluation.value()) {
        (Some(name), _) => write::set_static(variant, Value::Str(name)),
        (None, Some(value)) => record_value(variant, value),
        (None, None) => {}
    }
    write::set_static(reason, Value::Str(evaluation.reason.as_str()));
    if let Some(name) = &evaluation.rule {
        write::set_static(rule, Value::Str(name));
    }
    if let Some(code) = evaluation.error() {
        write::set_static(error, Value::Str(code.as_str()));
    }
}

/// A variant is a name: text, whatever the value's type.
fn record_value(variant: &'static Key, value: &FlagValue) {
    match value {
        FlagValue::Bool(true) => write::set_static(variant, Value::Str("true")),
        FlagValue::Bool(false) => write::set_static(variant, Value::Str("false")),
        FlagValue::Str(text) | FlagValue::Json(text) => {
            write::set_static(variant, Value::Str(text));
        }
        FlagValue::I64(number) => write::set_static(variant, Value::Display(number)),
        FlagValue::F64(number) => write::set_static(variant, Value::Display(number)),
    }
}

impl Evaluation {
    /// The evaluation where nothing was decided: the reason that is recorded for a default.
    #[cfg(test)]
    pub(crate) fn is_default(&self) -> bool {
        self.answer == Answer::NotFound && self.reason == Reason::Default
    }
}
