//! What ode adds beside `tracing` and in front of a service, next to what others add.
//!
//! `cargo bench -p ode-benches --bench ecosystem` prints a table. Every figure is taken in a process
//! of its own; rounds are interleaved; what is computed is computed within a round, and the median of
//! the rounds is shown.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a bench prints what it measured")]
#![allow(clippy::disallowed_methods, reason = "a bench reads the clocks it measures with")]

use std::convert::Infallible;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use futures::executor::block_on;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use ode::{Batch, Event, ExportError, Exporter, WideEvent};
use ode_benches::by_ode::Null;
use ode_benches::figures::{Figure, Rounds, was_child};
use ode_benches::measure::hot;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
use tower::{Service, ServiceBuilder, service_fn};
use tower_http::trace::TraceLayer;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

const ROUNDS: usize = 5;
const UNITS: usize = 100_000;
const LONG: Duration = Duration::from_secs(60);
/// Records in one unit: so many that the unit itself does not count, so few that all are kept.
const RECORDS: usize = 8;

const FIGURES: &[Figure] = &[
    ("event, Registry", |n| {
        registry().init();
        hot(n, 16, log, || ())
    }),
    ("event, Registry + ode, no unit", |n| {
        registry().with(ode::tracing::layer()).init();
        with_ode(|| hot(n, 16, log, || ()))
    }),
    ("unit, nothing", |n| {
        registry().with(ode::tracing::layer()).init();
        with_ode(|| units(n, |_| ()))
    }),
    ("unit, 8 events", |n| {
        registry().with(ode::tracing::layer()).init();
        with_ode(|| units(n, |at| (0..RECORDS).for_each(|_| log(at))))
    }),
    ("unit, 8 x 5 set", |n| {
        registry().with(ode::tracing::layer()).init();
        with_ode(|| units(n, |at| (0..RECORDS).for_each(|_| set(at))))
    }),
    ("request, no layer", |n| requests(n, service_fn(answer))),
    ("request, ode", |n| {
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let layer = ode::tower::ServerLayer::new()
            .route(|_request| Some("/cart/{id}"))
            .peer(move |_request| Some(peer))
            .request_header("user-agent")
            .query("page")
            .on_request(|event, _request| {
                event.set("app.tenant", "acme").set("app.region", "eu").set("app.shard", 7_u64);
            });
        let service = ServiceBuilder::new().layer(layer).service_fn(answer);
        with_ode_to(Wide, || requests(n, service))
    }),
    ("request, TraceLayer + tracing-opentelemetry", |n| {
        let provider = SdkTracerProvider::builder().with_span_processor(Forget).build();
        let otel = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
        registry().with(otel).init();
        let layer = TraceLayer::new_for_http().make_span_with(span_of).on_request(()).on_response(
            |response: &Response<_>, took: Duration, span: &tracing::Span| {
                span.record("http.response.status_code", response.status().as_u16());
                span.record("took_ns", u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
            },
        );
        requests(n, ServiceBuilder::new().layer(layer).service_fn(answer))
    }),
];

fn main() {
    if !was_child(FIGURES) {
        table(&Rounds::take(FIGURES, ROUNDS, UNITS));
    }
}

fn table(rounds: &Rounds) {
    println!("| figure | ns (median) | min |\n|---|--:|--:|");
    for (name, _) in FIGURES {
        println!("| {name} | {:.1} | {:.1} |", rounds.median(name), rounds.least(name));
    }
    println!("\n| what | figure | bar |\n|---|--:|--:|");
    let added = rounds
        .median_of(["event, Registry + ode, no unit", "event, Registry"], |[with, without]| {
            with - without
        });
    println!("| ode's layer, no unit open: added to an event | {added:.1} ns | ≤ 5 ns |");
    let times = rounds.median_of(
        ["unit, 8 events", "unit, 8 x 5 set", "unit, nothing", "event, Registry"],
        |[events, sets, nothing, bare]| (events - nothing - bare * records()) / (sets - nothing),
    );
    println!(
        "| an event of 4 fields into a unit, less the event: times 5 `set` | {times:.2} | ≤ 2 |"
    );
    let cheaper = rounds.median_of(
        ["request, TraceLayer + tracing-opentelemetry", "request, ode", "request, no layer"],
        |[others, ode, none]| (others - none) / (ode - none),
    );
    println!(
        "| ode's layer beside TraceLayer + tracing-opentelemetry: cheaper by | {cheaper:.1} × | ≥ 3 × |"
    );
}

#[expect(clippy::cast_precision_loss, reason = "a bench's figures")]
fn records() -> f64 {
    RECORDS as f64
}

/// Takes events of a request, which have to be as wide as what they are compared with.
struct Wide;

impl Exporter for Wide {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let least = batch.events().map(Event::field_count).min().unwrap_or(ATTRIBUTES);
        assert!(least >= ATTRIBUTES, "{:?}", batch.events().next());
        Ok(())
    }
}

/// Attributes of a request, on both sides.
const ATTRIBUTES: usize = 20;

fn with_ode(measure: impl FnOnce() -> f64) -> f64 {
    with_ode_to(Null, measure)
}

fn with_ode_to(exporter: impl Exporter, measure: impl FnOnce() -> f64) -> f64 {
    let guard = ode::setup(ode::build_info!().with_id("bench"))
        .export_to(exporter)
        .announce(false)
        .init()
        .expect("ode is set up once in a process");
    let figure = measure();
    let shutdown = guard.shutdown(LONG);
    let stats = ode::stats();
    assert!(stats.is_balanced() && stats.dropped() == 0 && shutdown.undelivered == 0, "{stats}");
    figure
}

/// Units with something in them, drained before the queue fills.
fn units(units: usize, inside: impl Fn(usize)) -> f64 {
    let drain = || assert!(ode::flush(LONG).is_complete());
    hot(units, 16, |at| WideEvent::builder("unit").run(|| inside(at)), drain)
}

/// A message and four fields, as a service logs them.
fn log(at: usize) {
    let at = black_box(at);
    tracing::info!(order = at, shelf = "a12", share = 0.25, urgent = true, "stock is low");
}

/// The same values under the same keys, made at run time.
fn set(at: usize) {
    let at = black_box(at);
    ode::current()
        .set(black_box("log.order"), at)
        .set(black_box("log.shelf"), "a12")
        .set(black_box("log.share"), 0.25)
        .set(black_box("log.urgent"), true)
        .set(black_box("log.message"), "stock is low");
}

type Body = Full<Bytes>;

async fn answer<B>(_request: Request<B>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"{\"items\":3}"))))
}

fn request() -> Request<Body> {
    Request::get("/cart/7?page=2")
        .header("host", "shop.example:8443")
        .header("user-agent", "bench/1.0")
        .header("x-request-id", "0af7651916cd43dd8448eb211c80319c")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .body(Body::default())
        .expect("a request")
}

/// Requests through a service, to the end of the response's body.
fn requests<S, B>(units: usize, mut service: S) -> f64
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: BodyExt + Unpin,
    B::Error: std::fmt::Debug,
{
    let drain = || {
        ode::flush(LONG);
    };
    let one = |_| {
        let response = block_on(service.call(request())).expect("an answer");
        let body = block_on(response.into_body().collect()).expect("a body");
        black_box(body);
    };
    hot(units, 16, one, drain)
}

/// Twenty attributes of a request, as `tracing` records them.
fn span_of<B>(request: &Request<B>) -> tracing::Span {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let span = tracing::info_span!(
        "request",
        otel.name = "GET /cart/{id}",
        otel.kind = "server",
        http.request.method = %request.method(),
        http.route = "/cart/{id}",
        url.path = request.uri().path(),
        url.scheme = "http",
        network.protocol.name = "http",
        network.protocol.version = "1.1",
        server.address = "shop.example",
        server.port = 8443,
        client.address = "127.0.0.1",
        network.peer.address = "127.0.0.1",
        network.peer.port = 40_000,
        user_agent.original = header("user-agent"),
        request.id = header("x-request-id"),
        http.request.body.size = 0_u64,
        http.response.body.size = 11_u64,
        http.response.status_code = tracing::field::Empty,
        took_ns = tracing::field::Empty,
        app.tenant = "acme",
        app.region = "eu",
        app.shard = 7_u64,
    );
    // As ode does: where the request came from.
    let caller = PROPAGATOR.extract(&HeaderExtractor(request.headers()));
    span.set_parent(caller).expect("the span was not entered yet");
    span
}

static PROPAGATOR: LazyLock<TraceContextPropagator> = LazyLock::new(TraceContextPropagator::new);

/// The cheapest processor there is: others are measured without their export.
#[derive(Debug)]
struct Forget;

impl SpanProcessor for Forget {
    fn on_start(&self, _span: &mut Span, _context: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        black_box(span);
    }

    fn force_flush(&self) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
}
