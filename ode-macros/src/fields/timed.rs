//! `timed!("name", expr)`.

use proc_macro2::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};
use quote::quote_spanned;

use super::literal::string_value;
use crate::errors::Errors;
use crate::paths::CorePath;

/// A name and the expression to time.
pub(crate) struct Timed {
    name: String,
    span: Span,
    expr: TokenStream,
}

const USAGE: &str = "`timed!` takes a name and an expression: `timed!(\"db.query\", fetch().await)`; \
     to time the rest of a block, write `let _timed = ode::timed(\"db.query\");`";

/// Reads the input of `timed!`; `None` after a mistake.
pub(crate) fn parse(input: TokenStream, errors: &mut Errors) -> Option<Timed> {
    let mut tokens: Vec<TokenTree> = input.into_iter().collect();
    if matches!(tokens.as_slice(), [.., TokenTree::Punct(last)] if last.as_char() == ',') {
        tokens.pop();
    }
    let Some((first, rest)) = tokens.split_first() else {
        errors.at(Span::call_site(), USAGE);
        return None;
    };
    let Some(name) = name(first) else {
        errors.at(first.span(), USAGE);
        return None;
    };
    match rest {
        [TokenTree::Punct(comma), expr @ ..] if comma.as_char() == ',' && !expr.is_empty() => {
            Some(Timed { name, span: first.span(), expr: expr.iter().cloned().collect() })
        }
        [] => {
            errors.at(first.span(), USAGE);
            None
        }
        [other, ..] => {
            errors.at(other.span(), USAGE);
            None
        }
    }
}

fn name(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Literal(literal) => string_value(literal),
        // A literal that came through another macro's `$name:literal`.
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut inside = group.stream().into_iter();
            let only = inside.next().filter(|_| inside.next().is_none())?;
            name(&only)
        }
        _ => None,
    }
}

/// The guard is a local and the expression the block's tail: whatever leaves the expression, be it
/// its value, `?`, `return`, `break`, a panic or a dropped future, leaves through the guard.
pub(crate) fn expand(core: &CorePath, timed: &Timed) -> TokenStream {
    let support = core.support();
    let mut name = Literal::string(&timed.name);
    name.set_span(timed.span);
    // `<Timer>::new` for the reason given at `fixed_key`: a bad name is shown where it stands.
    let new = quote_spanned!(timed.span=> <#support::Timer>::new(#name));
    // In parentheses, because at the end of a block `{ a } + b` would be two statements.
    let mut expr = Group::new(Delimiter::Parenthesis, timed.expr.clone());
    expr.set_span(Span::mixed_site());
    quote_spanned! {Span::mixed_site()=>
        {
            let _timed = #support::time({
                static TIMER: #support::Timer = #new;
                &TIMER
            });
            #expr
        }
    }
}
