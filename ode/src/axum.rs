//! What only axum knows: the request's event, and its id, as arguments of a handler.
//!
//! ```
//! use axum::Router;
//! use axum::routing::get;
//! use ode::axum::CurrentEvent;
//! use ode::tower::{RequestId, ServerLayer};
//!
//! async fn cart(event: CurrentEvent, id: RequestId) -> String {
//!     event.set("cart.items", 3);
//!     format!("request {id}")
//! }
//!
//! let app: Router = Router::new().route("/cart", get(cart)).layer(ServerLayer::new());
//! # drop(app);
//! ```

use std::convert::Infallible;
use std::ops::Deref;

use ::axum::extract::{FromRequestParts, OptionalFromRequestParts};
use ::axum::http::StatusCode;
use ::axum::http::request::Parts;
use ode_core::EventHandle;

use crate::tower::RequestId;

/// The unit that is current where the handler begins: the request's, in a
/// [`ServerLayer`](crate::tower::ServerLayer).
///
/// It can be moved into other tasks. Where there is no unit, what is set is counted as a write that
/// found none.
///
/// ```
/// use ode::axum::CurrentEvent;
///
/// async fn upload(event: CurrentEvent) {
///     tokio::spawn(async move {
///         event.set("upload.checked", true);
///     });
/// }
/// # let _ = axum::routing::post::<_, _, ()>(upload);
/// ```
#[derive(Clone, Debug)]
pub struct CurrentEvent(EventHandle);

impl Deref for CurrentEvent {
    type Target = EventHandle;

    fn deref(&self) -> &EventHandle {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentEvent {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self(ode_core::current().handle()))
    }
}

/// Without a [`ServerLayer`](crate::tower::ServerLayer) that gives ids the answer is a 500 which
/// says so; `Option<RequestId>` does without.
impl<S: Send + Sync> FromRequestParts<S> for RequestId {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let missing = "the request has no id: put the route into an ode::tower::ServerLayer";
        parts.extensions.get().cloned().ok_or((StatusCode::INTERNAL_SERVER_ERROR, missing))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get().cloned())
    }
}
