//! What is set: by code, in [`Otlp`](crate::otlp::Otlp)'s methods, and by the `OTEL_*` variables, in
//! `read`. Nothing here talks to anybody.
//!
//! ```text
//! read ─▶ Reader (one variable) ─▶ Endpoint, pairs, Protocol, sampler ─▶ Settings ─▶ Otlp
//! ```

mod endpoint;
mod error;
mod pairs;
mod protocol;
mod read;
mod reader;
mod sampler;
mod settings;
#[cfg(test)]
mod tests;

pub use endpoint::Endpoint;
pub use error::OtlpError;
pub use protocol::{Compression, Protocol};
pub use read::read;
pub use settings::{OtlpSettings, QueueSettings, Settings};

pub(crate) use {pairs::header_problem, settings::SignalSettings};
