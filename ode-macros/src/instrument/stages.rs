//! The attribute as a sequence: parse options, read the function, check, write.

use proc_macro2::TokenStream;
use quote::quote;

use super::{args, check, expand, model};
use crate::errors::Errors;
use crate::paths::CorePath;

/// Expands the attribute. Whatever is wrong, the item itself is still emitted, so that one mistake
/// is one message.
pub(crate) fn attribute(options: TokenStream, item: &TokenStream, home: &CorePath) -> TokenStream {
    let mut errors = Errors::default();
    let options = args::parse(options, &mut errors);
    let function = model::read(item.clone(), &mut errors);
    if let Some(function) = &function {
        check::check(&options, function, &mut errors);
    }
    match function {
        Some(function) if errors.is_empty() => {
            let core = options.core.clone().unwrap_or_else(|| home.clone());
            expand::expand(&core, &options, &function)
        }
        function => {
            let errors = errors.to_tokens();
            // Arguments that only `fields(..)` used would now be reported as unused.
            let quiet = function.map(|_| quote!(#[allow(unused_variables)]));
            quote!(#errors #quiet #item)
        }
    }
}
