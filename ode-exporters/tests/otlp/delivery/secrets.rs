//! Secrets go to the receiver and nowhere else: not into messages, not into what is shown for
//! debugging, not into the logs of the libraries underneath at their most talkative.

use std::fmt::{self, Write as _};
use std::io::{Read, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{DestinationStats, PipelineBuilder, Process, Queue, WideEvent, set};
use ode_exporters::otlp::{Compression, Otlp};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::support::{Way, told};
use crate::receiver::{Action, Authority, Options, Receiver, Tls, WATCHDOG};

/// Part of every secret here.
const CANARY: &str = "canary7d1f";

/// Everything that was said in this process through `tracing` or `log`, once somebody listens.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<String>>);

impl Heard {
    fn listen() -> Self {
        static HEARD: OnceLock<Heard> = OnceLock::new();
        let heard = HEARD.get_or_init(|| {
            let heard = Self::default();
            tracing::subscriber::set_global_default(heard.clone()).expect("nobody else listens");
            let logger = Box::leak(Box::new(heard.clone()));
            log::set_logger(logger).expect("nobody else listens");
            log::set_max_level(log::LevelFilter::Trace);
            heard
        });
        heard.clone()
    }

    fn note(&self, text: fmt::Arguments<'_>) {
        let mut heard = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        writeln!(heard, "{text}").unwrap();
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Visit for Heard {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.note(format_args!("{field}: {value:?} {value:#?}"));
    }
}

impl Subscriber for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.note(format_args!("{}", span.metadata().target()));
        span.record(&mut self.clone());
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        self.note(format_args!("{}", event.metadata().target()));
        event.record(&mut self.clone());
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl log::Log for Heard {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        self.note(format_args!("{}: {}", record.target(), record.args()));
    }
    fn flush(&self) {}
}

/// With secrets wherever one can be.
fn loaded(way: Way, receiver: &Receiver, authority: &Authority) -> Otlp {
    let client = authority.client();
    let otlp = way.to(receiver).root_certificates(authority.certificate()).unwrap();
    let otlp = otlp.client_certificate(&client.certificate, &client.key).unwrap();
    let otlp = otlp.header("authorization", &format!("Bearer {CANARY}")).unwrap();
    otlp.header("x-api-key", CANARY).unwrap().compression(Compression::Gzip)
}

#[test]
fn secrets_are_shown_nowhere() {
    let heard = Heard::listen();
    let authority = Authority::new("ours");
    let Some(receiver) =
        Receiver::start(Options { tls: Some(Tls::from(authority.server())), ..Options::default() })
    else {
        return;
    };
    let said = Heard::default();
    for way in [Way::HttpProtobuf, Way::Grpc] {
        let echo = format!("no such user: Bearer {CANARY}");
        let faults = match way {
            Way::Grpc => vec![
                Action::code(16).with("message", echo.as_str()),
                Action::code(14).with("message", echo.as_str()),
                Action::partial(1, &echo),
                Action::partial(0, &echo),
                Action::status(401).with("body", echo.as_str()),
                Action::named("reset_after"),
                Action::named("half"),
            ],
            _ => vec![
                Action::status(401).with("body", echo.as_str()),
                Action::status(503).with("body", echo.as_str()).retry_after(&echo),
                Action::partial(1, &echo),
                Action::partial(0, &echo),
                Action::answer(Some(&echo), echo.as_bytes()),
                Action::redirect(307).with("location", format!("http://{CANARY}@h/?{CANARY}")),
                Action::named("reset_after"),
                Action::named("half").with("of", "head"),
            ],
        };
        for fault in faults {
            let otlp = loaded(way, &receiver, &authority);
            said.note(format_args!("{otlp:?} {otlp:#?}"));
            receiver.plan(way.side(), [fault]);
            export_one(otlp, &said, |stats| stats.queued + stats.in_flight == 0);
        }
    }
    // The receiver did get them.
    let requests = told(&receiver).requests();
    let value = format!("Bearer {CANARY}");
    assert!(requests.iter().all(|one| one.header("authorization") == Some(value.as_str())));
    let told = said.text();
    for part in ["401", "UNAUTHENTICATED", "rejected 1 of 1", "redirects are not followed"] {
        assert!(told.contains(part), "{part} is said: {told}");
    }
    assert!(!told.contains(CANARY), "{}", around(&told));
    let heard = heard.text();
    for library in ["rustls", "h2", "hyper"] {
        assert!(heard.contains(library), "{library} says something");
    }
    assert!(!heard.contains(CANARY), "{}", around(&heard));
    for key in ["PRIVATE KEY", "d293bjJj"] {
        assert!(!heard.contains(key) && !told.contains(key));
    }
}

/// Exports an event in a pipeline of its own, so that no message is held back for having been said
/// just now, until that is so.
fn export_one(otlp: Otlp, said: &Heard, is_done: impl Fn(&DestinationStats) -> bool) {
    let (clock, observer) = (TestClock::new(), said.clone());
    let builder = PipelineBuilder::new(Process::new("b1").service("shop", "1"))
        .on_diagnostic(move |message| observer.note(format_args!("{message} {message:?}")))
        .export_to(Queue::new(otlp));
    let pipeline = TestPipeline::start_with_clock(builder, &clock).unwrap();
    pipeline.run(|| WideEvent::builder("unit").run(|| set! { n = 1 }));
    for _ in 0..WATCHDOG.as_millis() {
        let stats = pipeline.stats().destinations.swap_remove(0);
        if is_done(&stats) {
            said.note(format_args!("{stats} {stats:?}"));
            return;
        }
        clock.advance(Duration::from_millis(100));
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("it takes too long");
}

/// A server of one answer, whatever is asked, to whom a query is nothing wrong; and its port. It
/// ends with its last connection.
fn answers(answer: Vec<u8>, connections: usize) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        let mut asked = String::new();
        for _ in 0..connections {
            let (mut client, _) = listener.accept().unwrap();
            let mut bytes = [0; 4096];
            let length = client.read(&mut bytes).unwrap();
            asked.push_str(&String::from_utf8_lossy(&bytes[..length]));
            client.write_all(&answer).unwrap();
            client.shutdown(std::net::Shutdown::Write).unwrap();
            // Until the client is done too: a reset might overtake the answer.
            while matches!(client.read(&mut bytes), Ok(1..)) {}
        }
        asked
    };
    (port, std::thread::Builder::new().spawn(serve).unwrap())
}

#[test]
fn queries_are_shown_nowhere() {
    let (heard, said) = (Heard::listen(), Heard::default());
    let answer = format!("HTTP/1.1 403 {CANARY}\r\nx-{CANARY}: {CANARY}\r\n\r\n{CANARY}");
    let (port, server) = answers(answer.into_bytes(), 1);
    let url = format!("http://127.0.0.1:{port}/in?key={CANARY}");
    let otlp = Otlp::http("http://localhost").unwrap().traces_endpoint(&url).unwrap();
    said.note(format_args!("{otlp:?}"));
    export_one(otlp, &said, |stats| stats.dropped.total() == 1);
    let asked = server.join().unwrap();
    assert!(asked.starts_with(&format!("POST /in?key={CANARY} HTTP/1.1")), "{asked}");
    let told = said.text();
    assert!(told.contains(&format!("http://127.0.0.1:{port}/in (http/protobuf): answered 403")));
    assert!(!told.contains(CANARY), "{}", around(&told));
    assert!(!heard.text().contains(CANARY), "{}", around(&heard.text()));
}

#[test]
fn last_words_of_a_connection_are_not_repeated() {
    // SETTINGS; then GOAWAY with a reason in words.
    let mut answer = b"\0\0\0\x04\0\0\0\0\0".to_vec();
    let length = u8::try_from(8 + CANARY.len()).unwrap();
    answer.extend_from_slice(&[0, 0, length, 7, 0, 0, 0, 0, 0]);
    answer.extend_from_slice(b"\0\0\0\0\0\0\0\x0b");
    answer.extend_from_slice(CANARY.as_bytes());
    let (port, server) = answers(answer, 1);
    let said = Heard::default();
    let otlp = Otlp::grpc(&format!("http://127.0.0.1:{port}")).unwrap();
    let failed = said.clone();
    export_one(otlp, &said, |_| failed.text().contains("export failed"));
    server.join().unwrap();
    let told = said.text();
    assert!(told.contains("no answer came"), "{told}");
    assert!(!told.contains(CANARY), "{}", around(&told));
}

/// The line with the secret.
fn around(text: &str) -> &str {
    text.lines().find(|line| line.contains(CANARY)).unwrap_or_default()
}

#[test]
fn errors_of_settings_do_not_repeat_them() {
    let url = format!("https://user:{CANARY}@collector.example");
    let errors = [
        Otlp::http(&url),
        Otlp::grpc(&url),
        Otlp::http(&format!("https://{CANARY} collector")),
        Otlp::http(CANARY),
        Otlp::http(&format!("{CANARY}://h")),
        Otlp::grpc(&format!("http://h/{CANARY}")),
        Otlp::http(&format!("http://h:{CANARY}")),
        Otlp::http(&format!("http://h/v1/traces?{CANARY}")),
        Otlp::http("http://h").unwrap().header("x-key", &format!("{CANARY}\n")),
        Otlp::http("http://h").unwrap().header(&format!("{CANARY} x"), "v"),
        Otlp::http("http://h").unwrap().header("host", CANARY),
        Otlp::http("http://h").unwrap().root_certificates(CANARY),
        Otlp::http("http://h").unwrap().client_certificate(CANARY, CANARY),
    ];
    for error in errors {
        let error = error.expect_err("it cannot be used");
        assert!(error.is_endpoint() || error.is_header() || error.is_certificate());
        let mut shown = format!("{error} {error:?} {error:#?}");
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            write!(shown, "{next} {next:?}").unwrap();
            cause = next.source();
        }
        assert!(!shown.contains(CANARY), "{shown}");
    }
}
