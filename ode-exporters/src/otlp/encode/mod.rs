//! From events to requests, and from answers to numbers. Nothing here talks to anybody.
//!
//! ```text
//! Encoder ─▶ request: resource, scope ─▶ span / log ─▶ attributes ─▶ Writer: Protobuf or Json
//! ```

mod answer;
pub(crate) mod attributes;
pub(crate) mod budget;
mod encoder;
mod envelope;
mod evaluation;
pub(crate) mod facts;
pub(crate) mod fields;
mod identity;
mod json;
pub(crate) mod line;
mod lists;
mod log;
pub(crate) mod names;
mod prepared;
mod protobuf;
mod quick;
mod resource;
pub(crate) mod sampled;
mod shape;
mod signal;
pub(crate) mod span;
pub(crate) mod table;
pub(crate) mod writer;

pub use answer::{Answer, Status, status};
pub use encoder::{DEFAULT_REQUEST_BYTES, Encoded, Encoder, MAX_REQUEST_BYTES};
pub use names::WRITTEN;
pub use resource::Resource;
pub use shape::Shape;
pub use signal::{Format, Signal, Signals};
