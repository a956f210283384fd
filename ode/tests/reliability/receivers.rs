//! Where the `OTEL_*` variables send events: whole processes, and a receiver that takes everything.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::Builder;

use crate::support::{ARGUMENT, Folder, Left, events_in, names, program, run};

/// What a receiver was sent: path, content type, body.
pub(crate) type Requests = Arc<Mutex<Vec<(String, String, Vec<u8>)>>>;

/// Takes everything that is posted; gone with the test.
pub(crate) struct Receiver {
    address: SocketAddr,
    requests: Requests,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Requests::default();
        let kept = Arc::clone(&requests);
        let serve = move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                Builder::new().spawn(move || serve(&stream, &kept)).unwrap();
            }
        };
        Builder::new().spawn(serve).unwrap();
        Self { address, requests }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<(String, String, Vec<u8>)> {
        self.requests.lock().unwrap().clone()
    }

    /// The names of units that were sent, as far as they are in there.
    fn was_sent(&self, unit: &str) -> bool {
        let holds = |body: &[u8]| body.windows(unit.len()).any(|part| part == unit.as_bytes());
        self.requests().iter().any(|(_, _, body)| holds(body))
    }
}

fn serve(stream: &TcpStream, requests: &Requests) {
    let mut from = BufReader::new(stream);
    while let Some(request) = read_request(&mut from) {
        requests.lock().unwrap().push(request);
        let mut stream = stream;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

/// The next request of a connection: path, content type, body.
pub(crate) fn read_request(from: &mut impl BufRead) -> Option<(String, String, Vec<u8>)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let lines = head.iter().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))
    };
    let length = header("content-length").map_or(0, |(_, length)| length.parse().unwrap());
    let mut body = vec![0; length];
    from.read_exact(&mut body).unwrap();
    let path = head[0].split(' ').nth(1).unwrap().to_owned();
    let content_type = header("content-type").map_or("", |(_, value)| value).to_owned();
    Some((path, content_type, body))
}

fn application(role: &str, variables: &[(&str, &str)]) -> Left {
    let left = run(program(role).envs(variables.iter().copied()));
    left.assert_success();
    left
}

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

#[test]
fn an_endpoint_takes_the_place_of_standard_output() {
    for output in [None, Some("auto"), Some("")] {
        let receiver = Receiver::start();
        let endpoint = receiver.endpoint();
        let mut variables = vec![(ENDPOINT, endpoint.as_str()), ("ODE_HASH_KEY", KEY)];
        variables.extend(output.map(|output| ("ODE_OUTPUT", output)));
        let left = application("application", &variables);
        assert_eq!(names(&left.events()), [""; 0], "{output:?}");
        assert_eq!(left.said(), [""; 0]);
        assert!(receiver.was_sent("ode.start") && receiver.was_sent("unit"));
        for (path, content_type, _) in receiver.requests() {
            assert_eq!((path.as_str(), content_type.as_str()), SPANS);
        }
    }
}

const KEY: &str = "0123456789abcdef";
const SPANS: (&str, &str) = ("/v1/traces", "application/x-protobuf");

#[test]
fn what_is_named_stays_beside_it() {
    let receiver = Receiver::start();
    let endpoint = receiver.endpoint();
    let folder = Folder::new();
    let file = folder.path("events.jsonl");
    let output = format!("file:{}", file.display());
    let variables =
        [(ENDPOINT, endpoint.as_str()), ("ODE_OUTPUT", output.as_str()), ("ODE_HASH_KEY", KEY)];
    let left = application("application", &variables);
    assert_eq!(names(&left.events()), [""; 0]);
    assert_eq!(names(&events_in(&file)), ["ode.start", "unit"]);
    assert!(receiver.was_sent("unit"));

    // As do destinations that the code names.
    let receiver = Receiver::start();
    let endpoint = receiver.endpoint();
    let file = folder.path("named.jsonl");
    let variables = [(ENDPOINT, endpoint.as_str()), (ARGUMENT, file.to_str().unwrap())];
    application("two_destinations", &variables);
    assert_eq!(names(&events_in(&file)), ["ode.start", "last"]);
    assert!(receiver.was_sent("last"));
}

#[test]
fn json_and_log_records_where_they_are_asked_for() {
    let receiver = Receiver::start();
    let endpoint = receiver.endpoint();
    let variables = [
        (ENDPOINT, endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "otlp"),
        ("OTEL_SERVICE_NAME", "shop"),
    ];
    application("application", &variables);
    assert!(receiver.was_sent("\"eventName\":\"unit\"") && receiver.was_sent("shop"));
    for (path, content_type, _) in receiver.requests() {
        assert_eq!((path.as_str(), content_type.as_str()), ("/v1/logs", "application/json"));
    }
}

#[test]
fn nothing_is_sent_where_that_is_said() {
    // Nowhere at all.
    let receiver = Receiver::start();
    let endpoint = receiver.endpoint();
    let variables = [(ENDPOINT, endpoint.as_str()), ("ODE_OUTPUT", "none"), ("ODE_HASH_KEY", KEY)];
    let left = application("application", &variables);
    assert_eq!((names(&left.events()), left.said()), (vec![], vec![]));

    // Not by OpenTelemetry: what is not OpenTelemetry's stays, and that is said once.
    let variables =
        [(ENDPOINT, endpoint.as_str()), ("OTEL_SDK_DISABLED", "true"), ("ODE_HASH_KEY", KEY)];
    let left = application("application", &variables);
    assert_eq!(names(&left.events()), ["ode.start", "unit"]);
    assert_eq!(left.said().len(), 1, "{left:#?}");
    assert!(left.said()[0].contains("OTEL_SDK_DISABLED"), "{left:#?}");
    assert_eq!(receiver.requests().len(), 0);
}

/// Credentials that anybody on the way can read: said once, by name, and never by value.
#[test]
fn credentials_in_plain_text_are_one_warning() {
    const WARNING: &str = "can be read by everybody on the way; write https://";
    let said = |left: &Left| -> Vec<String> {
        assert!(!left.stderr.contains("canary") && !left.stdout.contains("canary"), "{left:#?}");
        let lines = left.said().into_iter().filter(|line| line.contains(WARNING));
        lines.map(str::to_owned).collect()
    };
    let receiver = Receiver::start();
    // An address of this machine that is none of its own name.
    let exposed = receiver.endpoint().replace("127.0.0.1", "0.0.0.0");
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a,authorization=Bearer%20canary7d1f");
    let (key, logs) = (("ODE_HASH_KEY", KEY), ("OTEL_LOGS_EXPORTER", "otlp"));
    let started = (ENDPOINT, exposed.as_str());
    let expected = "the header authorization can be read";
    for variables in [vec![started, headers, key], vec![started, headers, key, logs]] {
        let left = application("application", &variables);
        let lines = said(&left);
        assert_eq!(lines.len(), 1, "{variables:?} {left:#?}");
        assert!(lines[0].contains(expected) && lines[0].contains(&exposed), "{lines:?}");
        assert_eq!(left.said().len(), 1, "{left:#?}");
    }
    // Of one signal alone, and in another protocol, which this receiver does not speak.
    let of_logs = ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-api-key=canary7d1f");
    let left = application("application", &[started, of_logs, key, logs]);
    assert_eq!(said(&left).len(), 1, "{left:#?}");
    assert!(left.said()[0].contains("send log records to"), "{left:#?}");
    let brief = ("ODE_FLUSH_TIMEOUT_MS", "300");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let left = application("application", &[started, headers, key, grpc, brief]);
    assert_eq!(said(&left).len(), 1, "{left:#?}");

    // Nothing is said where nobody can read it, where there is nothing to read, and of a signal that
    // is not sent.
    let here = receiver.endpoint();
    let secure = exposed.replace("http://", "https://");
    for variables in [
        vec![(ENDPOINT, here.as_str()), headers, key],
        vec![(ENDPOINT, secure.as_str()), headers, key, brief],
        vec![started, ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a"), key],
        vec![started, of_logs, key],
    ] {
        let left = application("application", &variables);
        assert_eq!(said(&left), [""; 0], "{variables:?}");
    }
    assert!(receiver.was_sent("unit"));
}

#[test]
fn a_wrong_variable_is_one_warning() {
    let receiver = Receiver::start();
    let endpoint = receiver.endpoint();
    let variables = [
        (ENDPOINT, endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("ODE_HASH_KEY", KEY),
    ];
    let left = application("application", &variables);
    assert_eq!(left.said().len(), 1, "{left:#?}");
    assert!(left.said()[0].contains("OTEL_EXPORTER_OTLP_COMPRESSION"), "{left:#?}");
    assert!(receiver.was_sent("unit"), "its default is used");
}
