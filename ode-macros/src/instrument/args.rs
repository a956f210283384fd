//! The options of `#[instrument_event(..)]`, read by a table.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;

use crate::errors::Errors;
use crate::fields::grammar::Grammar;
use crate::fields::key::plain_name;
use crate::fields::literal::string_value;
use crate::fields::parse::{Field, fields};
use crate::fields::split::{Piece, at_commas};
use crate::paths::CorePath;

/// What was asked for.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<Name>,
    pub(crate) fields: Vec<Field>,
    pub(crate) ok_fields: Option<OkFields>,
    pub(crate) classify: Option<TokenStream>,
    pub(crate) root: bool,
    pub(crate) parent: Option<TokenStream>,
    pub(crate) skip_if: Option<TokenStream>,
    pub(crate) join: bool,
    /// The `static` whose stage is recorded first.
    pub(crate) dry_run: Option<TokenStream>,
    pub(crate) core: Option<CorePath>,
    /// Where each option stands, for messages about combinations.
    pub(crate) seen: Vec<(&'static str, Span)>,
}

/// The name of the unit.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// `ok_fields(|value| ..)`.
pub(crate) struct OkFields {
    /// The closure's parameter: a pattern, with its type if one is written.
    pub(crate) parameter: TokenStream,
    pub(crate) fields: Vec<Field>,
}

impl Options {
    /// Where an option was given.
    pub(crate) fn given(&self, name: &str) -> Option<Span> {
        let seen = self.seen.iter().find(|(seen, _)| *seen == name)?;
        Some(seen.1)
    }
}

/// One row: the option's name, how it is shown in the list of valid ones, and how it is read.
struct Row {
    name: &'static str,
    usage: &'static str,
    /// Ends a message of the form `name takes ..`.
    takes: &'static str,
    read: fn(&mut Options, Given<'_>, &mut Errors) -> Result<(), Wrong>,
}

/// What stands behind an option's name.
enum Given<'t> {
    Nothing,
    /// `= ..`
    Value(&'t [TokenTree]),
    /// `(..)`
    List(TokenStream),
}

/// The option was given something it does not take.
struct Wrong;

const TABLE: &[Row] = &[
    Row {
        name: "name",
        usage: "name",
        takes: "a string literal",
        read: |options, given, errors| {
            let Given::Value([token @ TokenTree::Literal(literal)]) = given else {
                return Err(Wrong);
            };
            let text = string_value(literal).ok_or(Wrong)?;
            if text.is_empty() {
                errors.at(token.span(), "a unit of work needs a name");
            }
            options.name = Some(Name { text, span: token.span() });
            Ok(())
        },
    },
    Row {
        name: "fields",
        usage: "fields(..)",
        takes: "a list: fields(key = value, ..)",
        read: |options, given, errors| {
            let Given::List(list) = given else {
                return Err(Wrong);
            };
            options.fields = fields(Grammar::Attribute, list, errors);
            Ok(())
        },
    },
    Row {
        name: "ok_fields",
        usage: "ok_fields(..)",
        takes: "a closure head and a list: ok_fields(|value| key = value.part, ..)",
        read: |options, given, errors| {
            let Given::List(list) = given else {
                return Err(Wrong);
            };
            let (parameter, list) = closure_head(list).ok_or(Wrong)?;
            options.ok_fields =
                Some(OkFields { parameter, fields: fields(Grammar::Attribute, list, errors) });
            Ok(())
        },
    },
    Row {
        name: "err",
        usage: "err(with = ..)",
        takes: "a function: err(with = path)",
        read: |options, given, _| {
            let list = match given {
                Given::List(list) => list,
                Given::Nothing | Given::Value(_) => return Err(Wrong),
            };
            let tokens: Vec<TokenTree> = list.into_iter().collect();
            match tokens.as_slice() {
                [TokenTree::Ident(with), TokenTree::Punct(eq), path @ ..]
                    if with == "with" && eq.as_char() == '=' =>
                {
                    let path: TokenStream = without_comma(path).iter().cloned().collect();
                    let path = syn::parse2::<syn::ExprPath>(path).map_err(|_| Wrong)?;
                    options.classify = Some(path.into_token_stream());
                    Ok(())
                }
                _ => Err(Wrong),
            }
        },
    },
    Row {
        name: "root",
        usage: "root",
        takes: "no value",
        read: |options, given, _| given.nothing().map(|()| options.root = true),
    },
    Row {
        name: "parent",
        usage: "parent",
        takes: "an expression: parent = context",
        read: |options, given, _| given.expr().map(|expr| options.parent = Some(expr)),
    },
    Row {
        name: "skip_if",
        usage: "skip_if",
        takes: "a condition: skip_if = path == \"/health\"",
        read: |options, given, _| given.expr().map(|expr| options.skip_if = Some(expr)),
    },
    Row {
        name: "join",
        usage: "join",
        takes: "no value",
        read: |options, given, _| given.nothing().map(|()| options.join = true),
    },
    Row {
        name: "dry_run",
        usage: "dry_run",
        takes: "the path of a static DryRun: dry_run = COMPRESS",
        read: |options, given, _| {
            let path = syn::parse2::<syn::ExprPath>(given.expr()?).map_err(|_| Wrong)?;
            options.dry_run = Some(path.into_token_stream());
            Ok(())
        },
    },
    Row { name: "span", usage: "span", takes: "no value", read: |_, given, _| given.nothing() },
    Row {
        name: "crate",
        usage: "crate",
        takes: "a path: crate = my_crate::ode",
        read: |options, given, _| {
            let path = syn::parse2::<syn::Path>(given.expr()?).map_err(|_| Wrong)?;
            options.core = Some(CorePath::new(path.into_token_stream()));
            Ok(())
        },
    },
];

/// Options people know from elsewhere, and why there is no need for them here.
const HABITS: &[(&str, &str)] = &[
    ("skip_all", "skip_all is not needed: arguments are captured only when named in fields(..)"),
    ("skip", "skip is not needed: arguments are captured only when named in fields(..)"),
    (
        "level",
        "level is not needed: a unit of work always records one event; decide what to keep by \
         sampling",
    ),
    ("target", "target is not needed: events are told apart by their name; add a field for more"),
    ("ret", "ret is not needed: name what to keep of the result in ok_fields(|value| ..)"),
];

const BARE_ERR: &str = "err is not needed: a returned `Err` is recorded without being asked for; \
     err(with = path) says what it means";

/// Reads all options; what is wrong goes to `errors`.
pub(crate) fn parse(input: TokenStream, errors: &mut Errors) -> Options {
    let mut options = Options::default();
    for piece in at_commas(input) {
        option(&mut options, &piece, errors);
    }
    options
}

fn option(options: &mut Options, piece: &Piece, errors: &mut Errors) {
    let Some((TokenTree::Ident(ident), rest)) = piece.tokens.split_first() else {
        let span = piece.tokens.first().map(TokenTree::span).or(piece.comma);
        let span = span.unwrap_or_else(Span::call_site);
        errors.at(span, format!("expected an option: {}", valid()));
        return;
    };
    let name = plain_name(ident);
    if let Some((_, message)) = HABITS.iter().find(|(habit, _)| *habit == name) {
        errors.at(ident.span(), *message);
        return;
    }
    let Some(row) = TABLE.iter().find(|row| row.name == name) else {
        errors.at(ident.span(), format!("unknown option {name}; valid options: {}", valid()));
        return;
    };
    if options.given(row.name).is_some() {
        errors.at(ident.span(), format!("{name} is given twice"));
        return;
    }
    options.seen.push((row.name, ident.span()));
    read(row, options, ident, rest, errors);
}

fn read(row: &Row, options: &mut Options, ident: &Ident, rest: &[TokenTree], errors: &mut Errors) {
    let outcome = match rest {
        [] if row.name == "err" => {
            errors.at(ident.span(), BARE_ERR);
            return;
        }
        [] => (row.read)(options, Given::Nothing, errors),
        [TokenTree::Punct(eq), value @ ..] if eq.as_char() == '=' && !value.is_empty() => {
            (row.read)(options, Given::Value(value), errors)
        }
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => {
            (row.read)(options, Given::List(group.stream()), errors)
        }
        _ => Err(Wrong),
    };
    if let Err(Wrong) = outcome {
        let all: TokenStream =
            std::iter::once(TokenTree::from(ident.clone())).chain(rest.iter().cloned()).collect();
        errors.over(all, format!("{} takes {}", row.name, row.takes));
    }
}

impl Given<'_> {
    fn nothing(&self) -> Result<(), Wrong> {
        match self {
            Self::Nothing => Ok(()),
            Self::Value(_) | Self::List(_) => Err(Wrong),
        }
    }

    fn expr(&self) -> Result<TokenStream, Wrong> {
        match self {
            Self::Value(tokens) => Ok(tokens.iter().cloned().collect()),
            Self::Nothing | Self::List(_) => Err(Wrong),
        }
    }
}

/// Cuts `|pattern| rest` after the second bar.
fn closure_head(list: TokenStream) -> Option<(TokenStream, TokenStream)> {
    let is_bar = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == '|');
    let mut tokens = list.into_iter();
    tokens.next().filter(is_bar)?;
    let mut parameter = TokenStream::new();
    for token in tokens.by_ref() {
        if is_bar(&token) {
            let rest = tokens.collect();
            return (!parameter.is_empty()).then_some((parameter, rest));
        }
        token.to_tokens(&mut parameter);
    }
    None
}

fn without_comma(tokens: &[TokenTree]) -> &[TokenTree] {
    match tokens {
        [rest @ .., TokenTree::Punct(last)] if last.as_char() == ',' => rest,
        all => all,
    }
}

fn valid() -> String {
    let names: Vec<&str> = TABLE.iter().map(|row| row.usage).collect();
    names.join(", ")
}
