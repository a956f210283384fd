//! The declarative fronts of the field macros; the work is done token by token in `ode-macros`.

/// Records fields on the current unit of work.
///
/// `set! { cart.items = n, "user.id" = id, [key] = value, ?plan, %error, flag }`: a key is dotted
/// identifiers, a string, or an expression in brackets; `?value` records the `Debug` form and
/// `%value` the `Display` form; a bare name is key and value. Values are borrowed for the call.
/// `Option::None` records nothing; the last write of a key wins.
///
/// Expressions are evaluated only if a unit is current: one with side effects behaves differently
/// where nothing is set up.
///
/// ```
/// # let (n, error) = (3, "late");
/// ode_core::WideEvent::builder("checkout").run(|| {
///     ode_core::set! { cart.items = n, region = "eu", note = %error };
/// });
/// ```
#[macro_export]
macro_rules! set {
    ($($fields:tt)*) => { $crate::macro_support::__set! { [$crate] $($fields)* } };
}

/// Records fields on the current unit and on every unit opened below it from now on.
///
/// ```
/// ode_core::WideEvent::builder("request").run(|| {
///     ode_core::set_inherited! { user.id = 42 };
///     ode_core::WideEvent::builder("query").run(|| ()); // has user.id too
/// });
/// ```
#[macro_export]
macro_rules! set_inherited {
    ($($fields:tt)*) => { $crate::macro_support::__set_inherited! { [$crate] $($fields)* } };
}

/// Adds to counters of the current unit: `incr! { cache.hits }` adds 1, `incr! { bytes += n }` n.
/// A million times is one field.
///
/// ```
/// ode_core::WideEvent::builder("scan").run(|| {
///     for _ in 0..1_000_000 {
///         ode_core::incr! { rows.seen };
///     }
/// });
/// ```
#[macro_export]
macro_rules! incr {
    ($($fields:tt)*) => { $crate::macro_support::__incr! { [$crate] $($fields)* } };
}

/// Appends to lists of the current unit: `append! { warnings += %error }`.
///
/// Elements of one list end up as one type: the type they share, a wider number, or text.
///
/// ```
/// ode_core::WideEvent::builder("load").run(|| {
///     ode_core::append! { warnings += "row 7 is short" };
/// });
/// ```
#[macro_export]
macro_rules! append {
    ($($fields:tt)*) => { $crate::macro_support::__append! { [$crate] $($fields)* } };
}

/// Times an expression on the enclosing unit: `timed.<name>.count` and `timed.<name>.total_ns`.
///
/// Yields the expression's value. `.await`, `?`, `return` and `break` work inside; it is timed on
/// every way out.
///
/// ```
/// let sum = ode_core::WideEvent::builder("report").run(|| {
///     ode_core::timed!("sum", (1..=10).sum::<u64>())
/// });
/// assert_eq!(sum, 55);
/// ```
#[macro_export]
macro_rules! timed {
    ($($timed:tt)*) => { $crate::macro_support::__timed! { [$crate] $($timed)* } };
}

/// What `#[instrument_event(span)]` expands to where it finds this crate: `ode` has another one.
#[doc(hidden)]
#[macro_export]
macro_rules! __unit_span {
    () => {
        ::core::compile_error!(
            "span needs the crate `ode` (package `ode-rs`) with its feature `tracing`: \
             `ode-core` opens no spans"
        )
    };
}
