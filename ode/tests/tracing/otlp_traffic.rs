//! ode's own exporter to the network, while everything that it stands on is taken at `TRACE`: TLS,
//! HTTP/2 and the client say a lot, and none of it is sent.

use ode::exporters::otlp::Otlp;
use ode::{Batch, ExportError, Exporter, Queue, WideEvent};
use tracing::trace;

use crate::processes::run;
use crate::receiver::{LONG, Posted, Server};
use crate::said::Said;

#[test]
fn one_event_of_the_host_is_one_span_over_http() {
    for variant in ["plain", "filtered"] {
        run(&format!("otlp_traffic/http/{variant}"));
        run(&format!("otlp_traffic/http_in_a_unit/{variant}"));
    }
}

#[test]
fn one_event_of_the_host_is_one_span_over_grpc() {
    for variant in ["plain", "filtered"] {
        run(&format!("otlp_traffic/grpc/{variant}"));
        run(&format!("otlp_traffic/grpc_in_a_unit/{variant}"));
    }
}

/// Opens a unit for each batch, which would be the next one and hold all that is said meanwhile.
struct InAUnit(Otlp);

impl Exporter for InAUnit {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        WideEvent::builder("of.the.exporter").run(|| self.0.export(batch))
    }
}

pub(crate) fn play(name: &str) {
    let (way, variant) = name.split_once('/').unwrap();
    let said = Said::listen(variant);
    let server = Server::start();
    let (protocol, in_a_unit) =
        way.strip_suffix("_in_a_unit").map_or((way, false), |protocol| (protocol, true));
    let otlp = match protocol {
        "http" => Otlp::http(&server.url()),
        "grpc" => Otlp::grpc(&server.url()),
        _ => panic!("no protocol {protocol}"),
    };
    let otlp = otlp.and_then(|otlp| otlp.root_certificates(server.pem())).unwrap();
    let otlp = otlp.timeout(LONG / 2);
    let queue = if in_a_unit { Queue::new(InAUnit(otlp)) } else { Queue::new(otlp) };
    let setup = ode::setup(ode::build_info!()).announce(false);
    let guard = setup.export_to(queue).init().unwrap();

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
