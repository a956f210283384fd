//! A crate that refuses every warning, in each edition: whatever ode's macros expand to, nobody who
//! writes them is told of it.
#![forbid(unsafe_code)]
#![deny(
    warnings,
    future_incompatible,
    let_underscore,
    nonstandard_style,
    rust_2018_idioms,
    unused,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    non_ascii_idents,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unreachable_pub,
    unused_import_braces,
    unused_lifetimes,
    unused_macro_rules,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![deny(
    clippy::absolute_paths,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::exhaustive_structs,
    clippy::exit,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::infinite_loop,
    clippy::let_underscore_must_use,
    clippy::let_underscore_untyped,
    clippy::mem_forget,
    clippy::missing_docs_in_private_items,
    clippy::panic,
    clippy::print_stdout,
    clippy::ref_patterns,
    clippy::semicolon_outside_block,
    clippy::shadow_reuse,
    clippy::shadow_same,
    clippy::shadow_unrelated,
    clippy::str_to_string,
    clippy::undocumented_unsafe_blocks,
    clippy::unreachable,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]

use core::error::Error;
use core::fmt;
use core::future::{Future, ready};
use core::pin::Pin;

use ode::{DryRun, EventFields, Stage, instrument_event};

ode::change!(
    /// Compresses columns.
    pub Compress = "compress"
);
ode::change!(Purge = "purge", flag = "jobs.purge", default = Stage::Off);

/// Decides about [`Compress`].
static COMPRESS: DryRun<Compress> = DryRun::new();

/// What is refused.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for Refused {}

/// A typed group.
#[derive(Debug, EventFields)]
#[event(prefix = "order", rename_all = "camelCase")]
pub struct Order<T> {
    /// Its number.
    number: u64,
    /// Shown.
    #[event(display)]
    place: T,
    /// In debug form.
    #[event(debug, rename = "kind_of")]
    kind: Kind,
    /// A word.
    word: Kind,
    /// Never in clear.
    #[event(sensitive = "hash")]
    email: String,
    /// Never at all.
    #[event(skip)]
    secret: Option<u8>,
    /// More.
    #[event(nested)]
    inner: Inner,
    /// More, flat.
    #[event(flatten)]
    flat: Inner,
}

impl<T> Order<T> {
    /// What is never recorded.
    pub const fn secret(&self) -> Option<u8> {
        self.secret
    }
}

/// Part of an order.
#[derive(Clone, Copy, Debug, EventFields)]
pub struct Inner {
    /// How many.
    count: u8,
}

/// A word.
#[derive(Clone, Copy, Debug, EventFields)]
#[event(rename_all = "snake_case")]
pub enum Kind {
    /// One.
    FirstClass,
    /// Another.
    #[event(rename = "slow")]
    Second,
}

/// Opens a unit.
///
/// # Errors
/// Where it is told to.
#[instrument_event(name = "work", fields(n, text = ?text), ok_fields(|done| done = *done), err(with = classify), skip_if = n > 9_000)]
pub fn work(n: u64, text: &str) -> Result<u64, Refused> {
    ode::set! { a.b = n, ?text, "a b" = 1, [text] = 2 };
    ode::set_inherited! { user = %text };
    ode::incr! { steps, bytes += n };
    ode::append! { warnings += %text, list += n };
    let timed = ode::timed!("part", helper(n)?);
    Ok(timed)
}

/// Says what an error means.
const fn classify(_refused: &Refused) -> ode::Failure {
    ode::Failure::declined("refused")
}

/// Joins the unit.
#[instrument_event(join, fields(joined = n))]
fn helper(n: u64) -> Result<u64, Refused> {
    if n == 0 { Err(Refused { why: String::from("nothing to do") }) } else { Ok(n) }
}

/// A type with methods.
#[derive(Debug)]
pub struct Shop {
    /// Its name.
    name: String,
}

impl Shop {
    /// Borrows itself.
    #[instrument_event(root, fields(shop.name = self.name))]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes itself.
    #[instrument_event]
    pub fn rename(&mut self, name: &str) -> &mut Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Opens.
    #[instrument_event(fields(shop.name = self.name), ok_fields(|length| length = *length))]
    pub async fn open(&self) -> Result<usize, Refused> {
        ready(()).await;
        let length = ode::timed!("length", ready(self.name.len()).await);
        ode::set! { length.again = length };
        Ok(length)
    }

    /// Opens later.
    #[instrument_event(parent = None)]
    pub fn later(&self) -> impl Future<Output = usize> + Send + '_ {
        async move { self.name.len() }
    }

    /// Opens in a box.
    #[instrument_event]
    pub fn boxed<'a>(&'a self, more: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
        Box::pin(async move { self.name.len().saturating_add(more.len()) })
    }
}

/// Decides first.
#[instrument_event(dry_run = COMPRESS)]
pub fn compress() -> bool {
    ode::stage::<Purge>() == Stage::Off
}

/// Has something of everything used.
///
/// # Errors
/// Where set-up fails.
pub fn set_up() -> Result<ode::Guard, ode::SetupError> {
    ode::fields(&Order {
        number: 1,
        place: 2.5_f64,
        kind: Kind::FirstClass,
        word: Kind::Second,
        email: String::new(),
        secret: None,
        inner: Inner { count: 1 },
        flat: Inner { count: 2 },
    });
    ode::init(ode::build_info!())
}
