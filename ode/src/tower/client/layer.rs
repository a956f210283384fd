//! [`ClientLayer`]: what is recorded of the requests that a service sends.

use std::sync::Arc;

use ode_core::{Failure, UnitName};
use tower_layer::Layer;

use super::attempts::AttemptsLayer;
use super::failure::{BoxedByCause, By, ByCause};
use super::recording::{Name, Recording, Shape};
use super::request::RequestHead;
use super::service::Client;

/// Records the requests that a service sends, and passes the trace on to whoever answers them.
///
/// ```
/// use tower::{ServiceBuilder, ServiceExt as _};
/// # use std::convert::Infallible;
/// # async fn stock(_: http::Request<()>) -> Result<http::Response<()>, Infallible> {
/// #     Ok(http::Response::new(()))
/// # }
///
/// # let events = ode::testing::capture();
/// let client = ServiceBuilder::new()
///     .layer(ode::tower::ClientLayer::new())
///     .service_fn(stock); // or hyper-util's client, or `reqwest::Client`
///
/// let order = ode::WideEvent::builder("order.place").run_async(async {
///     let request = http::Request::get("http://stock.test/items/7").body(());
///     client.oneshot(request?).await.map_err(Into::into)
/// });
/// # let order: Result<_, Box<dyn std::error::Error>> = futures::executor::block_on(order);
/// # assert_eq!(order.unwrap().status(), 200);
/// # assert_eq!(events.one("order.place")["timed.http.client.count"], 1);
/// ```
///
/// # What is recorded
/// By default a call adds to the **current unit**: its time, up to the head of the response, to
/// `timed.http.client.count` and `timed.http.client.total_ns`; one without a response, or with a
/// status from 400, to `http.client.error_count`; attempts after the first to
/// `http.client.resend_count`.
///
/// After [`child_unit`](Self::child_unit) a call is a **unit of its own** below the current one, with
/// the attributes of OpenTelemetry's semantic conventions for HTTP clients: `http.request.method`,
/// `server.address`, `server.port`, `url.full` without credentials and query,
/// `http.response.status_code`, `network.protocol.version`, `http.request.resend_count`, `error.type`.
///
/// | the call ended with | the unit is |
/// |---|---|
/// | a status below 400 | `ok` |
/// | a status from 400 | `error`, `error.type` = the status |
/// | an error | `error`, `error.type` = its cause, see [`ByCause`]; `error.message`, `error.chain` |
/// | the future dropped | `cancelled`, cause `dropped` |
/// | a panic | `panicked` |
///
/// **It ends with the head of the response.** The body is read by whoever asked, in their unit.
///
/// # What is sent
/// `traceparent` and `tracestate` of the call's own unit, or else of the current one, or else of what
/// other instrumentation opened around. They take the place of any that the request has: copied from
/// another request, they would tie two traces together. Baggage is sent only after
/// [`send_baggage`](Self::send_baggage).
///
/// Where no unit is current and no other trace is around, nothing is recorded or sent along. The
/// layer belongs where the request is made: outside of tower's `Buffer`, which calls what it holds
/// on a task of its own.
///
/// # Retries
/// Outside of a retry the layer sees one call. To learn how many attempts it took, put
/// [`attempts`](Self::attempts), or a whole layer for a record of each attempt, inside too:
///
/// ```
/// # use std::future::{Ready, ready};
/// use ode::tower::ClientLayer;
/// use tower::ServiceBuilder;
/// # #[derive(Clone)] struct Twice;
/// # impl<R: Clone, S, E> tower::retry::Policy<R, S, E> for Twice {
/// #     type Future = Ready<()>;
/// #     fn retry(&mut self, _: &mut R, _: &mut Result<S, E>) -> Option<Ready<()>> { None }
/// #     fn clone_request(&mut self, request: &R) -> Option<R> { Some(request.clone()) }
/// # }
/// # async fn stock(_: http::Request<()>) -> Result<http::Response<()>, std::io::Error> {
/// #     Ok(http::Response::new(()))
/// # }
/// # let policy = Twice;
///
/// let client = ServiceBuilder::new()
///     .layer(ClientLayer::new().child_unit())
///     .retry(policy)
///     .layer(ClientLayer::attempts())
///     .service_fn(stock);
/// # let call = tower::ServiceExt::oneshot(client, http::Request::new(()));
/// # assert!(futures::executor::block_on(call).is_ok());
/// ```
///
/// The count travels in the request's extensions, which a policy has to clone with the request, as
/// `http::Request::clone` does. Redirects and retries inside reqwest are not seen.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is around a service"]
pub struct ClientLayer<C = ByCause> {
    recording: Recording,
    classify: C,
}

impl Default for ClientLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientLayer {
    /// Times calls on the current unit, as `http.client`.
    pub const fn new() -> Self {
        Self { recording: Recording::new(), classify: ByCause }
    }

    /// A layer that only counts attempts, for the inside of a retry.
    pub const fn attempts() -> AttemptsLayer {
        AttemptsLayer
    }
}

impl<C> ClientLayer<C> {
    /// Times calls on the current unit under another name: `timed.<name>.count`.
    pub fn timed(mut self, name: &'static str) -> Self {
        self.recording.shape = Shape::Timed(name);
        self
    }

    /// Makes each call a unit of its own, named by its method: `GET`.
    pub fn child_unit(mut self) -> Self {
        self.recording.shape = Shape::Child;
        self
    }

    /// Makes each call a unit of its own, with this name.
    pub fn unit(mut self, name: impl Into<UnitName>) -> Self {
        self.recording.shape = Shape::Child;
        self.recording.name = Name::Fixed(name.into());
        self
    }

    /// Makes each call a unit of its own, named by a closure.
    ///
    /// Names are what events are grouped by, and there are few: no path with ids in it, and a host
    /// only where they are known. One that panics gives the method's name.
    ///
    /// ```
    /// use ode::UnitName;
    /// let layer = ode::tower::ClientLayer::new().unit_by(|request| match request.host() {
    ///     Some("stock.internal") => "GET stock".into(),
    ///     _ => UnitName::from("GET elsewhere"),
    /// });
    /// # let _ = layer;
    /// ```
    pub fn unit_by(
        mut self,
        name: impl Fn(&RequestHead<'_>) -> UnitName + Send + Sync + 'static,
    ) -> Self {
        self.recording.shape = Shape::Child;
        self.recording.name = Name::By(Arc::new(name));
        self
    }

    /// Whether queries are recorded as part of `url.full`. Default no: they hold tokens, names and
    /// searches.
    pub fn capture_query(mut self, capture: bool) -> Self {
        self.recording.capture_query = capture;
        self
    }

    /// Whether the unit's baggage is sent along. Default no: it says something about your users, so
    /// send it to services of your own.
    pub fn send_baggage(mut self, send: bool) -> Self {
        self.recording.send_baggage = send;
        self
    }

    /// For services whose error is tower's `BoxError`, as behind `Timeout` or `Buffer`.
    pub fn boxed_errors(self) -> ClientLayer<BoxedByCause> {
        ClientLayer { recording: self.recording, classify: BoxedByCause }
    }

    /// Says what the service's errors mean: for error types that are no `std::error::Error`, and for
    /// kinds of your own.
    ///
    /// ```
    /// use ode::Failure;
    /// let layer = ode::tower::ClientLayer::new()
    ///     .child_unit()
    ///     .classify(|error: &String| Failure::error("stock_failed").message(error));
    /// # let _ = layer;
    /// ```
    pub fn classify<E, F>(self, classify: F) -> ClientLayer<By<F>>
    where
        F: Fn(&E) -> Failure + Clone,
    {
        ClientLayer { recording: self.recording, classify: By(classify) }
    }

    #[cfg(feature = "reqwest")]
    pub(crate) fn recording(&self) -> &Recording {
        &self.recording
    }
}

impl<S, C: Clone> Layer<S> for ClientLayer<C> {
    type Service = Client<S, C>;

    fn layer(&self, inner: S) -> Client<S, C> {
        Client::new(inner, self.recording.clone(), self.classify.clone())
    }
}
