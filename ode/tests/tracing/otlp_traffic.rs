//! ode's own exporter to the network, while everything that it stands on is taken at `TRACE`: TLS,
//! HTTP/2 and the client say a lot, and none of it is sent.

use ode::WideEvent;
use ode::exporters::otlp::Otlp;
use tracing::trace;

use crate::processes::run;
use crate::receiver::{LONG, Posted, Server};
use crate::said::Said;

#[test]
fn one_event_of_the_host_is_one_span_over_http() {
    run("otlp_traffic/http/plain");
    run("otlp_traffic/http/filtered");
}

#[test]
fn one_event_of_the_host_is_one_span_over_grpc() {
    run("otlp_traffic/grpc/plain");
    run("otlp_traffic/grpc/filtered");
}

pub(crate) fn play(name: &str) {
    let (way, variant) = name.split_once('/').unwrap();
    let said = Said::listen(variant);
    let server = Server::start();
    let otlp = match way {
        "http" => Otlp::http(&server.url()),
        "grpc" => Otlp::grpc(&server.url()),
        _ => panic!("no way {way}"),
    };
    let otlp = otlp.and_then(|otlp| otlp.root_certificates(server.pem())).unwrap();
    let guard =
        ode::setup(ode::build_info!()).announce(false).export_to(otlp.timeout(LONG / 2)).init();
    let guard = guard.unwrap();

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
        assert_eq!((stats.orphan_writes, stats.late_writes), (0, 0));
        assert_eq!(heard, 1);
    }
    assert_eq!(guard.shutdown(LONG).delivered, 1);
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let spans = spans(&requests[0]);
    assert_eq!(spans.len(), 1, "{requests:?}");
    for part in ["of.the.host", "log.order"] {
        assert!(holds(spans[0], part), "{part}: {requests:?}");
    }

    // There was something to take in: how the connection was made, and what was said on it.
    said.assert_heard(&["h2", "hyper_util", "rustls"]);
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// The spans of a request, as they were written.
fn spans(request: &Posted) -> Vec<&[u8]> {
    let message = match request.path.as_str() {
        "/v1/traces" => &request.body[..],
        // Behind whether it is compressed, and its length.
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => &request.body[5..],
        other => panic!("no path for spans: {other}"),
    };
    let resources = parts(message, 1);
    let scopes = resources.into_iter().flat_map(|resource| parts(resource, 2));
    scopes.flat_map(|scope| parts(scope, 2)).collect()
}

/// The parts of a message in protobuf that have this number, where every field is a message or text.
fn parts(mut message: &[u8], number: u8) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while let [key, rest @ ..] = message {
        assert_eq!(key & 7, 2, "neither message nor text");
        let (mut length, mut digits) = (0, 0);
        for byte in rest {
            length |= usize::from(byte & 127) << (7 * digits);
            digits += 1;
            if *byte < 128 {
                break;
            }
        }
        let (part, behind) = rest[digits..].split_at(length);
        found.extend((key >> 3 == number).then_some(part));
        message = behind;
    }
    found
}
