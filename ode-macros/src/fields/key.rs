//! The name of a field: `a.b`, `"any text"` or `[expr]`.

use proc_macro2::{Delimiter, Ident, Literal, Span, TokenStream, TokenTree};
use quote::ToTokens;

use super::literal::string_value;

/// The name of a field.
pub(crate) enum Key {
    /// Known at expansion, so checked at compile time and written without formatting.
    Fixed {
        name: String,
        span: Span,
        /// Written as a string.
        quoted: bool,
    },
    /// Computed when the field is written.
    Computed { expr: TokenStream, span: Span },
}

impl Key {
    /// How to show the key in a message.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Fixed { name, quoted, .. } if *quoted => format!("{name:?}"),
            Self::Fixed { name, .. } => name.clone(),
            Self::Computed { .. } => "[..]".into(),
        }
    }

    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Fixed { span, .. } | Self::Computed { span, .. } => *span,
        }
    }

    /// The start of this field in a JSON object, `,"name":`, when no character needs escaping;
    /// else empty, and the core crate escapes at run time.
    pub(crate) fn json(name: &str) -> String {
        let plain = |c: char| matches!(c, ' '..='~') && c != '"' && c != '\\';
        if name.chars().all(plain) { format!(",\"{name}\":") } else { String::new() }
    }
}

/// A dotted path of names, as written.
pub(crate) struct DottedPath {
    segments: Vec<Ident>,
    tokens: TokenStream,
}

impl DottedPath {
    /// Reads `ident ("." ident)*` from the front. Returns it with the rest.
    pub(crate) fn take(tokens: &[TokenTree]) -> Option<(Self, &[TokenTree])> {
        let (TokenTree::Ident(first), mut rest) = tokens.split_first()? else {
            return None;
        };
        let mut path = Self { segments: vec![first.clone()], tokens: first.to_token_stream() };
        while let [TokenTree::Punct(dot), next @ TokenTree::Ident(segment), tail @ ..] = rest
            && dot.as_char() == '.'
        {
            path.segments.push(segment.clone());
            dot.to_tokens(&mut path.tokens);
            next.to_tokens(&mut path.tokens);
            rest = tail;
        }
        Some((path, rest))
    }

    /// The field's name: `r#type` is written for `type`.
    pub(crate) fn name(&self) -> String {
        let names: Vec<String> = self.segments.iter().map(plain_name).collect();
        names.join(".")
    }

    pub(crate) fn last(&self) -> String {
        self.segments.last().map(plain_name).unwrap_or_default()
    }

    /// Whether reading this path as an expression starts at a place that no field should be called
    /// after.
    pub(crate) fn starts_with_keyword(&self) -> bool {
        self.segments.first().is_some_and(|first| {
            let name = first.to_string();
            matches!(name.as_str(), "self" | "Self" | "crate" | "super")
        })
    }

    pub(crate) fn is_bool(&self) -> bool {
        matches!(self.segments.as_slice(), [only] if only == "true" || only == "false")
    }

    pub(crate) fn into_key(self) -> Key {
        Key::Fixed {
            name: self.name(),
            span: self.segments.first().map_or_else(Span::call_site, Ident::span),
            quoted: false,
        }
    }

    pub(crate) fn into_expr(self) -> TokenStream {
        self.tokens
    }
}

/// What the front of a piece says about its key.
pub(crate) enum Front<'t> {
    Path(DottedPath, &'t [TokenTree]),
    Quoted(Key, &'t [TokenTree]),
    /// A literal that is no string.
    Literal(Span),
    Other(Option<&'t TokenTree>),
}

/// Reads the key at the front of a piece.
pub(crate) fn front(tokens: &[TokenTree]) -> Front<'_> {
    if let Some((path, rest)) = DottedPath::take(tokens) {
        return Front::Path(path, rest);
    }
    let Some((first, rest)) = tokens.split_first() else {
        return Front::Other(None);
    };
    match first {
        TokenTree::Literal(literal) => quoted(literal, rest),
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
            let key = Key::Computed { expr: group.stream(), span: group.span() };
            Front::Quoted(key, rest)
        }
        // A literal that came through another macro's `$name:literal`.
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
            let mut inside = group.stream().into_iter();
            match (inside.next(), inside.next()) {
                (Some(TokenTree::Literal(literal)), None) => quoted(&literal, rest),
                _ => Front::Other(Some(first)),
            }
        }
        other => Front::Other(Some(other)),
    }
}

fn quoted<'t>(literal: &Literal, rest: &'t [TokenTree]) -> Front<'t> {
    let span = literal.span();
    match string_value(literal) {
        Some(name) => {
            let key = Key::Fixed { name, span, quoted: true };
            Front::Quoted(key, rest)
        }
        None => Front::Literal(span),
    }
}

/// An identifier without `r#`.
pub(crate) fn plain_name(ident: &Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map_or(name.clone(), Into::into)
}
