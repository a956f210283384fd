//! One event for each request, against real servers: axum and hyper on the loopback interface,
//! with clients that write and read what goes over the connection themselves.

#![cfg(not(target_family = "wasm"))]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may fail")]

mod bodies;
mod client;
mod contexts;
mod endings;
mod handlers;
mod load;
mod options;
mod requests;
mod site;
mod transports;
