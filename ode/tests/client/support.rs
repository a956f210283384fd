//! A server to be called, and clients that are no reqwest.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use ode::TraceContext;
use reqwest::redirect::Policy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A server of this test, which remembers what it was sent.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    heard: Arc<Heard>,
}

struct Heard {
    requests: Mutex<Vec<HeaderMap>>,
    /// Somebody has asked for what never comes.
    stuck: Notify,
    /// How much of a body may be sent.
    body: Semaphore,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let heard = Arc::new(Heard {
            requests: Mutex::default(),
            stuck: Notify::new(),
            body: Semaphore::new(0),
        });
        let app = axum::Router::new()
            .route("/ok", any(async || "fine"))
            .route("/status/{code}", any(status))
            .route("/third", any(third))
            .route("/never", any(never))
            .route("/drip", get(drip))
            .with_state(Arc::clone(&heard))
            .layer(from_fn_with_state(Arc::clone(&heard), remember));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { address, heard }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The headers of all requests so far.
    pub(crate) fn requests(&self) -> Vec<HeaderMap> {
        self.heard.requests.lock().unwrap().clone()
    }

    /// The one request there was.
    #[track_caller]
    pub(crate) fn request(&self) -> HeaderMap {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests.remove(0)
    }

    /// Until somebody has asked for what never comes.
    pub(crate) async fn stuck(&self) {
        self.heard.stuck.notified().await;
    }

    pub(crate) fn send_body(&self) {
        self.heard.body.add_permits(1);
    }
}

/// Where a request says it comes from.
#[track_caller]
pub(crate) fn sender(headers: &HeaderMap) -> TraceContext {
    let mut all = headers.get_all("traceparent").iter();
    let header = all.next().expect("a traceparent");
    assert_eq!(all.next(), None, "only one");
    TraceContext::from_traceparent(header.to_str().unwrap()).unwrap()
}

async fn remember(State(heard): State<Arc<Heard>>, request: Request, next: Next) -> Response {
    heard.requests.lock().unwrap().push(request.headers().clone());
    next.run(request).await
}

async fn status(Path(code): Path<u16>) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}

/// Fails twice, then works.
async fn third(State(heard): State<Arc<Heard>>) -> StatusCode {
    let requests = heard.requests.lock().unwrap().len();
    if requests < 3 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
}

async fn never(State(heard): State<Arc<Heard>>) {
    heard.stuck.notify_one();
    std::future::pending::<()>().await;
}

/// Sends its head at once, and its body when it is told to.
async fn drip(State(heard): State<Arc<Heard>>) -> Body {
    Body::from_stream(futures::stream::once(async move {
        heard.body.acquire().await.unwrap().forget();
        Ok::<_, std::io::Error>("drop")
    }))
}

/// reqwest, which the tests build with TLS and without a provider of its cryptography.
pub(crate) fn reqwest() -> reqwest::ClientBuilder {
    // Another test may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().redirect(Policy::none())
}

/// An address that nobody listens at.
pub(crate) async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

pub(crate) type Request0 = http::Request<Empty<Bytes>>;

/// Sends a request over a connection of its own, as small clients on hyper do.
pub(crate) async fn by_hyper(
    to: SocketAddr,
    request: Request0,
) -> Result<http::Response<Incoming>, BoxError> {
    let stream = TcpStream::connect(to).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

pub(crate) fn get_from(url: &str) -> Request0 {
    let uri: http::Uri = url.parse().unwrap();
    let host = uri.authority().unwrap().as_str().to_owned();
    http::Request::get(uri).header("host", host).body(Empty::new()).unwrap()
}
