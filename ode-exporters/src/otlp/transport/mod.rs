//! Getting requests to a receiver, and knowing what became of them.
//!
//! ```text
//! Delivery ─▶ Encoder ─▶ Message ─▶ Lane ─▶ http / grpc ─▶ Answer or Failure ─▶ Delivery's account
//! (parts of a batch)    (compressed) (one signal)
//! ```
//!
//! Nothing is tried twice here: the pipeline's worker has the schedule, and hands the batch in again
//! without what was settled.

mod body;
mod cause;
mod client;
mod compress;
mod connector;
mod deadline;
mod delivery;
mod failure;
#[cfg(feature = "otlp-grpc")]
mod grpc_status;
#[cfg(feature = "otlp-grpc")]
mod over_grpc;
#[cfg(feature = "otlp-http")]
mod over_http;
mod resolver;
mod retry_after;
mod runtime;
mod target;
mod tls;

pub(crate) use client::Lane;
pub(crate) use compress::Message;
pub(crate) use delivery::{Delivery, Post};
pub(crate) use failure::Failure;
#[cfg(test)]
pub(crate) use resolver::Resolver;
pub(crate) use runtime::Own;
pub(crate) use target::Target;

// For the SDK's exporter, which speaks OTLP over these too.
#[cfg(feature = "sdk-0-33-otlp")]
pub(crate) use body::Pieces;
#[cfg(feature = "sdk-0-33-otlp")]
pub(crate) use connector::{Connector, Versions, connector};
#[cfg(feature = "sdk-0-33-otlp")]
pub(crate) use deadline::Deadline;
#[cfg(feature = "sdk-0-33-otlp")]
pub(crate) use failure::Verdict;
#[cfg(feature = "sdk-0-33-otlp")]
pub(crate) use over_grpc::channel;
#[cfg(feature = "sdk-0-33-otlp")]
pub(crate) use over_http::{Pool, exchange, pool};
