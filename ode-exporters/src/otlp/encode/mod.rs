//! From events to requests, and from answers to numbers. Nothing here talks to anybody.
//!
//! ```text
//! Encoder ─▶ request: resource, scope ─▶ span / log ─▶ attributes ─▶ Writer: Protobuf or Json
//! ```

mod answer;
mod attributes;
mod budget;
mod encoder;
mod envelope;
mod facts;
mod fields;
mod json;
mod line;
mod lists;
mod log;
mod names;
mod protobuf;
mod resource;
mod sampled;
mod shape;
mod signal;
mod span;
mod table;
mod writer;

pub use answer::{Answer, Status, status};
pub use encoder::{DEFAULT_REQUEST_BYTES, Encoded, Encoder, MAX_REQUEST_BYTES};
pub use names::WRITTEN;
pub use resource::Resource;
pub use shape::Shape;
pub use signal::{Format, Signal, Signals};
