//! Three services: with ode, with `tracing-opentelemetry`, with both. Each answers `GET /work`, and
//! calls the next one while it does.

#![expect(clippy::print_stdout, reason = "how the test learns of the port")]

use std::io::Write;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::routing::get;
use ode::exporters::JsonLines;
use ode::reqwest::SendExt;
use ode::tower::ServerLayer;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use serde_json::json;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::support;

fn client() -> reqwest::Client {
    // Plain HTTP, but the client wants to be able to do otherwise.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn url(next: SocketAddr) -> String {
    format!("http://{next}/work")
}

/// Serves until standard input ends.
fn serve(app: Router) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening: {}", listener.local_addr().unwrap());
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
            end.send(()).ok();
        });
        let ended = async { ended.await.unwrap_or_default() };
        axum::serve(listener, app).with_graceful_shutdown(ended).await.unwrap();
    });
}

fn set_up() -> ode::Guard {
    let events = JsonLines::file(support::out()).unwrap();
    ode::setup(ode::build_info!()).announce(false).export_to(events).init().unwrap()
}

/// ode alone: its layers do what there is to do.
pub(crate) fn ode() {
    let _ode = set_up();
    let client = client();
    let work = async move || {
        if let Some(next) = support::next() {
            client.get(url(next)).send_in_child("call").await.unwrap().error_for_status().unwrap();
        }
    };
    let trusted = ServerLayer::new().trust_remote_context(true);
    serve(Router::new().route("/work", get(work)).layer(trusted));
}

struct Otel {
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
}

impl Otel {
    fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        Self { exporter, provider }
    }

    fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'l> tracing_subscriber::registry::LookupSpan<'l>,
    {
        tracing_opentelemetry::layer().with_tracer(self.provider.tracer("service"))
    }

    /// Adds what was exported to the file.
    fn write(&self) {
        let path = support::out();
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        for span in self.exporter.get_finished_spans().unwrap() {
            let parent = span.parent_span_id;
            let parent = (parent != opentelemetry::SpanId::INVALID).then(|| parent.to_string());
            let line = json!({
                "name": span.name,
                "trace_id": span.span_context.trace_id().to_string(),
                "span_id": span.span_context.span_id().to_string(),
                "parent_span_id": parent,
            });
            writeln!(file, "{line}").unwrap();
        }
    }
}

/// `tracing-opentelemetry` alone, wired by hand as its users do: ode is not set up.
pub(crate) fn opentelemetry() {
    let otel = Otel::new();
    tracing_subscriber::registry().with(otel.layer()).init();
    let client = client();
    let work = async move |request: Request| {
        let propagator = TraceContextPropagator::new();
        let span = info_span!("server");
        span.set_parent(propagator.extract(&HeaderExtractor(request.headers()))).unwrap();
        let call = async {
            if let Some(next) = support::next() {
                let mut headers = HeaderMap::new();
                let here = Span::current().context();
                propagator.inject_context(&here, &mut HeaderInjector(&mut headers));
                let answer = client.get(url(next)).headers(headers).send().await.unwrap();
                answer.error_for_status().unwrap();
            }
        };
        async { call.instrument(info_span!("call")).await }.instrument(span).await;
    };
    serve(Router::new().route("/work", get(work)));
    otel.write();
}

/// Both: units open spans, spans are exported, and each is the other's parent.
pub(crate) fn both() {
    let otel = Otel::new();
    let ode = set_up();
    let layer = otel.layer().with_filter(ode::tracing::without_units());
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    tracing_subscriber::registry().with(log).with(layer).init();
    let client = client();
    let work = async move || {
        let inside = async {
            inner(&client).await;
        };
        inside.instrument(info_span!("outer span")).await;
    };
    let trusted = ServerLayer::new().trust_remote_context(true);
    serve(Router::new().route("/work", get(work)).layer(trusted));
    drop(ode);
    otel.write();
}

#[ode::instrument_event(span, name = "inner unit")]
async fn inner(client: &reqwest::Client) {
    let call = async {
        if let Some(next) = support::next() {
            client.get(url(next)).send_in_event().await.unwrap().error_for_status().unwrap();
        }
    };
    call.instrument(info_span!("inner span")).await;
}
