//! Outgoing requests, to a real server on this machine: what is recorded, and what arrives.

mod retries;
mod support;
mod with_reqwest;
mod with_tower;
