//! The exporter at the strict receiver: what arrives, what is counted, what is tried again.

mod certificates;
mod evaluations;
mod grpc_faults;
mod http_faults;
mod outages;
mod round_trip;
mod secrets;
mod sizes;
mod support;
mod surroundings;
