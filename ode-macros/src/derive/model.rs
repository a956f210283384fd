//! Facts about a type: which fields it has, under which keys, written how.

use proc_macro2::{Ident, Span};
use syn::{Data, DeriveInput, Fields, Type};

use super::attrs::{self, Attrs, Place, Sensitive, Text};
use crate::errors::Errors;
use crate::fields::key::plain_name;

/// What is derived for.
pub(crate) enum Model {
    /// A group of fields.
    Group { prefix: Option<String>, fields: Vec<Field> },
    /// An enum without data: one value, the variant's name.
    Word { variants: Vec<Variant> },
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Without the prefix.
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) attrs: Attrs,
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) name: String,
}

/// How a field is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Write {
    Not,
    Value(Form, Guarding),
    Nested,
    Flattened,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Plain,
    Display,
    Debug,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guarding {
    Open,
    Masked,
    Hashed,
}

impl Field {
    pub(crate) fn write(&self) -> Write {
        let attrs = &self.attrs;
        if attrs.has("skip") || attrs.sensitive == Some(Sensitive::Drop) {
            return Write::Not;
        }
        if attrs.has("nested") {
            return Write::Nested;
        }
        if attrs.has("flatten") {
            return Write::Flattened;
        }
        let form = match (attrs.has("display"), attrs.has("debug")) {
            (true, _) => Form::Display,
            (_, true) => Form::Debug,
            _ => Form::Plain,
        };
        let guarding = match attrs.sensitive {
            Some(Sensitive::Mask) => Guarding::Masked,
            Some(Sensitive::Hash) => Guarding::Hashed,
            Some(Sensitive::Drop) | None => Guarding::Open,
        };
        Write::Value(form, guarding)
    }
}

const NAMED_FIELDS: &str =
    "#[derive(EventFields)] needs named fields; for a newtype implement ToValue";

/// Reads a type; `None` if it has no shape that can be derived for.
pub(crate) fn read(input: &DeriveInput, errors: &mut Errors) -> Option<Model> {
    match &input.data {
        Data::Struct(data) => {
            let attrs = attrs::read(&input.attrs, Place::Struct, errors);
            group(&data.fields, attrs, input, errors)
        }
        Data::Enum(data) => {
            let attrs = attrs::read(&input.attrs, Place::Enum, errors);
            let mut variants = Vec::new();
            for variant in &data.variants {
                let own = attrs::read(&variant.attrs, Place::Variant, errors);
                if !matches!(variant.fields, Fields::Unit) {
                    errors.at(
                        variant.ident.span(),
                        "a variant with data is more than one value; implement ToValue or \
                         EventFields by hand",
                    );
                }
                let name = match (own.rename, attrs.rename_all) {
                    (Some(Text { text, .. }), _) => text,
                    (None, Some(casing)) => casing.apply(&plain_name(&variant.ident)),
                    (None, None) => plain_name(&variant.ident),
                };
                variants.push(Variant { ident: variant.ident.clone(), name });
            }
            Some(Model::Word { variants })
        }
        Data::Union(_) => {
            errors.at(input.ident.span(), NAMED_FIELDS);
            None
        }
    }
}

fn group(fields: &Fields, attrs: Attrs, input: &DeriveInput, errors: &mut Errors) -> Option<Model> {
    let named = match fields {
        Fields::Named(fields) => Some(&fields.named),
        Fields::Unit => None,
        Fields::Unnamed(_) => {
            errors.at(input.ident.span(), NAMED_FIELDS);
            return None;
        }
    };
    let mut read = Vec::new();
    for field in named.into_iter().flatten() {
        let own = attrs::read(&field.attrs, Place::Field, errors);
        let Some(ident) = field.ident.clone() else {
            continue;
        };
        let (name, name_span) = match (&own.rename, attrs.rename_all) {
            (Some(rename), _) => (rename.text.clone(), rename.span),
            (None, Some(casing)) => (casing.apply(&plain_name(&ident)), ident.span()),
            (None, None) => (plain_name(&ident), ident.span()),
        };
        read.push(Field { ident, ty: field.ty.clone(), name, name_span, attrs: own });
    }
    Some(Model::Group { prefix: attrs.prefix.map(|prefix| prefix.text), fields: read })
}
