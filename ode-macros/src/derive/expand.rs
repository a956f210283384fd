//! Tokens for the derive.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit::{Visit, visit_ident};
use syn::{DeriveInput, GenericParam, Generics, Type};

use super::model::{Field, Form, Guarding, Model, Variant, Write};
use crate::errors::ends;
use crate::fields::expand::fixed_key;
use crate::paths::CorePath;

pub(crate) fn expand(core: &CorePath, input: &DeriveInput, model: &Model) -> TokenStream {
    match model {
        Model::Group { prefix, fields } => group(core, input, prefix.as_deref(), fields),
        Model::Word { variants } => word(core, input, variants),
    }
}

/// An impl that does nothing, for a type with a mistake in its attributes.
pub(crate) fn fallback(core: &CorePath, input: &DeriveInput) -> TokenStream {
    match &input.data {
        syn::Data::Enum(_) => {
            let value = core.root("Value");
            let body = quote_spanned!(Span::mixed_site()=> #value::Absent);
            to_value(core, input, &body)
        }
        _ => record(core, input, &input.generics, &TokenStream::new()),
    }
}

fn group(
    core: &CorePath,
    input: &DeriveInput,
    prefix: Option<&str>,
    fields: &[Field],
) -> TokenStream {
    let generics = bounded(core, input, fields);
    let writes: TokenStream = fields.iter().map(|field| write(core, prefix, field)).collect();
    record(core, input, &generics, &writes)
}

fn record(
    core: &CorePath,
    input: &DeriveInput,
    generics: &Generics,
    writes: &TokenStream,
) -> TokenStream {
    let (trait_, list) = (core.root("EventFields"), core.root("Fields"));
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    // A type without fields never touches its list.
    let fields = if writes.is_empty() {
        quote_spanned!(Span::mixed_site()=> _fields)
    } else {
        quote_spanned!(Span::mixed_site()=> fields)
    };
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #impl_generics #trait_ for #ident #type_generics #where_clause {
            fn record(&self, #fields: &mut #list<'_>) {
                #writes
            }
        }
    }
}

fn write(core: &CorePath, prefix: Option<&str>, field: &Field) -> TokenStream {
    let name = match prefix {
        Some(prefix) => format!("{prefix}.{}", field.name),
        None => field.name.clone(),
    };
    let read = read(field);
    match field.write() {
        Write::Not => TokenStream::new(),
        Write::Nested => quote_spanned! {Span::mixed_site()=> fields.nested(#name, #read); },
        Write::Flattened => {
            if let Some(prefix) = prefix {
                quote_spanned! {Span::mixed_site()=> fields.nested(#prefix, #read); }
            } else {
                quote_spanned! {Span::mixed_site()=> fields.flatten(#read); }
            }
        }
        Write::Value(form, guarding) => {
            // Without a prefix the group may still be nested in another, where `codec.name` takes
            // nothing from ode: what is not known here is left to the writing.
            let check = if prefix.is_some() { "new" } else { "in_group" };
            let key = fixed_key(core, &name, field.name_span, check);
            let value = value(core, form, &read, field);
            let method = Ident::new(
                match guarding {
                    Guarding::Open => "set_key",
                    Guarding::Masked => "set_masked",
                    Guarding::Hashed => "set_hashed",
                },
                Span::mixed_site(),
            );
            quote_spanned! {Span::mixed_site()=> fields.#method(#key, #value); }
        }
    }
}

fn value(core: &CorePath, form: Form, read: &TokenStream, field: &Field) -> TokenStream {
    let (start, _) = ends(&field.ty);
    match form {
        Form::Plain => {
            let trait_ = core.root("ToValue");
            quote_spanned!(Span::mixed_site()=> #trait_::to_value(#read))
        }
        Form::Display | Form::Debug => {
            let value = core.root("Value");
            let constructor = match form {
                Form::Debug => "debug",
                _ => "display",
            };
            let constructor = Ident::new(constructor, Span::mixed_site());
            // Borrowed twice: a trait object needs a sized type behind it, and `str` has none.
            let and = quote_spanned!(Span::mixed_site().located_at(start)=> &);
            quote_spanned!(Span::mixed_site()=> #value::#constructor(#and #read))
        }
    }
}

/// `&self.field`, located at the field's type, so that a missing conversion is reported there.
fn read(field: &Field) -> TokenStream {
    let (start, end) = ends(&field.ty);
    let and = quote_spanned!(Span::mixed_site().located_at(start)=> &);
    let mut ident = field.ident.clone();
    ident.set_span(Span::mixed_site().located_at(end));
    let this = quote_spanned!(Span::mixed_site().located_at(start)=> self.);
    quote!(#and #this #ident)
}

fn word(core: &CorePath, input: &DeriveInput, variants: &[Variant]) -> TokenStream {
    let value = core.root("Value");
    let arms = variants
        .iter()
        .map(|Variant { ident, name }| quote_spanned!(Span::mixed_site()=> Self::#ident => #name,));
    let body = if variants.is_empty() {
        quote_spanned!(Span::mixed_site()=> match *self {})
    } else {
        quote_spanned!(Span::mixed_site()=> #value::Str(match self { #(#arms)* }))
    };
    to_value(core, input, &body)
}

fn to_value(core: &CorePath, input: &DeriveInput, body: &TokenStream) -> TokenStream {
    let (trait_, value) = (core.root("ToValue"), core.root("Value"));
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #impl_generics #trait_ for #ident #type_generics #where_clause {
            fn to_value(&self) -> #value<'_> {
                #body
            }
        }
    }
}

/// The type's generics with a bound for every field whose type depends on them.
///
/// The bound is on the field's type and not on the parameter: `Option<T>` asks for less than `T`.
/// A type that mentions itself would make its bound depend on itself, so it gets none.
fn bounded(core: &CorePath, input: &DeriveInput, fields: &[Field]) -> Generics {
    let mut generics = input.generics.clone();
    let parameters: Vec<Ident> = generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Type(parameter) => Some(parameter.ident.clone()),
            GenericParam::Lifetime(_) | GenericParam::Const(_) => None,
        })
        .collect();
    if parameters.is_empty() {
        return generics;
    }
    let clause = generics.make_where_clause();
    for field in fields {
        if !mentions(&field.ty, &parameters)
            || mentions(&field.ty, std::slice::from_ref(&input.ident))
        {
            continue;
        }
        let ty = &field.ty;
        let bound = match field.write() {
            Write::Not => continue,
            Write::Nested | Write::Flattened => core.root("EventFields"),
            Write::Value(Form::Plain, _) => core.root("ToValue"),
            Write::Value(Form::Display, _) => quote!(::core::fmt::Display),
            Write::Value(Form::Debug, _) => quote!(::core::fmt::Debug),
        };
        clause.predicates.push(syn::parse_quote!(#ty: #bound));
    }
    generics
}

/// Whether a type names one of these.
fn mentions(ty: &Type, names: &[Ident]) -> bool {
    struct Search<'n> {
        names: &'n [Ident],
        found: bool,
    }
    impl Visit<'_> for Search<'_> {
        fn visit_ident(&mut self, ident: &Ident) {
            self.found |= self.names.contains(ident);
            visit_ident(self, ident);
        }
    }
    let mut search = Search { names, found: false };
    search.visit_type(ty);
    search.found
}
