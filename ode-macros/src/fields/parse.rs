//! Reads a comma-separated list of fields and says, for each one that is wrong, what to write.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use super::grammar::{Grammar, Operator};
use super::key::{DottedPath, Front, Key, front};
use super::split::{Piece, at_commas};
use crate::errors::Errors;

/// One field.
pub(crate) struct Field {
    pub(crate) key: Key,
    pub(crate) value: Value,
}

/// What goes into a field.
pub(crate) enum Value {
    /// `incr! { a }`.
    One,
    Given {
        form: Form,
        expr: TokenStream,
    },
}

/// How a value is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Plain,
    Debug,
    Display,
}

/// Reads a whole list. What is wrong goes to `errors`; the rest is returned.
pub(crate) fn fields(grammar: Grammar, input: TokenStream, errors: &mut Errors) -> Vec<Field> {
    at_commas(input).iter().filter_map(|piece| field(grammar, piece, errors)).collect()
}

fn field(grammar: Grammar, piece: &Piece, errors: &mut Errors) -> Option<Field> {
    let tokens = piece.tokens.as_slice();
    if grammar.sets()
        && let Some((form, rest)) = sigil(tokens)
    {
        return shorthand_with_sigil(grammar, form, tokens, rest, errors);
    }
    match front(tokens) {
        Front::Quoted(Key::Computed { expr, span }, _) if expr.is_empty() => {
            errors.at(span, "expected a name in the brackets: `[expr] = ..`");
            None
        }
        Front::Path(path, rest) => path_field(grammar, path, tokens, rest, errors),
        Front::Quoted(key, []) => bare(grammar, key, errors),
        Front::Quoted(key, rest) => with_value(grammar, key, rest, errors),
        Front::Literal(span) => {
            errors.at(span, "a literal needs a key");
            None
        }
        Front::Other(Some(TokenTree::Punct(punct))) if punct.as_char() == '&' => {
            errors.at(punct.span(), "drop the &: values are always taken by reference");
            None
        }
        Front::Other(other) => {
            let span = other.map(TokenTree::span).or(piece.comma);
            errors.at(
                span.unwrap_or_else(Span::call_site),
                "expected the name of a field: `a.b`, `\"a b\"` or `[expr]`",
            );
            None
        }
    }
}

/// A piece that starts with a dotted path: a field's name, or the start of an expression.
fn path_field(
    grammar: Grammar,
    path: DottedPath,
    tokens: &[TokenTree],
    rest: &[TokenTree],
    errors: &mut Errors,
) -> Option<Field> {
    if rest.is_empty() {
        if !grammar.sets() {
            return bare(grammar, path.into_key(), errors);
        }
        return shorthand(Form::Plain, path, tokens, errors);
    }
    if grammar.sets() && continues_expression(rest) {
        if let Some(at) = assigned_at(rest) {
            let end = tokens.len().saturating_sub(rest.len() - at);
            no_name(&path, tokens.get(..end).unwrap_or(tokens), errors);
            return None;
        }
        errors.over(stream(tokens), needs_name(Form::Plain, &suggested(&path, rest), tokens));
        return None;
    }
    with_value(grammar, path.into_key(), rest, errors)
}

/// `a.b`: name and value at once.
fn shorthand(
    form: Form,
    path: DottedPath,
    tokens: &[TokenTree],
    errors: &mut Errors,
) -> Option<Field> {
    if path.is_bool() {
        errors.over(stream(tokens), "a literal needs a key");
        return None;
    }
    if path.starts_with_keyword() {
        let name = suggested(&path, &[]);
        errors.over(stream(tokens), needs_name(form, &name, tokens));
        return None;
    }
    // The value's tokens are needed as well as its name.
    let (value, _) = DottedPath::take(tokens)?;
    Some(Field { key: path.into_key(), value: Value::Given { form, expr: value.into_expr() } })
}

/// `?a.b` and `%a.b`.
fn shorthand_with_sigil(
    grammar: Grammar,
    form: Form,
    tokens: &[TokenTree],
    rest: &[TokenTree],
    errors: &mut Errors,
) -> Option<Field> {
    debug_assert!(grammar.sets());
    match front(rest) {
        Front::Path(path, []) => shorthand(form, path, rest, errors),
        Front::Path(path, tail) if continues_expression(tail) => {
            let name = suggested(&path, tail);
            errors.over(stream(tokens), needs_name(form, &name, rest));
            None
        }
        Front::Path(path, [first, ..]) => {
            let (sign, name) = (form.sign(), path.name());
            errors.at(
                first.span(),
                format!("the `{sign}` goes before the value: write `{name} = {sign}..`"),
            );
            None
        }
        Front::Quoted(key, _) => {
            let (sign, name) = (form.sign(), key.shown());
            errors.at(
                key.span(),
                format!("the `{sign}` goes before the value: write `{name} = {sign}..`"),
            );
            None
        }
        _ => {
            let sign = form.sign();
            errors
                .over(stream(tokens), format!("this value needs a name: write `name = {sign}..`"));
            None
        }
    }
}

/// A key and nothing else.
fn bare(grammar: Grammar, key: Key, errors: &mut Errors) -> Option<Field> {
    let shown = key.shown();
    let message = match grammar {
        Grammar::Incr => {
            return Some(Field { key, value: Value::One });
        }
        Grammar::Append => format!("`append!` needs an element: write `{shown} += ..`"),
        Grammar::Set | Grammar::SetInherited | Grammar::Attribute => {
            format!("{shown} has no value")
        }
    };
    errors.at(key.span(), message);
    None
}

/// A key with an operator behind it.
fn with_value(
    grammar: Grammar,
    key: Key,
    rest: &[TokenTree],
    errors: &mut Errors,
) -> Option<Field> {
    let operator = Operator::read(rest);
    let found = stream(rest.get(..operator.len()).unwrap_or(rest));
    if let Err(message) = grammar.accepts(operator, &key) {
        errors.over(found, message);
        return None;
    }
    let value = rest.get(operator.len()..).unwrap_or_default();
    let (form, expr) = match sigil(value) {
        Some((form, expr)) => (form, expr),
        None => (Form::Plain, value),
    };
    if expr.is_empty() {
        errors.at(key.span(), format!("{} has no value", key.shown()));
        return None;
    }
    if grammar == Grammar::Incr && form != Form::Plain {
        errors.over(stream(value), "`incr!` adds a number: drop the sign before it");
        return None;
    }
    Some(Field { key, value: Value::Given { form, expr: stream(expr) } })
}

impl Form {
    fn sign(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Debug => "?",
            Self::Display => "%",
        }
    }
}

/// A leading `?` or `%`.
fn sigil(tokens: &[TokenTree]) -> Option<(Form, &[TokenTree])> {
    let (TokenTree::Punct(punct), rest) = tokens.split_first()? else {
        return None;
    };
    match punct.as_char() {
        '?' => Some((Form::Debug, rest)),
        '%' => Some((Form::Display, rest)),
        _ => None,
    }
}

/// Whether the tokens behind a path make it an expression rather than a name: `a.0`, `a()`,
/// `a[0]`, `a::b`, `a?`, `a!()`.
fn continues_expression(rest: &[TokenTree]) -> bool {
    match rest {
        [TokenTree::Group(group), ..] => group.delimiter() != Delimiter::None,
        [TokenTree::Punct(first), TokenTree::Punct(second), ..] => {
            (first.as_char() == ':' && second.as_char() == ':') || first.as_char() == '?'
        }
        [TokenTree::Punct(first), ..] => matches!(first.as_char(), '.' | '?' | '!'),
        _ => false,
    }
}

/// Where a lone `=` stands behind a path: what is before it was meant as a name.
fn assigned_at(rest: &[TokenTree]) -> Option<usize> {
    let sign = |at: usize| match rest.get(at) {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    let at = (0..rest.len()).find(|at| sign(*at) == Some('='))?;
    // No comparison, and no type that is said of another.
    let is_other = matches!(sign(at + 1), Some('=' | '>'))
        || at.checked_sub(1).and_then(sign).is_some_and(|before| before == '!')
        || (0..at).any(|before| matches!(sign(before), Some('<' | '>')));
    (!is_other).then_some(at)
}

/// Says what a key is, where something else that begins with a path stands before a `=`.
fn no_name(path: &DottedPath, found: &[TokenTree], errors: &mut Errors) {
    if let [.., TokenTree::Punct(sign)] = found
        && sign.as_char() == '?'
    {
        let name = path.name();
        errors.at(sign.span(), format!("the `?` goes before the value: write `{name} = ?..`"));
        return;
    }
    let shown = shown(found);
    errors.over(
        stream(found),
        format!(
            "`{shown}` is no name of a field: write `\"{shown}\" = ..`, or `[expr] = ..` for a \
             name that is put together"
        ),
    );
}

/// A name for an expression that has none: the last one in it.
fn suggested(path: &DottedPath, rest: &[TokenTree]) -> String {
    let mut named = None;
    for token in rest {
        if let TokenTree::Ident(ident) = token {
            named = Some(super::key::plain_name(ident));
        }
    }
    let name = named.unwrap_or_else(|| path.last()).to_lowercase();
    if matches!(name.as_str(), "self" | "crate" | "super") { "name".into() } else { name }
}

fn needs_name(form: Form, name: &str, tokens: &[TokenTree]) -> String {
    let (sign, shown) = (form.sign(), shown(tokens));
    format!("`{shown}` needs a name of its own: write `{name} = {sign}{shown}`")
}

/// Source text of a short expression, close to how people write it.
fn shown(tokens: &[TokenTree]) -> String {
    tokens
        .iter()
        .map(|token| match token {
            TokenTree::Group(group) => {
                let inside = if group.stream().is_empty() { "" } else { ".." };
                match group.delimiter() {
                    Delimiter::Parenthesis => format!("({inside})"),
                    Delimiter::Bracket => format!("[{inside}]"),
                    Delimiter::Brace => format!(" {{ {inside} }}"),
                    Delimiter::None => group.to_string(),
                }
            }
            other => other.to_string(),
        })
        .collect()
}

fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().cloned().collect()
}
