//! What the options and the function do not agree on.

use quote::ToTokens;
use syn::{ReturnType, Type};

use super::args::Options;
use super::model::{Function, ungrouped};
use crate::errors::Errors;

pub(crate) fn check(options: &Options, function: &Function, errors: &mut Errors) {
    let signature = &function.signature;
    if let Some(constness) = &signature.constness {
        errors.at(
            constness.span,
            "#[instrument_event] cannot go on a const fn: it may run at compile time",
        );
    }
    if let ReturnType::Type(_, ty) = &signature.output
        && let Type::Never(never) = ungrouped(ty)
    {
        errors.over(
            never.to_token_stream(),
            "this function never returns, so its unit would never end; instrument the work inside \
             its loop instead",
        );
    }
    if options.root
        && options.parent.is_some()
        && let Some(span) = options.given("parent")
    {
        errors.at(span, "root starts a new trace, so there is no parent: drop one of the two");
    }
    if matches!(signature.output, ReturnType::Default)
        && options.classify.is_some()
        && let Some(span) = options.given("err")
    {
        errors.at(span, "err(with = ..) needs a function that returns a Result");
    }
}
