//! [`Flag`]: a typed value that configuration decides.

use std::borrow::Cow;
use std::fmt;

use crate::context::{slot, write};
use crate::event::keys::{self, Key};
use crate::event::value::Value;
use crate::pipeline::engine::PipelineRef;
use crate::record::buffer::Buffer;
use crate::ship::decisions::{Look, Open};
use crate::ship::evaluation::{Answer, Evaluation, FlagError, FlagValue};
use crate::ship::keys::Names;
use crate::ship::shipping::Here;
use crate::ship::stage::Stage;
use crate::ship::subject::Subject;

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
    key: FlagKey,
    default: T,
    names: Names<4>,
}

/// The key of a flag, and its hash: what units look decisions up by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlagKey {
    pub(crate) text: &'static str,
    pub(crate) hash: u32,
}

impl FlagKey {
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, hash: keys::hash(text) }
    }

    #[inline]
    pub(crate) fn is(self, other: Self) -> bool {
        self.hash == other.hash && (std::ptr::eq(self.text, other.text) || self.text == other.text)
    }
}

/// The members of `flag.<key>.*`.
pub(crate) const MEMBERS: [&str; 4] = ["variant", "reason", "rule", "error"];

impl<T: fmt::Debug> fmt::Debug for Flag<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flag")
            .field("key", &self.key.text)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

impl<T> Flag<T> {
    /// A flag of this key and default.
    ///
    /// # Panics
    /// For an empty key: in a `static`, so it fails to compile.
    pub const fn new(key: &'static str, default: T) -> Self {
        assert!(!key.is_empty(), "a flag needs a key");
        Self { key: FlagKey::new(key), default, names: Names::new() }
    }

    /// A flag that is given its key later.
    pub(crate) const fn keyless(default: T) -> Self {
        Self { key: FlagKey::new(""), default, names: Names::new() }
    }

    pub(crate) const fn set_key(&mut self, key: &'static str) {
        assert!(!key.is_empty(), "a flag needs a key");
        self.key = FlagKey::new(key);
    }

    /// The key the sources know it by.
    pub const fn key(&self) -> &'static str {
        self.key.text
    }
}

impl<T: FlagType> Flag<T> {
    /// The value here: for the subject of the current unit.
    #[inline]
    pub fn get(&self) -> T {
        self.read(None, |evaluation| T::read(evaluation, &self.default))
    }

    /// The value for a subject named here.
    ///
    /// A unit remembers its answers about 64 named subjects and asks about others anew. The first
    /// answer about a flag in a unit is the one that is recorded.
    pub fn get_for(&self, subject: &Subject) -> T {
        self.read(Some(subject), |evaluation| T::read(evaluation, &self.default))
    }

    /// The value here, and why it is that: variant, reason, rule, error. Decides and records as
    /// [`Flag::get`] does.
    ///
    /// ```
    /// use ode_core::{Flag, FlagError};
    /// static NEW_CART: Flag<bool> = Flag::new("new_cart", false);
    /// assert_eq!(NEW_CART.evaluate().error(), Some(FlagError::ProviderNotReady)); // nothing is set up
    /// ```
    pub fn evaluate(&self) -> Evaluation {
        self.read(None, |evaluation| typed(evaluation, T::KIND))
    }

    /// As [`Flag::evaluate`], for a subject named here.
    pub fn evaluate_for(&self, subject: &Subject) -> Evaluation {
        self.read(Some(subject), |evaluation| typed(evaluation, T::KIND))
    }

    #[inline]
    fn read<R>(&self, named: Option<&Subject>, read: impl Fn(&Evaluation) -> R) -> R {
        let found = slot::with_own(|unit| {
            match unit.decisions.with(|state| state.look(self.key, named, &read)) {
                Look::Here(value) => Ok(value),
                Look::Open(open) => Err((unit.pipeline.clone(), open)),
            }
        });
        match found {
            Some(Ok(value)) => value,
            Some(Err((pipeline, open))) => {
                self.question(named).decide_in_own(pipeline.as_ref(), &open, &read)
            }
            None => read(&self.question(named).evaluate(&Here::find())),
        }
    }

    fn question<'q>(&'q self, named: Option<&'q Subject>) -> Question<'q> {
        Question { key: self.key, names: &self.names, named, kind: T::KIND }
    }
}

/// What a flag is asked for as.
#[doc(hidden)]
#[expect(clippy::exhaustive_enums, reason = "hidden: of ode's own crates")]
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
    ($($type:ty, $kind:ident, $($pattern:pat => $value:expr),+;)*) => {
        $(
            impl sealed::Sealed for $type {}
            impl FlagType for $type {
                const KIND: Kind = Kind::$kind;
                #[inline]
                fn read(evaluation: &Evaluation, default: &Self) -> Self {
                    let value = match evaluation.value() {
                        $(Some($pattern) => $value,)+
                        _ => None,
                    };
                    value.unwrap_or_else(|| default.clone())
                }
            }
        )*
    };
}

flag_types! {
    bool, Bool, FlagValue::Bool(value) => Some(*value);
    i64, I64, FlagValue::I64(value) => Some(*value), FlagValue::F64(value) => whole(*value);
    f64, F64, FlagValue::F64(value) => Some(*value), FlagValue::I64(value) => Some(any(*value));
    Cow<'static, str>, Text, FlagValue::Str(value) => Some(Cow::Owned(String::from(&**value)));
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

/// What a source is asked.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    pub key: &'a str,
    pub kind: Kind,
    pub(crate) hash: u32,
}

impl<'a> Query<'a> {
    pub(crate) fn new(key: &'a str, kind: Kind) -> Self {
        Self { key, kind, hash: keys::hash(key) }
    }
}

/// What is asked of sources, by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'q> {
    pub(crate) key: FlagKey,
    pub(crate) names: &'q Names<4>,
    /// In the place of the unit's subject.
    pub(crate) named: Option<&'q Subject>,
    pub(crate) kind: Kind,
}

impl Question<'_> {
    /// The one evaluation of a flag in a unit: found, or made and recorded. Its value is of whatever
    /// type the source gave.
    pub(crate) fn evaluate(self, here: &Here) -> Evaluation {
        let pipeline = here.pipeline.as_ref();
        let Some(decisions) = &here.decisions else {
            return self.ask(pipeline, None);
        };
        let looked = decisions.state().look(self.key, self.named, Clone::clone);
        match looked {
            Look::Here(evaluation) => evaluation,
            Look::Open(open) => {
                let mut asked = self.ask_where(pipeline, &open);
                let (evaluation, is_new) =
                    decisions.state().settle(self.key, self.named, &mut asked, |known, is_new| {
                        (known.clone(), is_new)
                    });
                if is_new {
                    self.record(&evaluation);
                }
                evaluation
            }
        }
    }

    /// As [`Self::evaluate`], in the unit that this task owns and that has not decided.
    fn decide_in_own<R>(
        self,
        pipeline: Option<&PipelineRef>,
        open: &Open,
        read: impl Fn(&Evaluation) -> R,
    ) -> R {
        let mut asked = self.ask_where(pipeline, open);
        let keys = self.keys();
        // Who asked has put the unit back.
        let settled = slot::with_own(|unit| {
            unit.settle_flag(self.key, self.named, &mut asked, |evaluation, is_new, buffer| {
                let recorded = !is_new
                    || buffer.is_some_and(|buffer| {
                        mismatch(evaluation, self.kind).is_none()
                            && try_record(buffer, keys, evaluation)
                    });
                (read(evaluation), recorded)
            })
        });
        let Some((value, recorded)) = settled else { return read(&asked) };
        if !recorded {
            self.record_settled();
        }
        value
    }

    /// Records what the unit has settled, the long way.
    #[cold]
    fn record_settled(self) {
        let settled = slot::with_own(|unit| {
            unit.decisions.with(|state| state.look(self.key, self.named, Clone::clone))
        });
        if let Some(Look::Here(evaluation)) = settled {
            self.record(&evaluation);
        }
    }

    fn keys(self) -> &'static [Key; 4] {
        self.names.get("flag", self.key.text, MEMBERS)
    }

    fn record(self, evaluation: &Evaluation) {
        match mismatch(evaluation, self.kind) {
            None => record(self.keys(), evaluation),
            Some(error) => record(self.keys(), &Evaluation::failed(error)),
        }
    }

    /// Asks, unless a unit above has the answer.
    #[inline]
    fn ask_where(self, pipeline: Option<&PipelineRef>, open: &Open) -> Evaluation {
        if open.is_decided_above {
            return Evaluation::not_found();
        }
        self.ask(pipeline, open.subject.as_deref())
    }

    fn ask(self, pipeline: Option<&PipelineRef>, own: Option<&Subject>) -> Evaluation {
        let subject = self.named.or(own).unwrap_or(Subject::nobody());
        match pipeline {
            Some(pipeline) => {
                let FlagKey { text: key, hash } = self.key;
                pipeline.shipping.evaluate(Query { key, kind: self.kind, hash }, subject)
            }
            None => Evaluation::failed(FlagError::ProviderNotReady),
        }
    }
}

/// A value of another type than the one asked for is an error. A whole number is a number too.
fn mismatch(evaluation: &Evaluation, kind: Kind) -> Option<FlagError> {
    let Answer::Value(value) = &evaluation.answer else { return None };
    match (kind, value) {
        (Kind::Bool, FlagValue::Bool(_))
        | (Kind::I64, FlagValue::I64(_))
        | (Kind::F64, FlagValue::F64(_) | FlagValue::I64(_))
        | (Kind::Text, FlagValue::Str(_)) => None,
        (Kind::I64, &FlagValue::F64(number)) if whole(number).is_some() => None,
        (Kind::Stage, FlagValue::Str(text)) => {
            text.parse::<Stage>().err().map(|_no_stage| FlagError::ParseError)
        }
        _ => Some(FlagError::TypeMismatch),
    }
}

/// An evaluation as somebody sees it who asks for this.
fn typed(evaluation: &Evaluation, kind: Kind) -> Evaluation {
    if let Some(error) = mismatch(evaluation, kind) {
        return Evaluation::failed(error);
    }
    let value = match (kind, evaluation.value()) {
        (Kind::F64, Some(&FlagValue::I64(number))) => FlagValue::F64(any(number)),
        (Kind::I64, Some(&FlagValue::F64(number))) => {
            whole(number).map_or(number.into(), Into::into)
        }
        _ => return evaluation.clone(),
    };
    Evaluation { answer: Answer::Value(value), ..evaluation.clone() }
}

#[expect(clippy::cast_precision_loss, reason = "as any number of JSON is read")]
const fn any(number: i64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, reason = "whole, and small enough")]
fn whole(number: f64) -> Option<i64> {
    // Below this every whole number is a number of its own.
    (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
}

pub(crate) fn record(keys: &'static [Key; 4], evaluation: &Evaluation) {
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

/// As [`record`], by the shortest way: names and texts, where the memory at hand takes them. `false`
/// for the others, which take the long way; a field that is there by then is written again.
#[inline]
fn try_record(buffer: &mut Buffer, keys: &'static [Key; 4], evaluation: &Evaluation) -> bool {
    let [variant, reason, rule, _] = keys;
    let name = match (&evaluation.variant, evaluation.value()) {
        (Some(name), _) => &**name,
        (None, Some(FlagValue::Bool(value))) => {
            if *value {
                "true"
            } else {
                "false"
            }
        }
        (None, Some(FlagValue::Str(text) | FlagValue::Json(text))) => &**text,
        (None, Some(FlagValue::I64(_) | FlagValue::F64(_)) | None) => return false,
    };
    let mut push = |key, text: &str| buffer.try_push_str(key, text, 0);
    evaluation.error().is_none()
        && push(variant, name)
        && push(reason, evaluation.reason.as_str())
        && evaluation.rule.as_deref().is_none_or(|name| push(rule, name))
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
