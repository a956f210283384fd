//! The derive as a sequence: read, check, write.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use super::{check, expand, model};
use crate::errors::Errors;
use crate::paths::CorePath;

/// Expands the derive.
pub(crate) fn event_fields(input: TokenStream, core: &CorePath) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::default();
    let model = model::read(&input, &mut errors);
    if let Some(model) = &model {
        check::check(model, &mut errors);
    }
    match model {
        Some(model) if errors.is_empty() => expand::expand(core, &input, &model),
        // Without an impl, every use of the type would add an error to the ones reported here.
        _ => {
            let errors = errors.to_tokens();
            let fallback = expand::fallback(core, &input);
            quote::quote!(#errors #fallback)
        }
    }
}
