//! Observability-driven development: one wide event per unit of work, shipped with the change.
#![forbid(unsafe_code)]

mod build_id;
mod build_info;
mod environment;
mod setup;
mod threads;

pub use build_info::BuildInfo;
pub use ode_core::*;
pub use ode_exporters as exporters;
pub use ode_macros::{EventFields, instrument_event};
pub use setup::{Setup, init, setup};

#[doc(hidden)]
pub use ode_macros::__git_revision;
