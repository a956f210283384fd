//! Requests sent with reqwest.
//!
//! One word changes: `.send()` becomes `.send_in_event()`, which times the call on the current unit
//! and passes the trace on, or `.send_in_child("stock.get")`, which makes the call a unit of its own.
//! What is recorded and sent along is told at [`ClientLayer`], which both are made of.
//!
//! ```no_run
//! use ode::reqwest::SendExt as _;
//!
//! #[ode::instrument_event(name = "order.place")]
//! async fn place(client: &reqwest::Client, item: u64) -> Result<(), reqwest::Error> {
//!     let url = format!("http://stock.internal/items/{item}");
//!     client.get(url).send_in_event().await?.error_for_status()?;
//!     client.post("http://mail.internal/").send_in_child("mail.send").await?;
//!     Ok(())
//! }
//! ```
//!
//! A `reqwest::Client` is a tower service too, so a [`ClientLayer`] can be put around it once.

use ::reqwest::{Error, RequestBuilder, Response};
use ode_core::{Failure, UnitName};
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::tower::{ClientLayer, failure_of};

/// Sends a request as part of a unit of work.
pub trait SendExt: sealed::Sealed {
    /// Sends the request and adds its time to the current unit: `timed.http.client.count`,
    /// `timed.http.client.total_ns`, `http.client.error_count`. See [`ClientLayer`].
    ///
    /// # Errors
    /// Those of `RequestBuilder::send`, unchanged.
    fn send_in_event(self) -> impl Future<Output = Result<Response, Error>> + Send;

    /// Sends the request in a unit of its own, below the current one.
    ///
    /// # Errors
    /// Those of `RequestBuilder::send`, unchanged.
    fn send_in_child(
        self,
        name: impl Into<UnitName>,
    ) -> impl Future<Output = Result<Response, Error>> + Send;

    /// Sends the request as this layer says.
    ///
    /// ```no_run
    /// # use ode::reqwest::SendExt as _;
    /// # async fn send(request: reqwest::RequestBuilder) -> Result<(), reqwest::Error> {
    /// let within = ode::tower::ClientLayer::new().timed("stock").send_baggage(true);
    /// request.send_by(&within).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of `RequestBuilder::send`, unchanged.
    fn send_by(
        self,
        layer: &ClientLayer,
    ) -> impl Future<Output = Result<Response, Error>> + Send + use<Self>;
}

impl SendExt for RequestBuilder {
    fn send_in_event(self) -> impl Future<Output = Result<Response, Error>> + Send {
        self.send_by(&ClientLayer::new())
    }

    fn send_in_child(
        self,
        name: impl Into<UnitName>,
    ) -> impl Future<Output = Result<Response, Error>> + Send {
        self.send_by(&ClientLayer::new().unit(name))
    }

    fn send_by(
        self,
        layer: &ClientLayer,
    ) -> impl Future<Output = Result<Response, Error>> + Send + use<> {
        let (client, request) = self.build_split();
        let sending = match request {
            Ok(request) => Ok(layer.layer(client).call(request)),
            Err(error) => {
                let failure = failure_of(&error).unwrap_or_else(|| Failure::of(&error));
                layer.recording().not_begun(failure);
                Err(error)
            }
        };
        async move { sending?.await }
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for super::RequestBuilder {}
}
