//! An exporter that says a lot itself: every crate it stands on logs at `TRACE`, it logs, and it
//! opens units. None of it comes out as an event, or the exporter would feed itself.

use std::sync::Arc;

use hyper::Version;
use ode::{Batch, ExportError, Exporter, WideEvent};
use tracing::{trace, warn};
use tracing_subscriber::prelude::*;

use crate::processes::run;
use crate::receiver::{LONG, Server};
use crate::said::Said;

#[test]
fn one_event_of_the_host_is_one_event_at_the_receiver() {
    run("own_traffic/plain");
    run("own_traffic/filtered");
}

pub(crate) fn play(name: &str) {
    let said = Said::listen(name);
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
        let heard = server.requests().len();
        assert!(flushed.is_complete(), "{flushed:?}, {heard} requests, {stats:?}");
        assert!(stats.is_balanced(), "{stats:?}");
        let destination = &stats.destinations[0];
        assert_eq!((stats.opened, stats.finished, stats.open), (1, 1, 0));
        assert_eq!((destination.offered, destination.delivered), (1, 1));
        assert_eq!(stats.orphan_writes, 2, "what the exporter sets; its records are no writes");
    }
    assert_eq!(guard.shutdown(LONG).delivered, 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let request = std::str::from_utf8(&requests[0].body).unwrap();
    assert_eq!(request.lines().count(), 1);
    assert!(request.contains("\"name\":\"of.the.host\""), "{request}");
    assert!(request.contains("\"log.order\":7"), "{request}");

    // There was something to take in.
    said.assert_heard(&["h2", "hyper_util", "reqwest", "rustls", "tracing"]);
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
        roots.add(server.certificate().clone()).unwrap();
        Self { url: server.url(), roots: Arc::new(roots), client: None }
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
