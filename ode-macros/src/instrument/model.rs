//! Facts about the annotated function: its signature, and which part of it is the work.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{Attribute, GenericArgument, PathArguments, ReturnType, Signature, Token, Type};
use syn::{TypeParamBound, Visibility};

use crate::errors::Errors;

/// A function with a body. The body is kept as tokens, so that editors get an expansion while it
/// does not parse.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) signature: Signature,
    pub(crate) work: Work,
}

/// Where the work of a function happens.
pub(crate) enum Work {
    /// In its body.
    Sync { body: TokenStream },
    /// In its body, `async fn`.
    Async { body: TokenStream },
    /// In the async block it ends with, as written by hand or by `async-trait`.
    AsyncTail { before: TokenStream, tail: Tail, output: Box<Type> },
    /// In the future that it returns and that is made in some other way.
    Future { body: TokenStream, boxed: bool },
}

/// `async move { .. }`, perhaps inside `Box::pin(..)`.
pub(crate) struct Tail {
    /// `async` and perhaps `move`.
    pub(crate) head: TokenStream,
    pub(crate) body: TokenStream,
    /// The path of `Box::pin`.
    pub(crate) pin: Option<TokenStream>,
}

const NOT_A_FUNCTION: &str = "#[instrument_event] goes on a function or method with a body";

/// Reads the annotated item; `None` if it is no function with a body.
pub(crate) fn read(item: TokenStream, errors: &mut Errors) -> Option<Function> {
    let parsed = (|input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        let defaultness: Option<Token![default]> = input.parse()?;
        let signature: Signature = input.parse()?;
        let rest: TokenStream = input.parse()?;
        Ok((attributes, visibility, defaultness, signature, rest))
    })
    .parse2(item.clone());
    let Ok((mut attributes, visibility, defaultness, signature, rest)) = parsed else {
        errors.at(item_name(item), NOT_A_FUNCTION);
        return None;
    };
    let mut rest = rest.into_iter();
    let body = match (rest.next(), rest.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::Brace => group,
        _ => {
            errors.at(signature.ident.span(), NOT_A_FUNCTION);
            return None;
        }
    };
    let body = hoist_inner_attributes(&body, &mut attributes);
    let work = Work::of(&signature, body);
    Some(Function { attributes, visibility, defaultness, signature, work })
}

impl Work {
    fn of(signature: &Signature, body: TokenStream) -> Self {
        if signature.asyncness.is_some() {
            return Self::Async { body };
        }
        let Some(returned) = ReturnedFuture::of(&signature.output) else {
            return Self::Sync { body };
        };
        match split_tail(&body) {
            Some((before, tail)) if tail.pin.is_some() == returned.boxed => {
                Self::AsyncTail { before, tail, output: Box::new(returned.output) }
            }
            _ => Self::Future { body, boxed: returned.boxed },
        }
    }
}

/// A return type that is visibly a future.
struct ReturnedFuture {
    boxed: bool,
    output: Type,
}

impl ReturnedFuture {
    fn of(output: &ReturnType) -> Option<Self> {
        let ReturnType::Type(_, ty) = output else {
            return None;
        };
        match ungrouped(ty) {
            Type::ImplTrait(ty) => Some(Self { boxed: false, output: future_output(&ty.bounds)? }),
            Type::Path(path) => {
                let last = path.path.segments.last()?;
                let argument = type_argument(&last.arguments)?;
                if last.ident == "BoxFuture" || last.ident == "LocalBoxFuture" {
                    return Some(Self { boxed: true, output: inferred_impls(argument) });
                }
                if last.ident != "Pin" {
                    return None;
                }
                let Type::Path(boxed) = ungrouped(argument) else {
                    return None;
                };
                let last = boxed.path.segments.last()?;
                if last.ident != "Box" {
                    return None;
                }
                match ungrouped(type_argument(&last.arguments)?) {
                    Type::TraitObject(object) => {
                        Some(Self { boxed: true, output: future_output(&object.bounds)? })
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// `T` of `Future<Output = T>` among the bounds.
fn future_output<'b>(bounds: impl IntoIterator<Item = &'b TypeParamBound>) -> Option<Type> {
    bounds.into_iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let last = bound.path.segments.last()?;
        if last.ident != "Future" {
            return None;
        }
        let PathArguments::AngleBracketed(arguments) = &last.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => {
                Some(inferred_impls(&output.ty))
            }
            _ => None,
        })
    })
}

fn type_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// A type as it can be written inside a body: every `impl Trait` becomes `_`.
pub(crate) fn inferred_impls(ty: &Type) -> Type {
    struct Infer;
    impl VisitMut for Infer {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if matches!(ty, Type::ImplTrait(_)) {
                *ty = syn::parse_quote!(_);
            } else {
                visit_type_mut(self, ty);
            }
        }
    }
    let mut ty = ty.clone();
    Infer.visit_type_mut(&mut ty);
    ty
}

/// A type without invisible brackets, which `macro_rules` put around `$t:ty`.
pub(crate) fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

/// Cuts a body before the async block it ends with.
///
/// By tokens: the tail is what counts, and the rest need not parse. Whatever comes before stays as
/// it is, so a wrong cut could only instrument a block that the author also runs.
fn split_tail(body: &TokenStream) -> Option<(TokenStream, Tail)> {
    let tokens: Vec<TokenTree> = body.clone().into_iter().collect();
    if let Some((before, head, block)) = async_block(&tokens) {
        let tail = Tail { head: stream(head), body: block.stream(), pin: None };
        return Some((stream(before), tail));
    }
    let (TokenTree::Group(arguments), front) = tokens.split_last()? else {
        return None;
    };
    let (before, pin) = box_pin(front)?;
    let inside: Vec<TokenTree> = arguments.stream().into_iter().collect();
    let inside = match inside.as_slice() {
        [rest @ .., TokenTree::Punct(last)] if last.as_char() == ',' => rest,
        all => all,
    };
    let ([], head, block) = async_block(inside)? else {
        return None;
    };
    let tail = Tail { head: stream(head), body: block.stream(), pin: Some(stream(pin)) };
    Some((stream(before), tail))
}

type AsyncBlock<'t> = (&'t [TokenTree], &'t [TokenTree], &'t Group);

/// `.. async move { .. }`: what is before, the keywords, the block.
fn async_block(tokens: &[TokenTree]) -> Option<AsyncBlock<'_>> {
    let (TokenTree::Group(block), front) = tokens.split_last()? else {
        return None;
    };
    if block.delimiter() != Delimiter::Brace {
        return None;
    }
    let keywords = match front {
        [.., TokenTree::Ident(first), TokenTree::Ident(second)]
            if first == "async" && second == "move" =>
        {
            2
        }
        [.., TokenTree::Ident(first)] if first == "async" => 1,
        _ => return None,
    };
    let (before, head) = front.split_at_checked(front.len() - keywords)?;
    Some((before, head, block))
}

/// Cuts the path `Box::pin` off the end, however it is qualified.
fn box_pin(tokens: &[TokenTree]) -> Option<(&[TokenTree], &[TokenTree])> {
    let is_path = |token: &TokenTree| match token {
        TokenTree::Ident(_) => true,
        TokenTree::Punct(punct) => punct.as_char() == ':',
        TokenTree::Group(_) | TokenTree::Literal(_) => false,
    };
    let start = tokens.iter().rposition(|token| !is_path(token));
    let (before, path) = tokens.split_at_checked(start.map_or(0, |at| at + 1))?;
    let text: String = path.iter().map(ToString::to_string).collect();
    matches!(
        text.trim_start_matches(':'),
        "Box::pin" | "std::boxed::Box::pin" | "alloc::boxed::Box::pin"
    )
    .then_some((before, path))
}

/// Turns `#![allow(..)]` at the start of a body into `#[allow(..)]` on the function: the body moves
/// into an expression, where inner attributes are not allowed.
fn hoist_inner_attributes(body: &Group, attributes: &mut Vec<Attribute>) -> TokenStream {
    let read = |input: ParseStream<'_>| {
        let inner = input.call(Attribute::parse_inner)?;
        Ok((inner, input.parse::<TokenStream>()?))
    };
    match read.parse2(body.stream()) {
        Ok((inner, rest)) => {
            attributes.extend(
                inner
                    .into_iter()
                    .map(|attribute| Attribute { style: syn::AttrStyle::Outer, ..attribute }),
            );
            rest
        }
        Err(_) => body.stream(),
    }
}

/// Where to point at an item that is no function: at its name, else at its first token.
fn item_name(item: TokenStream) -> proc_macro2::Span {
    let mut keyword = None;
    let mut first = None;
    for token in item {
        first.get_or_insert_with(|| token.span());
        match token {
            TokenTree::Ident(name) if keyword == Some(()) => return name.span(),
            TokenTree::Ident(word) if is_item_keyword(&word) => keyword = Some(()),
            _ => {}
        }
    }
    first.unwrap_or_else(proc_macro2::Span::call_site)
}

fn is_item_keyword(word: &Ident) -> bool {
    ["struct", "enum", "union", "trait", "mod", "type", "static", "const", "fn", "impl"]
        .iter()
        .any(|keyword| word == keyword)
}

fn stream(tokens: &[TokenTree]) -> TokenStream {
    tokens.iter().flat_map(ToTokens::to_token_stream).collect()
}
