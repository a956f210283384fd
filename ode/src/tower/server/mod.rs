//! One event for each request that a service answers, to the end of the response's body.

mod address;
mod authority;
mod body;
mod captured;
mod config;
mod exchange;
#[cfg(feature = "axum")]
#[path = "with_axum.rs"]
mod framework;
#[cfg(not(feature = "axum"))]
#[path = "without_axum.rs"]
mod framework;
mod future;
mod hooks;
mod layer;
mod method;
mod name;
mod proxies;
mod query;
mod request_id;
mod service;
mod status;

pub use body::ResponseBody;
pub use exchange::NoEvent;
pub use future::ServerFuture;
pub use layer::ServerLayer;
pub use proxies::ParseProxyError;
pub use request_id::RequestId;
pub use service::Server;
