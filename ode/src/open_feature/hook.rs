//! [`RecordEvaluations`]: what OpenFeature's SDK evaluates, on the unit that is current.

use ode_core::ship_support::record_evaluation;
use ode_core::{Evaluation, Reason};
use open_feature::{
    EvaluationContext, EvaluationDetails, EvaluationError, Hook, HookContext, HookHints, Value,
    async_trait,
};

use crate::open_feature::convert::{error_of, reason_of, scalar_of};

/// A hook for OpenFeature's SDK that records every evaluation on the current unit, under the names of
/// ode's own: `flag.<key>.variant`, `.reason`, and `.error` where it failed.
///
/// For code that asks OpenFeature directly. Of a flag that is evaluated more than once in a unit the
/// last evaluation counts. A list or an object without a variant's name is not recorded, only why it
/// has its value. Where no unit is current nothing happens.
///
/// ```no_run
/// # async fn example() {
/// use ode::open_feature::RecordEvaluations;
/// use open_feature::OpenFeature;
///
/// let client = OpenFeature::singleton().await.create_client().with_hook(RecordEvaluations);
/// ode::WideEvent::builder("page")
///     .run_async(async {
///         if client.get_bool_value("new_cart", None, None).await.unwrap_or(false) {
///             // ...
///         }
///     })
///     .await;
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to set")]
pub struct RecordEvaluations;

#[async_trait]
impl Hook for RecordEvaluations {
    async fn before<'a>(
        &self,
        _: &HookContext<'a>,
        _: Option<&'a HookHints>,
    ) -> Result<Option<EvaluationContext>, EvaluationError> {
        Ok(None)
    }

    async fn after<'a>(
        &self,
        context: &HookContext<'a>,
        details: &EvaluationDetails<Value>,
        _: Option<&'a HookHints>,
    ) -> Result<(), EvaluationError> {
        let reason = details.reason.as_ref().map_or(Reason::Unknown, reason_of);
        let evaluation = match (scalar_of(&details.value), &details.variant) {
            (Some(value), None) => Evaluation::new(value, reason),
            (value, Some(variant)) => {
                let evaluation = match value {
                    Some(value) => Evaluation::new(value, reason),
                    None => Evaluation::default_value(reason),
                };
                evaluation.variant(variant.as_str())
            }
            (None, None) => Evaluation::default_value(reason),
        };
        record_evaluation(context.flag_key, &evaluation);
        Ok(())
    }

    async fn error<'a>(
        &self,
        context: &HookContext<'a>,
        error: &EvaluationError,
        _: Option<&'a HookHints>,
    ) {
        record_evaluation(context.flag_key, &Evaluation::failed(error_of(&error.code)));
    }

    async fn finally<'a>(
        &self,
        _: &HookContext<'a>,
        _: &EvaluationDetails<Value>,
        _: Option<&'a HookHints>,
    ) {
    }
}
