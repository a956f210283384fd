//! The macros of ode. Use them through `ode`, or in a library through `ode-core`; this crate is not
//! meant to be named.
//!
//! What they expand to calls only `ode_core::macro_support` and the types at the root of `ode_core`,
//! so this crate and that one are always of the same version.
//!
//! | macro | where its text is |
//! |---|---|
//! | `set!`, `set_inherited!`, `incr!`, `append!`, `timed!` | `fields` |
//! | `#[instrument_event]` | `instrument`, with feature `full` |
//! | `#[derive(EventFields)]` | `derive`, with feature `full` |
//! | `build_info!` | `git` |
//!
//! Each reads its input to the end, collects every mistake, and reports them all, each at the token
//! it is about and with what to write instead.
//!
//! # Features
//! - `full`: `#[instrument_event]` and `#[derive(EventFields)]`. Brings syn.

#![forbid(unsafe_code)]

#[cfg(feature = "full")]
mod derive;
mod errors;
mod fields;
mod git;
#[cfg(feature = "full")]
mod instrument;
mod paths;

use proc_macro::TokenStream;

use fields::grammar::Grammar;

/// The back of `set!`. Its front passes `[$crate]` first.
#[doc(hidden)]
#[proc_macro]
pub fn __set(input: TokenStream) -> TokenStream {
    shim(input, |input| fields::list(Grammar::Set, input))
}

/// The back of `set_inherited!`.
#[doc(hidden)]
#[proc_macro]
pub fn __set_inherited(input: TokenStream) -> TokenStream {
    shim(input, |input| fields::list(Grammar::SetInherited, input))
}

/// The back of `incr!`.
#[doc(hidden)]
#[proc_macro]
pub fn __incr(input: TokenStream) -> TokenStream {
    shim(input, |input| fields::list(Grammar::Incr, input))
}

/// The back of `append!`.
#[doc(hidden)]
#[proc_macro]
pub fn __append(input: TokenStream) -> TokenStream {
    shim(input, |input| fields::list(Grammar::Append, input))
}

/// The back of `timed!`.
#[doc(hidden)]
#[proc_macro]
pub fn __timed(input: TokenStream) -> TokenStream {
    shim(input, fields::timed)
}

/// The revision of the repository the calling crate is compiled in: the back of `build_info!`.
#[doc(hidden)]
#[proc_macro]
pub fn __git_revision(_input: TokenStream) -> TokenStream {
    git::revision().into()
}

/// Makes a function a unit of work: one call, one event.
///
/// ```ignore
/// #[ode::instrument_event(name = "cart.checkout", fields(cart.id = cart),
///     ok_fields(|receipt| order.id = receipt.id), err(with = classify))]
/// async fn checkout(cart: u64) -> Result<Receipt, PayError> {
///     ode::set! { cart.items = 3 };
///     pay(cart).await
/// }
/// ```
///
/// | option | meaning |
/// |---|---|
/// | `name = "literal"` | the unit's name; without it, the function's |
/// | `fields(..)` | as in `set!`, before the body; may name arguments, also destructured ones, and `self` |
/// | `ok_fields(\|value\| ..)` | as in `set!`, after the body: `value` is `&T` of an `Ok` of `Result<T, _>`, or a reference to what else is returned |
/// | `err(with = path)` | `fn(&E) -> Failure`: what a returned `Err` means |
/// | `root` | starts a new trace |
/// | `parent = expr` | `impl Into<Option<TraceContext>>`: continues that trace |
/// | `join` | adds to the current unit; opens one when there is none |
/// | `dry_run = PATH` | decides about the change of that `static DryRun`, or `Refusing`, before the body, and records its stage; who the unit works for must be known before: by a unit around it |
/// | `span` | also opens a `tracing` span of that name, which carries the unit's ids into logs; needs the feature `tracing` of `ode` |
/// | `skip_if = expr` | when true, the body runs without a unit of its own |
/// | `crate = path` | where ode is, for re-exports |
///
/// # Where it goes
///
/// On functions, methods and trait methods with a body. The unit covers
///
/// | function | from | to |
/// |---|---|---|
/// | `fn` | the call | the return |
/// | `async fn` | the first poll | the last, or the drop |
/// | returns a future and ends in `async { .. }` or `Box::pin(async { .. })`, as in `async-trait` | the first poll | the last, or the drop |
/// | any other `-> impl Future`, `-> Pin<Box<dyn Future>>` or `-> BoxFuture` | the call | the last poll, or the drop |
///
/// A return type that hides its future behind another name counts as a plain `fn`.
///
/// # What is recorded of an `Err`
///
/// Without being asked, the best of these: the type, message and chain of an `E: Error`; the same
/// for `E: AsRef<dyn Error + Send + Sync>` (`anyhow`, `eyre`, `Box<dyn Error + Send + Sync>`); the
/// message of an `E: Display`; the type of any other. In a generic function only the bounds written
/// there count. A problem that was handled is noted with `append! { warnings += %error }`.
#[cfg(feature = "full")]
#[proc_macro_attribute]
pub fn instrument_event(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute("ode", options, item)
}

/// The same for libraries that depend on `ode-core`, which exports it as `instrument_event`.
#[cfg(feature = "full")]
#[doc(hidden)]
#[proc_macro_attribute]
pub fn __instrument_event_core(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute("ode_core", options, item)
}

/// Makes a struct a group of event fields, or an enum without data a field value.
///
/// ```ignore
/// #[derive(EventFields)]
/// #[event(prefix = "chunk")]
/// struct Chunk {
///     rows: u64,                                   // chunk.rows
///     kind: ColumnType,                            // chunk.kind = "Int64"
///     #[event(rename = "file", display)]
///     path: Shown,                                 // chunk.file, as `Display` writes it
///     #[event(sensitive = "hash")]
///     owner_email: String,                         // chunk.owner_email, never in clear
///     #[event(skip)]
///     raw: Vec<u8>,
///     #[event(nested)]
///     codec: Codec,                                // chunk.codec.name, chunk.codec.level
///     note: Option<String>,                        // absent when `None`
/// }
/// #[derive(EventFields)]
/// struct Codec { name: &'static str, level: u8 }
/// #[derive(EventFields)]
/// enum ColumnType { Int64, VarString }
/// ```
///
/// A field is written through `ToValue` unless its attributes say otherwise. For a type with
/// parameters, the fields that depend on them become bounds of the impl.
///
/// | on the type | meaning |
/// |---|---|
/// | `prefix = "chunk"` | goes before every key, with a dot |
/// | `rename_all = "camelCase"` | the casings of serde, for fields or variants |
///
/// | on a field | meaning |
/// |---|---|
/// | `rename = "file"` | another key (also on a variant: another word) |
/// | `skip` | not written |
/// | `nested` | the fields of this value, under this field's key |
/// | `flatten` | the fields of this value, under the type's prefix alone |
/// | `display`, `debug` | as `Display` or `Debug` writes it |
/// | `sensitive = "drop"` | not written |
/// | `sensitive = "mask"` | written as a mask: that there was a value, not which |
/// | `sensitive = "hash"` | written as a keyed hash: equal values stay equal |
#[cfg(feature = "full")]
#[proc_macro_derive(EventFields, attributes(event))]
pub fn derive_event_fields(input: TokenStream) -> TokenStream {
    derived("ode", input)
}

/// The same for libraries that depend on `ode-core`, which exports it as `EventFields`.
#[cfg(feature = "full")]
#[doc(hidden)]
#[proc_macro_derive(__EventFieldsCore, attributes(event))]
pub fn derive_event_fields_core(input: TokenStream) -> TokenStream {
    derived("ode_core", input)
}

#[cfg(feature = "full")]
fn attribute(home: &str, options: TokenStream, item: TokenStream) -> TokenStream {
    let home = paths::CorePath::of_crate(home);
    shim(item, |item| instrument::attribute(options.into(), &item, &home))
}

#[cfg(feature = "full")]
fn derived(home: &str, input: TokenStream) -> TokenStream {
    let home = paths::CorePath::of_crate(home);
    shim(input, |input| derive::event_fields(input, &home))
}

/// The one way in and out. The compiler's tokens only exist inside a running macro; what lies behind
/// works on those of proc-macro2, so that tests can call it.
fn shim(
    input: TokenStream,
    expand: impl FnOnce(proc_macro2::TokenStream) -> proc_macro2::TokenStream,
) -> TokenStream {
    expand(input.into()).into()
}
