//! Where ode's wide events go: [JSON lines](jsonl), to a file, to standard output or to any
//! writer, and a [pretty form](Pretty) for a terminal.
//!
//! Applications reach these through `ode::exporters`. To send events somewhere else, implement
//! [`ode_core::Exporter`]; it takes a few lines.
//!
//! ```
//! use ode_core::{Batch, EventBuilder, Exporter, Value};
//! use ode_exporters::JsonLines;
//!
//! let event = EventBuilder::new("cart.checkout").field("cart.items", Value::U64(3)).build();
//! let mut exporter = JsonLines::stdout();
//! exporter.export(&Batch::new(vec![event]))?;
//! # Ok::<(), ode_core::ExportError>(())
//! ```
//!
//! # Features
//! - `otlp`: `otlp`, protobuf and JSON written straight from the event.
//! - `otlp-http`: `otlp::Otlp`, which sends them by HTTP.
//! - `otlp-grpc`: the same, by gRPC.
//! - `otlp-zstd`: zstd beside gzip for these.
//! - `sdk-0-33`: `sdk_0_33`, any exporter made for `opentelemetry_sdk` 0.33.
//! - `sdk-0-33-otlp`: the same, with `opentelemetry-otlp` ready to use.
//!
//! What it does not do: start a thread for its work, or talk to a network unless a feature asks for
//! it. The pipeline of `ode-core` gives each exporter a thread of its own.

#![forbid(unsafe_code)]

pub mod jsonl;
#[cfg(feature = "otlp")]
pub mod otlp;
#[cfg(feature = "sdk-0-33")]
pub mod sdk_0_33;
mod write;

pub use jsonl::{JsonLines, Pretty};
