//! ode's words in OpenFeature's, and back.

use ode_core::ship_support::Kind;
use ode_core::{Attribute, Evaluation, FlagError, FlagValue, Reason, Subject};
use open_feature::provider::{FeatureProvider, ResolutionDetails};
use open_feature::{
    EvaluationContext, EvaluationError, EvaluationErrorCode, EvaluationReason, StructValue, Value,
};
use serde_json::Value as Json;

pub(crate) fn context_of(subject: &Subject) -> EvaluationContext {
    let targeting_key = subject.targeting_key().map(str::to_owned);
    let mut context = EvaluationContext { targeting_key, ..EvaluationContext::default() };
    for (name, value) in subject.attributes() {
        match value {
            Attribute::Bool(value) => context.add_custom_field(name, *value),
            Attribute::Str(text) => context.add_custom_field(name, text.clone().into_owned()),
            Attribute::I64(whole) => context.add_custom_field(name, *whole),
            Attribute::F64(number) => context.add_custom_field(name, *number),
            _ => {}
        }
    }
    context
}

/// Asks the provider for a flag as what it is wanted as. Where that is not known it is asked for one
/// type after the other.
pub(crate) async fn resolve(
    provider: &dyn FeatureProvider,
    key: &str,
    kind: Option<Kind>,
    context: &EvaluationContext,
) -> Result<Evaluation, FlagError> {
    match kind {
        Some(Kind::Bool) => found(provider.resolve_bool_value(key, context).await, FlagValue::Bool),
        Some(Kind::Text | Kind::Stage) => {
            found(provider.resolve_string_value(key, context).await, text)
        }
        Some(Kind::I64) => found(provider.resolve_int_value(key, context).await, FlagValue::I64),
        Some(Kind::F64) => found(provider.resolve_float_value(key, context).await, FlagValue::F64),
        None => {
            let mut last = found(provider.resolve_bool_value(key, context).await, FlagValue::Bool);
            if last == Err(FlagError::TypeMismatch) {
                last = found(provider.resolve_string_value(key, context).await, text);
            }
            if last == Err(FlagError::TypeMismatch) {
                last = found(provider.resolve_int_value(key, context).await, FlagValue::I64);
            }
            if last == Err(FlagError::TypeMismatch) {
                last = found(provider.resolve_float_value(key, context).await, FlagValue::F64);
            }
            if last == Err(FlagError::TypeMismatch) {
                last = found(provider.resolve_struct_value(key, context).await, object);
            }
            last
        }
    }
}

fn text(text: String) -> FlagValue {
    FlagValue::Str(text.into())
}

fn object(object: StructValue) -> FlagValue {
    FlagValue::Json(json_of(Value::Struct(object)).to_string().into())
}

fn found<T>(
    result: Result<ResolutionDetails<T>, EvaluationError>,
    value: impl FnOnce(T) -> FlagValue,
) -> Result<Evaluation, FlagError> {
    let details = result.map_err(|error| error_of(&error.code))?;
    let reason = details.reason.as_ref().map_or(Reason::Unknown, reason_of);
    let evaluation = Evaluation::new(value(details.value), reason);
    Ok(match details.variant {
        Some(variant) => evaluation.variant(variant),
        None => evaluation,
    })
}

pub(crate) fn error_of(code: &EvaluationErrorCode) -> FlagError {
    match code {
        EvaluationErrorCode::ProviderNotReady => FlagError::ProviderNotReady,
        EvaluationErrorCode::FlagNotFound => FlagError::FlagNotFound,
        EvaluationErrorCode::ParseError => FlagError::ParseError,
        EvaluationErrorCode::TypeMismatch => FlagError::TypeMismatch,
        EvaluationErrorCode::TargetingKeyMissing => FlagError::TargetingKeyMissing,
        EvaluationErrorCode::InvalidContext => FlagError::InvalidContext,
        EvaluationErrorCode::General(_) => FlagError::General,
    }
}

pub(crate) fn reason_of(reason: &EvaluationReason) -> Reason {
    match reason {
        EvaluationReason::Static => Reason::Static,
        EvaluationReason::Default => Reason::Default,
        EvaluationReason::TargetingMatch => Reason::TargetingMatch,
        EvaluationReason::Split => Reason::Split,
        EvaluationReason::Cached => Reason::Cached,
        EvaluationReason::Disabled => Reason::Disabled,
        EvaluationReason::Error => Reason::Error,
        // There is a word for it, but the SDK does not know it.
        EvaluationReason::Other(word) if word.eq_ignore_ascii_case("stale") => Reason::Stale,
        EvaluationReason::Unknown | EvaluationReason::Other(_) => Reason::Unknown,
    }
}

/// A value without parts; `None` for lists and objects.
pub(crate) fn scalar_of(value: &Value) -> Option<FlagValue> {
    match value {
        Value::Bool(value) => Some(FlagValue::Bool(*value)),
        Value::Int(whole) => Some(FlagValue::I64(*whole)),
        Value::Float(number) => Some(FlagValue::F64(*number)),
        Value::String(text) => Some(FlagValue::Str(text.as_str().into())),
        Value::Array(_) | Value::Struct(_) => None,
    }
}

fn json_of(value: Value) -> Json {
    match value {
        Value::Bool(value) => value.into(),
        Value::Int(whole) => whole.into(),
        Value::Float(number) => number.into(),
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().map(json_of).collect(),
        Value::Struct(object) => {
            object.fields.into_iter().map(|(name, value)| (name, json_of(value))).collect()
        }
    }
}
