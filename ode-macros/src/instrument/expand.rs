//! Tokens for an instrumented function.
//!
//! The work is emitted once, whatever the options: a second copy would be a second closure type,
//! which `-> impl Trait` does not allow, and twice the code. All local names are hygienic.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ReturnType, Type};

use super::args::Options;
use super::model::{Function, Tail, Work, inferred_impls};
use crate::fields::expand::statement;
use crate::fields::grammar::Grammar;
use crate::fields::key::plain_name;
use crate::paths::CorePath;

pub(crate) fn expand(core: &CorePath, options: &Options, function: &Function) -> TokenStream {
    let Function { attributes, visibility, defaultness, signature, work } = function;
    let parts = Parts::new(core, options, function);
    let body = match work {
        Work::Sync { body } => parts.sync(body),
        Work::Async { body } => {
            let head = at_macro(quote!(async move));
            parts.in_async(&head, body, &returned(&signature.output))
        }
        Work::AsyncTail { before, tail, output } => parts.async_tail(before, tail, output),
        Work::Future { body, boxed } => parts.future(body, *boxed),
    };
    quote! {
        #(#attributes)*
        #visibility #defaultness #signature { #body }
    }
}

/// The pieces every kind of function is put together from.
struct Parts<'f> {
    options: &'f Options,
    output: &'f ReturnType,
    support: TokenStream,
    /// `open("name")` with what was chosen about its place in the trace.
    opening: TokenStream,
    /// Records the stage of `dry_run = ..`, and writes `fields(..)`.
    fields: TokenStream,
    /// Writes `ok_fields(..)` and what a returned `Err` means. Reads `result`.
    after: TokenStream,
    /// `if !skip`, before what is only done with a unit.
    unless_skipped: TokenStream,
}

impl<'f> Parts<'f> {
    fn new(core: &'f CorePath, options: &'f Options, function: &'f Function) -> Self {
        let support = core.support();
        let unless_skipped = match options.skip_if {
            Some(_) => at_macro(quote!(if !skip)),
            None => TokenStream::new(),
        };
        let stage = options.dry_run.as_ref().map(|dry_run| {
            let note = note_stage(&support, dry_run);
            quote!(#unless_skipped { #note })
        });
        let fields = match options.fields.as_slice() {
            [] => TokenStream::new(),
            fields => {
                let write = statement(core, Grammar::Attribute, fields);
                quote!(#unless_skipped #write)
            }
        };
        let fields = quote!(#stage #fields);
        Self {
            options,
            output: &function.signature.output,
            opening: opening(core, &support, options, function),
            fields,
            after: after(core, &support, options, function),
            unless_skipped,
            support,
        }
    }

    fn sync(&self, body: &TokenStream) -> TokenStream {
        let Self { opening, .. } = self;
        let work = self.called(body);
        let after = self.after();
        match &self.options.skip_if {
            None => quote_spanned! {Span::mixed_site()=>
                let unit = #opening.enter();
                let result = #work;
                #after
                unit.finish();
                result
            },
            Some(condition) => quote_spanned! {Span::mixed_site()=>
                let skip: ::core::primitive::bool = #condition;
                let unit = if skip {
                    ::core::option::Option::None
                } else {
                    ::core::option::Option::Some(#opening.enter())
                };
                let result = #work;
                #after
                if let ::core::option::Option::Some(unit) = unit {
                    unit.finish();
                }
                result
            },
        }
    }

    /// The body of something asynchronous. `head` is `async` or `async move`: without `move` the
    /// inner blocks must borrow as well, or they would change what the outer one captures.
    fn in_async(&self, head: &TokenStream, body: &TokenStream, output: &Type) -> TokenStream {
        let Self { support, opening, fields, .. } = self;
        let body = quote_spanned! {Span::mixed_site()=>
            // Says the type before the body is read: nothing else tells an async block what `?`
            // and a boxed value should turn into.
            if false {
                return #support::call::<#output>(|| loop {});
            }
            #fields
            #body
        };
        let after = self.after();
        let work = if after.is_empty() {
            quote_spanned!(Span::mixed_site()=> #head { #body })
        } else {
            quote_spanned! {Span::mixed_site()=>
                #head {
                    let result: #output = #head { #body }.await;
                    #after
                    result
                }
            }
        };
        match &self.options.skip_if {
            None => quote_spanned!(Span::mixed_site()=> #opening.run_async(#work).await),
            Some(condition) => quote_spanned! {Span::mixed_site()=>
                let skip: ::core::primitive::bool = #condition;
                let work = #work;
                if skip { work.await } else { #opening.run_async(work).await }
            },
        }
    }

    fn async_tail(&self, before: &TokenStream, tail: &Tail, output: &Type) -> TokenStream {
        let Tail { head, body, pin } = tail;
        let inside = self.in_async(head, body, output);
        let inside = quote!(#head { #inside });
        let inside = pin.as_ref().map_or(inside.clone(), |pin| quote!(#pin(#inside)));
        quote!(#before #inside)
    }

    /// A future made in some way that cannot be seen into: the unit starts with the call that makes
    /// it, so that the making belongs to it.
    fn future(&self, body: &TokenStream, boxed: bool) -> TokenStream {
        let Self { opening, .. } = self;
        let make = self.called(body);
        let after = self.after();
        let make = quote_spanned! {Span::mixed_site()=>
            move || {
                let future = #make;
                async move {
                    let result = future.await;
                    #after
                    result
                }
            }
        };
        let future = match &self.options.skip_if {
            None => quote_spanned!(Span::mixed_site()=> #opening.start_async(#make)),
            Some(condition) => quote_spanned! {Span::mixed_site()=>
                {
                    let skip: ::core::primitive::bool = #condition;
                    let make = #make;
                    let future = if skip {
                        ::core::result::Result::Err(make())
                    } else {
                        ::core::result::Result::Ok(#opening.start_async(make))
                    };
                    async move {
                        match future {
                            ::core::result::Result::Ok(future) => future.await,
                            ::core::result::Result::Err(future) => future.await,
                        }
                    }
                }
            },
        };
        if boxed {
            quote_spanned!(Span::mixed_site()=> ::std::boxed::Box::pin(#future))
        } else {
            future
        }
    }

    /// The body as a closure that is called at once, so that `return` and `?` end here.
    ///
    /// `move`, because what the body gives away must be the closure's own; the fields are read
    /// inside and first, while all arguments are still there.
    fn called(&self, body: &TokenStream) -> TokenStream {
        let Self { support, fields, .. } = self;
        let output = returned(self.output);
        quote_spanned! {Span::mixed_site()=>
            #support::call(move || -> #output {
                #fields
                #body
            })
        }
    }

    fn after(&self) -> TokenStream {
        let Self { after, unless_skipped, .. } = self;
        if after.is_empty() || unless_skipped.is_empty() {
            after.clone()
        } else {
            quote!(#unless_skipped { #after })
        }
    }
}

fn opening(
    core: &CorePath,
    support: &TokenStream,
    options: &Options,
    function: &Function,
) -> TokenStream {
    let name = match &options.name {
        Some(name) => {
            let mut literal = Literal::string(&name.text);
            literal.set_span(name.span);
            literal
        }
        None => Literal::string(&plain_name(&function.signature.ident)),
    };
    let root = options.root.then(|| at_macro(quote!(.root())));
    let parent = options.parent.as_ref().map(|parent| {
        let mut parent =
            proc_macro2::Group::new(proc_macro2::Delimiter::Parenthesis, parent.to_token_stream());
        parent.set_span(Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> .parent #parent)
    });
    let join = options.join.then(|| at_macro(quote!(.join())));
    // A macro, because what it takes to open spans is in `ode` and not in `ode-core`: each has its own.
    let span = options.given("span").map(|given| {
        let home = core.to_token_stream().into_iter().map(|mut token| {
            token.set_span(given.resolved_at(token.span()));
            token
        });
        let home: TokenStream = home.collect();
        let target = quote_spanned!(given.resolved_at(Span::mixed_site())=> #home::__unit_span!());
        quote_spanned!(Span::mixed_site()=> .span(#target))
    });
    quote_spanned!(Span::mixed_site()=> #support::open(#name) #root #parent #join #span)
}

/// Has the unit decide about a change. What is wrong with the path is said at the path.
fn note_stage(support: &TokenStream, dry_run: &TokenStream) -> TokenStream {
    let given = dry_run.clone().into_iter().next().map_or_else(Span::call_site, |t| t.span());
    let note = quote_spanned!(given.resolved_at(Span::mixed_site())=> note_stage);
    let path = quote_spanned!(given.resolved_at(Span::mixed_site())=> &#dry_run);
    quote_spanned!(Span::mixed_site()=> #support::#note(#path);)
}

/// What is read off the result. Nothing for a function that visibly returns nothing.
fn after(
    core: &CorePath,
    support: &TokenStream,
    options: &Options,
    function: &Function,
) -> TokenStream {
    let ok_fields = options.ok_fields.as_ref().map(|ok| {
        let parameter = &ok.parameter;
        let write = statement(core, Grammar::Attribute, &ok.fields);
        // The probe's traits are imported in a block of their own, away from the author's
        // expressions; so the probe must outlive that block. Two levels, two references.
        quote_spanned! {Span::mixed_site()=>
            let probe = &#support::Probe(&result);
            if let ::core::option::Option::Some(value) = {
                use #support::ok_probe::*;
                (&probe).ode_ok_value()
            } {
                // `|_order| ..` is a fair way to say that the value itself is not looked at.
                #[allow(clippy::no_effect_underscore_binding)]
                let #parameter = value;
                #write
            }
        }
    });
    let observed = match &options.classify {
        Some(classify) => Some(quote_spanned! {Span::mixed_site()=>
            #support::observe_with(&result, #classify);
        }),
        None if returns_nothing(function) => None,
        // A method call tries its receiver by value before it borrows: for five levels there must
        // be five references, or the most specific level is passed over.
        None => Some(quote_spanned! {Span::mixed_site()=>
            {
                use #support::probe::*;
                #support::observe((&&&&&#support::Probe(&result)).ode_failure());
            }
        }),
    };
    quote!(#ok_fields #observed)
}

fn returns_nothing(function: &Function) -> bool {
    let is_unit = |ty: &Type| matches!(ty, Type::Tuple(tuple) if tuple.elems.is_empty());
    match &function.work {
        Work::Sync { .. } | Work::Async { .. } => is_unit(&returned(&function.signature.output)),
        Work::AsyncTail { output, .. } => is_unit(output),
        Work::Future { .. } => false,
    }
}

/// The return type as it can be written inside the body.
fn returned(output: &ReturnType) -> Type {
    match output {
        ReturnType::Default => syn::parse_quote!(()),
        ReturnType::Type(_, ty) => inferred_impls(ty),
    }
}

/// Tokens whose local names are this macro's own.
fn at_macro(tokens: TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(Span::mixed_site());
            token
        })
        .collect()
}
