//! The field macros as a sequence: parse, then write or report.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;

use super::grammar::Grammar;
use super::{expand, parse};
use crate::errors::Errors;
use crate::paths::CorePath;

/// Expands one of the list macros. `input` is `[core path] fields`.
pub(crate) fn list(grammar: Grammar, input: TokenStream) -> TokenStream {
    let (core, input) = core_path(input);
    let mut errors = Errors::default();
    let fields = parse::fields(grammar, input, &mut errors);
    if errors.is_empty() {
        expand::statement(&core, grammar, &fields)
    } else {
        braced(errors.to_tokens())
    }
}

/// Expands `timed!`. `input` is `[core path] "name", expr`.
pub(crate) fn timed(input: TokenStream) -> TokenStream {
    let (core, input) = core_path(input);
    let mut errors = Errors::default();
    match super::timed::parse(input, &mut errors) {
        Some(timed) => super::timed::expand(&core, &timed),
        None => braced(errors.to_tokens()),
    }
}

/// Takes off the first bracket group, which the declarative front fills with its `$crate`.
fn core_path(input: TokenStream) -> (CorePath, TokenStream) {
    let mut input = input.into_iter();
    match input.next() {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket => {
            (CorePath::new(group.stream()), input.collect())
        }
        // Only reached when somebody calls the hidden macro by hand.
        other => (CorePath::new(quote!(::ode_core)), other.into_iter().chain(input).collect()),
    }
}

/// A block, which is both a statement and an expression.
fn braced(tokens: TokenStream) -> TokenStream {
    TokenTree::Group(Group::new(Delimiter::Brace, tokens)).into()
}
