//! `#[event(..)]` on types, fields and variants, read by one table.

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token};

use super::casing::Casing;
use crate::errors::Errors;

/// Where an attribute stands decides what it may say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Struct,
    Enum,
    Field,
    Variant,
}

/// What one item's `#[event(..)]` attributes say.
#[derive(Default)]
pub(crate) struct Attrs {
    pub(crate) prefix: Option<Text>,
    pub(crate) rename_all: Option<Casing>,
    pub(crate) rename: Option<Text>,
    pub(crate) sensitive: Option<Sensitive>,
    /// The words and options given, with their places.
    given: Vec<(&'static str, Span)>,
}

/// A string and where it stands.
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// How a field that nobody should read is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sensitive {
    Drop,
    Mask,
    Hash,
}

impl Attrs {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.place_of(name).is_some()
    }

    pub(crate) fn place_of(&self, name: &str) -> Option<Span> {
        let found = self.given.iter().find(|(given, _)| *given == name)?;
        Some(found.1)
    }
}

struct Row {
    name: &'static str,
    usage: &'static str,
    places: &'static [Place],
    value: Value,
}

/// What an option takes.
enum Value {
    Word,
    Text(fn(&mut Attrs, LitStr, &mut Errors)),
}

const TABLE: &[Row] = &[
    Row {
        name: "prefix",
        usage: "prefix = \"..\"",
        places: &[Place::Struct],
        value: Value::Text(|attrs, text, errors| {
            if text.value().is_empty() {
                errors.at(text.span(), "an empty prefix: leave it out");
            }
            attrs.prefix = Some(Text::of(&text));
        }),
    },
    Row {
        name: "rename_all",
        usage: "rename_all = \"..\"",
        places: &[Place::Struct, Place::Enum],
        value: Value::Text(|attrs, text, errors| {
            attrs.rename_all = Casing::named(&text.value());
            if attrs.rename_all.is_none() {
                errors.at(text.span(), format!("expected {}", Casing::names()));
            }
        }),
    },
    Row {
        name: "rename",
        usage: "rename = \"..\"",
        places: &[Place::Field, Place::Variant],
        value: Value::Text(|attrs, text, errors| {
            if text.value().is_empty() {
                errors.at(text.span(), "an event field needs a name");
            }
            attrs.rename = Some(Text::of(&text));
        }),
    },
    Row { name: "skip", usage: "skip", places: &[Place::Field], value: Value::Word },
    Row { name: "flatten", usage: "flatten", places: &[Place::Field], value: Value::Word },
    Row { name: "nested", usage: "nested", places: &[Place::Field], value: Value::Word },
    Row { name: "display", usage: "display", places: &[Place::Field], value: Value::Word },
    Row { name: "debug", usage: "debug", places: &[Place::Field], value: Value::Word },
    Row {
        name: "sensitive",
        usage: "sensitive = \"drop\"|\"mask\"|\"hash\"",
        places: &[Place::Field],
        value: Value::Text(|attrs, text, errors| {
            attrs.sensitive = match text.value().as_str() {
                "drop" => Some(Sensitive::Drop),
                "mask" => Some(Sensitive::Mask),
                "hash" => Some(Sensitive::Hash),
                _ => {
                    errors.at(text.span(), "expected \"drop\", \"mask\" or \"hash\"");
                    None
                }
            };
        }),
    },
];

/// Reads all `#[event(..)]` of one item; other attributes belong to others.
pub(crate) fn read(attributes: &[Attribute], place: Place, errors: &mut Errors) -> Attrs {
    let mut attrs = Attrs::default();
    for attribute in attributes {
        if !attribute.path().is_ident("event") {
            continue;
        }
        let Meta::List(list) = &attribute.meta else {
            let usage = format!("expected #[event(..)] with: {}", valid(place));
            errors.at(attribute.path().span(), usage);
            continue;
        };
        let options = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(list.tokens.clone());
        match options {
            Ok(options) => {
                options.into_iter().for_each(|option| one(&mut attrs, &option, place, errors));
            }
            Err(error) => {
                errors.at(error.span(), format!("{error}; valid here: {}", valid(place)));
            }
        }
    }
    attrs
}

fn one(attrs: &mut Attrs, option: &Meta, place: Place, errors: &mut Errors) {
    let path = option.path();
    let name = shown(path);
    let row = TABLE.iter().find(|row| row.name == name && row.places.contains(&place));
    let Some(row) = row else {
        errors.at(path.span(), format!("unknown attribute {name}; valid here: {}", valid(place)));
        return;
    };
    if attrs.has(row.name) {
        errors.at(path.span(), format!("{name} is given twice"));
        return;
    }
    attrs.given.push((row.name, path.span()));
    match (&row.value, option) {
        (Value::Word, Meta::Path(_)) => {}
        (Value::Word, _) => errors.over(option, format!("{name} takes no value")),
        (Value::Text(read), Meta::NameValue(pair)) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => read(attrs, text.clone(), errors),
            other => errors.over(other, format!("{name} takes a string: {}", row.usage)),
        },
        (Value::Text(_), _) => {
            errors.over(option, format!("{name} takes a string: {}", row.usage));
        }
    }
}

impl Text {
    fn of(text: &LitStr) -> Self {
        Self { text: text.value(), span: text.span() }
    }
}

fn valid(place: Place) -> String {
    let names: Vec<&str> =
        TABLE.iter().filter(|row| row.places.contains(&place)).map(|row| row.usage).collect();
    names.join(", ")
}

/// An attribute's name as written.
fn shown(path: &syn::Path) -> String {
    let tokens: TokenStream = quote::ToTokens::to_token_stream(path);
    tokens.to_string().replace(' ', "")
}
