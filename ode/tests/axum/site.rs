//! A server of one test, with a pipeline of its own.

use std::convert::Infallible;
use std::fmt::Display;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::Route;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use ode::testing::TestPipeline;
use ode::{Batch, ExportError, Exporter, InEvent, PipelineBuilder, Process, Queue};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tower::{Layer, Service};

use crate::client::{Client, Response};

/// Long enough for everything that must happen; a test that gets here is stuck.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// More events than any test leaves.
const ROOM: usize = 20_000;

/// A running server, and the events of its requests.
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
    pipeline: TestPipeline,
    events: Receiver<Value>,
}

impl Site {
    /// Serves routes in a layer, and all that in the test's pipeline.
    pub(crate) fn axum<L>(app: Router, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error: Into<Infallible>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        Self::start(|listener, pipeline| {
            let app = app.layer(layer).layer(InPipeline(pipeline));
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            async move { axum::serve(listener, app).await.unwrap() }
        })
    }

    /// Serves a service by plain hyper, HTTP/1 and HTTP/2.
    pub(crate) fn hyper<S, B>(service: S) -> Self
    where
        S: Service<http::Request<Incoming>, Response = http::Response<B>>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Display,
        B: http_body_util::BodyExt<Data: Send, Error: std::error::Error + Send + Sync>,
        B: Send + 'static,
    {
        Self::start(|listener, pipeline| {
            let service = TowerToHyperService::new(InPipeline(pipeline).layer(service));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let service = service.clone();
                    tokio::spawn(async move {
                        let builder = auto::Builder::new(TokioExecutor::new());
                        let io = TokioIo::new(stream);
                        builder.serve_connection_with_upgrades(io, service).await.ok();
                    });
                }
            }
        })
    }

    fn start<F>(serve: impl FnOnce(TcpListener, TestPipeline) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (seen, events) = sync_channel(ROOM);
        let builder = PipelineBuilder::new(Process::new("test"))
            .export_to(Queue::new(Null).capacity(ROOM))
            .on_event(move |event| seen.send(serde_json::to_value(event).unwrap()).unwrap());
        let pipeline = TestPipeline::start(builder).unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, pipeline.clone()));
        Self { address, runtime: Some(runtime), pipeline, events }
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.ask(&format!("GET {path} HTTP/1.1\r\nhost: shop.example:81\r\n\r\n"))
    }

    pub(crate) fn ask(&self, request: &str) -> Response {
        let mut client = self.connect();
        client.send(request);
        client.response()
    }

    /// The next event.
    pub(crate) fn event(&self) -> Value {
        self.events.recv_timeout(LONG).unwrap()
    }

    /// The next events, as many.
    pub(crate) fn events(&self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.event()).collect()
    }

    /// Fails if an event is there that nobody has looked at.
    #[track_caller]
    pub(crate) fn no_event(&self) {
        if let Ok(event) = self.events.try_recv() {
            panic!("an event that should not be there (yet): {event:#}");
        }
    }

    pub(crate) fn run<F: Future>(&self, future: F) -> F::Output {
        self.runtime.as_ref().unwrap().block_on(future)
    }
}

impl Drop for Site {
    /// The ledger is exact: every unit has ended, left one event, and that was delivered.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(LONG);
        }
        if thread::panicking() {
            return;
        }
        self.no_event();
        assert!(self.pipeline.flush(LONG).is_complete());
        let stats = self.pipeline.stats();
        assert!(stats.is_balanced(), "{stats}");
        assert_eq!((stats.opened, stats.open), (stats.finished, 0), "{stats}");
        let destination = &stats.destinations[0];
        assert_eq!(destination.offered, stats.finished, "{stats}");
        assert_eq!(destination.delivered, destination.offered, "{stats}");
    }
}

struct Null;

impl Exporter for Null {
    fn export(&mut self, _batch: &Batch) -> Result<(), ExportError> {
        Ok(())
    }
}

/// Opens what is opened by a service, or by its future, in the test's pipeline.
#[derive(Clone)]
pub(crate) struct InPipeline<P>(P);

impl<S> Layer<S> for InPipeline<TestPipeline> {
    type Service = InPipeline<(TestPipeline, S)>;

    fn layer(&self, inner: S) -> Self::Service {
        InPipeline((self.0.clone(), inner))
    }
}

impl<S: Service<R>, R> Service<R> for InPipeline<(TestPipeline, S)> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = InEvent<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.1.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let (pipeline, inner) = &mut self.0;
        pipeline.run_async(pipeline.run(|| inner.call(request)))
    }
}

/// Fails unless the event has these fields with these values; `null` stands for absent.
#[track_caller]
pub(crate) fn has(event: &Value, expected: &Value) {
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(event.get(key).unwrap_or(&Value::Null), value, "{key} of {event:#}");
    }
}

/// A panic that prints nothing.
pub(crate) fn quiet_panic() -> ! {
    resume_unwind(Box::new("a quiet panic"))
}
