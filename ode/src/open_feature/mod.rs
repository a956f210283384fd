//! OpenFeature, both ways. Feature `open-feature`.
//!
//! - [`Provider`] makes any OpenFeature provider a source of flags. OpenFeature's evaluations are
//!   futures and ode's flags are read in the middle of a unit, so answers come from a cache that is
//!   filled in the background: see [`ProviderFlags`].
//! - [`RecordEvaluations`] is a hook for OpenFeature's own SDK: what is evaluated through it lands on
//!   the unit that is current.

mod cache;
mod convert;
mod hook;
mod provider;
mod refresh;

pub use hook::RecordEvaluations;
pub use provider::{Provider, ProviderFlags};
