//! Requests that a service sends: timed on the current unit, or units of their own.

mod attempts;
mod exchange;
mod failure;
mod future;
mod layer;
mod recording;
mod request;
mod response;
mod service;

pub use attempts::{Attempts, AttemptsLayer};
pub use failure::{BoxedByCause, By, ByCause, Classify};
pub use future::ClientFuture;
pub use layer::ClientLayer;
pub use request::{OutgoingRequest, RequestHead};
pub use response::IncomingResponse;
pub use service::Client;

#[cfg(feature = "reqwest")]
pub(crate) use failure::known as failure_of;
