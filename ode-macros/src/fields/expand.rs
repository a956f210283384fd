//! Tokens for a list of fields.
//!
//! Every field is one call, finished before the next begins: values may `.await` or leave the
//! function with `?`, and no field's borrow lasts into another's.

use proc_macro2::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};

use super::grammar::Grammar;
use super::key::Key;
use super::parse::{Field, Form, Value};
use crate::errors::ends;
use crate::paths::CorePath;

/// `{ if recording() { .. } }`: a statement of type `()`.
pub(crate) fn statement(core: &CorePath, grammar: Grammar, fields: &[Field]) -> TokenStream {
    let support = core.support();
    let calls = fields.iter().map(|field| call(core, grammar, field));
    quote_spanned! {Span::mixed_site()=>
        {
            if #support::recording() {
                #(#calls)*
            }
        }
    }
}

fn call(core: &CorePath, grammar: Grammar, field: &Field) -> TokenStream {
    let support = core.support();
    let value = value(core, grammar, &field.value);
    let function = |suffix: &str| {
        let name = format!("{}{suffix}", function_name(grammar));
        proc_macro2::Ident::new(&name, Span::mixed_site())
    };
    match &field.key {
        Key::Fixed { name, span, .. } => {
            let function = function("");
            let key = fixed_key(core, name, *span, "new");
            quote_spanned! {Span::mixed_site()=> #support::#function(#key, #value); }
        }
        Key::Computed { expr, .. } => {
            let function = function("_at");
            let key = borrowed(expr);
            quote_spanned! {Span::mixed_site()=> #support::#function(#key, #value); }
        }
    }
}

fn function_name(grammar: Grammar) -> &'static str {
    match grammar {
        Grammar::Set | Grammar::Attribute => "set",
        Grammar::SetInherited => "set_inherited",
        Grammar::Incr => "incr",
        Grammar::Append => "append",
    }
}

/// A block whose value is the static key.
///
/// The const is an item and not an inline `const { .. }`, because only items are evaluated by
/// `cargo check`, also in functions that nobody calls. Items are not hygienic; the block around it
/// is what keeps its name away from the value expression. `check` is the constructor, which decides
/// what names are refused.
pub(crate) fn fixed_key(core: &CorePath, name: &str, span: Span, check: &str) -> TokenStream {
    let support = core.support();
    let check = proc_macro2::Ident::new(check, span);
    let mut text = Literal::string(name);
    let mut json = Literal::string(&Key::json(name));
    text.set_span(span);
    json.set_span(span);
    // `<Key>::new`, because the call starts where its first token is, and that of a plain path is
    // the front macro's `$crate`: a bad key would be shown as the whole `set!`.
    let new = quote_spanned!(span=> &<#support::Key>::#check(#text, #json));
    quote_spanned! {Span::mixed_site()=>
        {
            const KEY: &'static #support::Key = #new;
            KEY
        }
    }
}

fn value(core: &CorePath, grammar: Grammar, value: &Value) -> TokenStream {
    let support = core.support();
    let (form, expr) = match value {
        Value::One => return quote_spanned!(Span::mixed_site()=> #support::Number::ONE),
        Value::Given { form, expr } => (*form, expr),
    };
    let once = borrowed(expr);
    // Borrowed twice: `&dyn Debug` needs a sized type behind it, and `str` has none.
    let twice = borrowed(&once);
    match (grammar, form) {
        (Grammar::Incr, _) => {
            let trait_ = core.root("ToNumber");
            quote_spanned!(Span::mixed_site()=> #trait_::to_number(#once))
        }
        (_, Form::Plain) => {
            let trait_ = core.root("ToValue");
            quote_spanned!(Span::mixed_site()=> #trait_::to_value(#once))
        }
        (_, Form::Debug) => {
            let value = core.root("Value");
            quote_spanned!(Span::mixed_site()=> #value::debug(#twice))
        }
        (_, Form::Display) => {
            let value = core.root("Value");
            quote_spanned!(Span::mixed_site()=> #value::display(#twice))
        }
    }
}

/// `&(expr)` with the expression's own spans, so that an unmet bound is reported there: rustc moves
/// it to the whole `set!` when the argument is the macro's.
///
/// The parentheses are needed because `&` binds tighter than most operators. `&` takes the place
/// of the first token and the parentheses that of the last: rustc then underlines all between.
fn borrowed(expr: &TokenStream) -> TokenStream {
    let (start, end) = ends(expr.clone());
    let mut group = Group::new(Delimiter::Parenthesis, expr.clone());
    group.set_span(end);
    let mut tokens = quote_spanned!(start=> &);
    TokenTree::Group(group).to_tokens(&mut tokens);
    tokens
}
