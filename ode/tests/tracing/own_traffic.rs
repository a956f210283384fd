//! An exporter that says a lot itself: every crate it stands on logs at `TRACE`, it logs, and it
//! opens units. None of it comes out as an event, or the exporter would feed itself.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, Builder};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ode::{Batch, ExportError, Exporter, WideEvent};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber, trace, warn};
use tracing_subscriber::layer::Context;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, prelude::*};

use crate::processes::run;

/// Less than the process has: what takes this long is told from inside.
const LONG: Duration = Duration::from_secs(20);
const SERVER: &str = "test-server";

#[test]
fn one_event_of_the_host_is_one_event_at_the_receiver() {
    run("own_traffic/plain");
    run("own_traffic/filtered");
}

pub(crate) fn play(name: &str) {
    let said = Said::default();
    let registry = tracing_subscriber::registry().with(said.clone());
    let ode = ode::tracing::layer().level(LevelFilter::TRACE).time_spans(true);
    // `init` takes the records of the `log` crate along.
    match name {
        "plain" => registry.with(ode).init(),
        _ => registry.with(ode.filtered()).init(),
    }
    // The first record of a level makes something in `tracing-log` that another thread parks for.
    // reqwest logs between asking for its answer and parking without a timeout, so a thread that
    // parks in between may use up the wake that was meant for the answer, and wait for good.
    for level in log::Level::iter() {
        log::log!(level, "first");
    }
    let server = Server::start();
    let guard = ode::setup(ode::build_info!())
        .announce(false)
        .export_to(Https::to(&server))
        .init()
        .unwrap();

    WideEvent::builder("of.the.host").run(|| trace!(order = 7, "at work"));

    // The second flush finds nothing that the first one has caused.
    for _ in 0..2 {
        let flushed = ode::flush(LONG);
        let stats = ode::stats();
        let heard = server.requests.lock().unwrap().len();
        assert!(flushed.is_complete(), "{flushed:?}, {heard} requests, {stats:?}");
        assert!(stats.is_balanced(), "{stats:?}");
        let destination = &stats.destinations[0];
        assert_eq!((stats.opened, stats.finished, stats.open), (1, 1, 0));
        assert_eq!((destination.offered, destination.delivered), (1, 1));
        assert_eq!(stats.orphan_writes, 2, "what the exporter sets; its records are no writes");
    }
    assert_eq!(guard.shutdown(LONG).delivered, 1);
    let requests = server.requests.lock().unwrap();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].lines().count(), 1);
    assert!(requests[0].contains("\"name\":\"of.the.host\""), "{requests:?}");
    assert!(requests[0].contains("\"log.order\":7"), "{requests:?}");

    // There was something to take in: the client's side said this much.
    let said = said.0.lock().unwrap();
    for origin in ["h2", "hyper_util", "reqwest", "rustls", "tracing"] {
        assert!(said.get(origin).is_some_and(|records| *records > 0), "{origin}: {said:?}");
    }
}

/// Even a unit that an exporter was given hears nothing of the exporter's records.
#[test]
fn a_unit_that_is_current_on_a_thread_of_odes_own() {
    struct Joins(Option<Box<dyn FnOnce() + Send>>);
    impl Exporter for Joins {
        fn export(&mut self, _: &Batch) -> Result<(), ExportError> {
            if let Some(joined) = self.0.take() {
                joined();
            }
            Ok(())
        }
    }

    let events = ode::testing::capture();
    let layer = ode::tracing::layer().time_spans(true);
    let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(layer));
    WideEvent::builder("of.the.host").run(|| {
        let elsewhere = || tracing::info_span!("from_elsewhere");
        let elsewhere = tracing::dispatcher::with_default(&subscriber, elsewhere);
        let joined = ode::in_event(move || {
            ode::set! { joined = true };
            drop(elsewhere);
            tracing::dispatcher::with_default(&subscriber, || {
                let span = tracing::info_span!("exporting", in_span = 1);
                span.in_scope(|| warn!(in_record = 1, "exporting"));
            });
        });
        let exporter = Joins(Some(Box::new(joined)));
        let pipeline = ode::testing::TestPipeline::to(exporter).unwrap();
        ode::detached(|| pipeline.run(|| WideEvent::builder("exported").run(|| ())));
        assert!(pipeline.flush(LONG).is_complete());
    });
    let event = events.one("of.the.host");
    assert_eq!(event["joined"], true);
    for absent in ["log.in_record", "log.in_span", "log.warn_count"] {
        event.assert_absent(absent);
    }
    event.assert_absent("timed.exporting.count");
    event.assert_absent("timed.from_elsewhere.count");
}

/// Posts each batch over TLS and HTTP/2, and is instrumented all over.
struct Https {
    url: String,
    roots: Arc<rustls::RootCertStore>,
    client: Option<reqwest::blocking::Client>,
}

impl Https {
    fn to(server: &Server) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(server.certificate.clone()).unwrap();
        let url = format!("https://localhost:{}/", server.address.port());
        Self { url, roots: Arc::new(roots), client: None }
    }

    #[ode::instrument_event(name = "of.the.exporter", fields(events = batch.len()))]
    fn encode(batch: &Batch) -> Vec<u8> {
        warn!(encoded = batch.len(), "encoding");
        ode::set! { lost = true };
        let mut body = Vec::new();
        batch.events().for_each(|event| ode::exporters::jsonl::encode(event, &mut body));
        body
    }

    fn client(&mut self) -> &reqwest::blocking::Client {
        let roots = Arc::clone(&self.roots);
        self.client.get_or_insert_with(|| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let tls = rustls::ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap();
            let mut tls = tls.with_root_certificates(roots).with_no_client_auth();
            tls.alpn_protocols = vec![b"h2".to_vec()];
            let builder = reqwest::blocking::Client::builder().tls_backend_preconfigured(tls);
            builder.connection_verbose(true).no_proxy().timeout(LONG / 2).build().unwrap()
        })
    }
}

impl Exporter for Https {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let span = tracing::info_span!("export", events = batch.len());
        let _entered = span.enter();
        let body = Self::encode(batch);
        let url = self.url.clone();
        let sent = self.client().post(url).body(body).send();
        let sent = sent.and_then(reqwest::blocking::Response::error_for_status);
        let response = sent.map_err(ExportError::retryable)?;
        assert_eq!(response.version(), Version::HTTP_2);
        tracing::info!(status = response.status().as_u16(), "sent");
        Ok(())
    }
}

/// Counts records by the crate they come from, but for those of the server's thread.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<BTreeMap<String, usize>>>);

impl<S: Subscriber> Layer<S> for Said {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if thread::current().name() == Some(SERVER) {
            return;
        }
        let mut origin = Origin(event.metadata().target().to_owned());
        event.record(&mut origin);
        let name = origin.0.split("::").next().unwrap().to_owned();
        *self.0.lock().unwrap().entry(name).or_default() += 1;
    }
}

/// The target of a record, also of one of the `log` crate.
struct Origin(String);

impl Visit for Origin {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "log.target" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// A receiver on a thread of its own, with a certificate of its own.
struct Server {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate = signed.cert.der().clone();
        let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap();
        let chain = vec![certificate.clone()];
        let mut tls = tls.with_no_client_auth().with_single_cert(chain, key).unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec()];

        let requests = Arc::default();
        let (listening, is_listening) = sync_channel(1);
        let seen = Arc::clone(&requests);
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve(tls, seen, listening));
        };
        Builder::new().name(SERVER.to_owned()).spawn(serve).unwrap();
        let address = is_listening.recv_timeout(LONG).unwrap();
        Self { address, certificate, requests }
    }
}

async fn serve(
    tls: rustls::ServerConfig,
    requests: Arc<Mutex<Vec<String>>>,
    listening: SyncSender<SocketAddr>,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listening.send(listener.local_addr().unwrap()).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(connection(acceptor.clone(), stream, Arc::clone(&requests)));
    }
}

async fn connection(
    acceptor: tokio_rustls::TlsAcceptor,
    stream: TcpStream,
    requests: Arc<Mutex<Vec<String>>>,
) {
    let stream = acceptor.accept(stream).await.unwrap();
    let answer = service_fn(|request: Request<Incoming>| {
        let requests = Arc::clone(&requests);
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            requests.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let http = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    // Ends with an error when the client goes without a word.
    let _ended = http.serve_connection(TokioIo::new(stream), answer).await;
}
