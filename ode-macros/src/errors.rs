//! Mistakes found while reading a macro's input: collected, then reported all at once, each at its
//! token.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Errors {
    found: Vec<Mistake>,
}

struct Mistake {
    start: Span,
    end: Span,
    message: String,
}

impl Errors {
    /// Notes a mistake at one token.
    pub(crate) fn at(&mut self, span: Span, message: impl Into<String>) {
        self.found.push(Mistake { start: span, end: span, message: message.into() });
    }

    /// Notes a mistake that covers several tokens, from the first to the last.
    pub(crate) fn over(&mut self, tokens: impl ToTokens, message: impl Into<String>) {
        let (start, end) = ends(tokens);
        self.found.push(Mistake { start, end, message: message.into() });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// One `compile_error!` per mistake; they stand where items and where statements may stand.
    pub(crate) fn to_tokens(&self) -> TokenStream {
        self.found.iter().map(Mistake::to_tokens).collect()
    }

    /// The messages, for tests.
    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<&str> {
        self.found.iter().map(|m| m.message.as_str()).collect()
    }
}

impl Mistake {
    fn to_tokens(&self) -> TokenStream {
        // rustc underlines from the first token of the invocation to its last, and `Span::join` is
        // unstable: so the path carries the first span and the braces carry the last one.
        let path = quote_spanned!(self.start=> ::core::compile_error!);
        let message = &self.message;
        let mut braces = Group::new(Delimiter::Brace, quote!(#message));
        braces.set_span(self.end);
        quote!(#path #braces)
    }
}

/// The spans of the first and of the last token.
pub(crate) fn ends(tokens: impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.into_token_stream().into_iter();
    let Some(first) = tokens.next() else {
        return (Span::call_site(), Span::call_site());
    };
    let start = match &first {
        TokenTree::Group(group) => group.span_open(),
        other => other.span(),
    };
    let end = match tokens.last().unwrap_or(first) {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    };
    (start, end)
}
