//! What a source of flags answers.

use crate::ship::flag::Query;
use crate::ship::subject::Subject;
use crate::sync::Arc;

/// Where the values of flags come from.
///
/// It is asked on the thread that runs the unit, so it answers from memory: it does not block, and
/// it does no I/O. What it panics with is caught and counts as an error. It must not open units or
/// record on them.
///
/// ```
/// use ode_core::{Evaluation, FlagSource, FlagValue, Reason, Subject};
///
/// /// Everything is on for staff.
/// struct ForStaff;
/// impl FlagSource for ForStaff {
///     fn evaluate(&self, _key: &str, subject: &Subject) -> Evaluation {
///         match subject.attribute("staff") {
///             Some(&ode_core::Attribute::Bool(true)) => {
///                 Evaluation::new(FlagValue::Bool(true), Reason::TargetingMatch).rule("staff")
///             }
///             _ => Evaluation::not_found(),
///         }
///     }
/// }
/// ```
pub trait FlagSource: Send + Sync + 'static {
    /// The value of a flag for a subject. A flag it does not know is [`Evaluation::not_found`]: the
    /// next source is asked, and in the end the flag's default counts.
    fn evaluate(&self, key: &str, subject: &Subject) -> Evaluation;

    /// As [`FlagSource::evaluate`], for sources that have to know what the flag is asked for as.
    #[doc(hidden)]
    fn evaluate_as(&self, asked: Query<'_>, subject: &Subject) -> Evaluation {
        self.evaluate(asked.key, subject)
    }

    /// What the source is called: `feature_flag.provider.name` where evaluations are exported.
    #[expect(clippy::unnecessary_literal_bound, reason = "a source may make its name")]
    fn name(&self) -> &str {
        "custom"
    }
}

/// The answer to one question about one flag.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    pub(crate) answer: Answer,
    pub(crate) reason: Reason,
    pub(crate) variant: Option<Arc<str>>,
    pub(crate) rule: Option<Arc<str>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Value(FlagValue),
    NotFound,
    /// The source knows the flag, and leaves it to its default.
    Default,
    Failed(FlagError),
}

/// The value of a flag.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq)]
pub enum FlagValue {
    /// Yes or no.
    Bool(bool),
    /// Text.
    Str(Arc<str>),
    /// A whole number.
    I64(i64),
    /// Any number.
    F64(f64),
    /// An object or a list, as JSON.
    Json(Arc<str>),
}

/// Why a flag has the value it has: the words of OpenFeature and of OpenTelemetry.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The value is the same for everybody.
    Static,
    /// No source had a value, or none of its rules matched.
    Default,
    /// A rule matched the subject.
    TargetingMatch,
    /// The subject fell into a percentage.
    Split,
    /// The value comes from a cache.
    Cached,
    /// The flag is switched off in its source.
    Disabled,
    /// The value may be out of date.
    Stale,
    /// The source does not say.
    Unknown,
    /// The source failed.
    Error,
}

/// How a source failed: the error codes of OpenFeature.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FlagError {
    /// The source is not ready to answer.
    ProviderNotReady,
    /// The source will never be ready.
    ProviderFatal,
    /// No source knows the flag.
    FlagNotFound,
    /// What the source holds cannot be read.
    ParseError,
    /// The flag has a value of another type.
    TypeMismatch,
    /// The rule needs a targeting key, and the subject has none.
    TargetingKeyMissing,
    /// The subject is not what the rule needs.
    InvalidContext,
    /// Anything else; also a source that panicked.
    General,
}

impl Evaluation {
    /// A value, and why.
    pub fn new(value: FlagValue, reason: Reason) -> Self {
        Self { answer: Answer::Value(value), reason, variant: None, rule: None }
    }

    /// The source does not know the flag.
    pub fn not_found() -> Self {
        Self { answer: Answer::NotFound, reason: Reason::Default, variant: None, rule: None }
    }

    /// The source has no value to give, and asking the next one would hide why: the flag's default
    /// counts. For a flag that is switched off or that no rule matched.
    pub fn default_value(reason: Reason) -> Self {
        Self { answer: Answer::Default, reason, variant: None, rule: None }
    }

    /// The source failed; the flag's default counts, and no other source is asked.
    pub fn failed(error: FlagError) -> Self {
        Self { answer: Answer::Failed(error), reason: Reason::Error, variant: None, rule: None }
    }

    /// The name of the value: `flag.<key>.variant` on the event. Without one it is the value.
    #[must_use]
    pub fn variant(mut self, variant: impl Into<Arc<str>>) -> Self {
        self.variant = Some(variant.into());
        self
    }

    /// Which rule of the source matched: `flag.<key>.rule` on the event.
    #[must_use]
    pub fn rule(mut self, rule: impl Into<Arc<str>>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&FlagValue> {
        match &self.answer {
            Answer::Value(value) => Some(value),
            Answer::NotFound | Answer::Default | Answer::Failed(_) => None,
        }
    }

    /// The name of the value, where the source gives one.
    pub fn variant_name(&self) -> Option<&str> {
        self.variant.as_deref()
    }

    /// Which rule of the source matched, where it says so.
    pub fn rule_name(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// Why it has this value.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// How the source failed, if it did.
    pub fn error(&self) -> Option<FlagError> {
        match self.answer {
            Answer::Failed(error) => Some(error),
            Answer::Value(_) | Answer::NotFound | Answer::Default => None,
        }
    }

    /// Whether the next source is to be asked.
    pub(crate) fn asks_on(&self) -> bool {
        self.answer == Answer::NotFound
    }
}

impl Reason {
    /// The reason as OpenTelemetry spells it: `static`, `targeting_match`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Default => "default",
            Self::TargetingMatch => "targeting_match",
            Self::Split => "split",
            Self::Cached => "cached",
            Self::Disabled => "disabled",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::Error => "error",
        }
    }
}

impl FlagError {
    /// The code as OpenTelemetry spells it: `flag_not_found`, `type_mismatch`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProviderNotReady => "provider_not_ready",
            Self::ProviderFatal => "provider_fatal",
            Self::FlagNotFound => "flag_not_found",
            Self::ParseError => "parse_error",
            Self::TypeMismatch => "type_mismatch",
            Self::TargetingKeyMissing => "targeting_key_missing",
            Self::InvalidContext => "invalid_context",
            Self::General => "general",
        }
    }
}

impl From<bool> for FlagValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<&str> for FlagValue {
    fn from(value: &str) -> Self {
        Self::Str(value.into())
    }
}

impl From<i64> for FlagValue {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<f64> for FlagValue {
    fn from(value: f64) -> Self {
        Self::F64(value)
    }
}

impl From<crate::Stage> for FlagValue {
    fn from(stage: crate::Stage) -> Self {
        Self::Str(stage.as_str().into())
    }
}
