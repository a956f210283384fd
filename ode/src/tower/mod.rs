//! HTTP as units of work, for what is built on `tower`: axum, hyper, tonic, reqwest.
//!
//! [`ServerLayer`] leaves one event for each request that a service answers. [`ClientLayer`] records
//! the requests that a service sends.

mod caught;
mod client;
mod server;

pub use client::{
    Attempts, AttemptsLayer, BoxedByCause, By, ByCause, Classify, Client, ClientFuture,
    ClientLayer, IncomingResponse, OutgoingRequest, RequestHead,
};
pub use server::{
    NoEvent, ParseProxyError, RequestId, ResponseBody, Server, ServerFuture, ServerLayer,
};

#[cfg(feature = "reqwest")]
pub(crate) use client::failure_of;
