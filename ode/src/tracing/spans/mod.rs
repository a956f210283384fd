//! The other way round: a unit opens a `tracing` span beside itself, so that what is logged inside
//! carries its ids.
//!
//! - `callsite.rs`: what `tracing` knows of a span before it is opened, made at run time.
//! - `table.rs`: one callsite for each name and target, within a bound.
//! - `span.rs`: the span of one unit, opened, entered and left.
//! - `once.rs`, `trial.rs`: the rule that a unit is exported once.

mod callsite;
mod once;
mod span;
mod table;
#[cfg(feature = "opentelemetry")]
mod trial;

pub use once::{WithoutUnits, is_unit, without_units};
pub(crate) use span::UnitSpan;

/// Lets units open spans where [`ode::init`](crate::init) is not called, as in a test with
/// `ode::testing::capture()`. `#[instrument_event(span)]` needs no such call.
///
/// ```
/// ode::tracing::enable_unit_spans();
/// let events = ode::testing::capture();
/// ode::WideEvent::builder("import").span("my_app").run(|| ());
/// # assert_eq!(events.all().len(), 1);
/// ```
pub fn enable_unit_spans() {
    crate::surroundings::install();
}

/// The target of the spans of a module; makes sure that they are opened.
#[doc(hidden)]
#[inline]
#[must_use]
pub fn __unit_span(target: &'static str) -> &'static str {
    crate::surroundings::install();
    target
}
