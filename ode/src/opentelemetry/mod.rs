//! Where a thread stands for OpenTelemetry, in both directions: units find the span they are opened
//! in, and spans find the unit.
//!
//! The context of OpenTelemetry is one for the process, whoever opens the spans: its SDK, or
//! `tracing-opentelemetry`, whose spans are in it while they are entered.

mod context;
mod switch;

pub(crate) use context::{attach, current, detach, hide, of_unit};
#[cfg(feature = "tracing")]
pub(crate) use context::{is_unrecorded, unrecorded};
pub(crate) use switch::{is_on, turn};
