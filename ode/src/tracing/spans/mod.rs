//! The other way round: a unit opens a `tracing` span beside itself, so that what is logged inside
//! carries its ids.
//!
//! - `asked.rs`: how units come to open spans at all.
//! - `callsite.rs`: what `tracing` knows of a span before it is opened, made at run time.
//! - `table.rs`: one callsite for each name and target, within a bound.
//! - `span.rs`: the span of one unit, opened, entered and left.
//! - `once.rs`, `trial.rs`: the rule that a unit is exported once.

mod asked;
mod callsite;
mod once;
mod span;
mod table;
#[cfg(feature = "opentelemetry")]
mod trial;

pub use asked::{__unit_span, enable_unit_spans};
pub use once::{WithoutUnits, is_unit, without_units};
pub(crate) use span::UnitSpan;
