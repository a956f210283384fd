//! The checkout by `emit` and `emit_otlp`.
//!
//! `emit_otlp` takes no transport, so that its requests go over HTTP/1.1, uncompressed, to a server
//! in a process of its own, whose CPU does not count; its client's does. Ambient properties of `emit`
//! are for later events, so the nested function returns what the owner of the span adds.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::thread;

use emit::Value;
use emit::span::SpanGuard;
use ode_benches::cart::Cart;

use crate::checked::Side;
use crate::{LONG, PROCESS, sink};

/// A fifth of the queue.
const EVERY: usize = 2_048;

pub(crate) fn emit(units: usize) -> f64 {
    let server = Server::start();
    let traces = emit_otlp::traces_http_proto(format!("http://{}/v1/traces", server.address));
    let otlp = emit_otlp::new().resource(PROCESS).traces(traces).spawn();
    let setup = emit::setup().emit_to(otlp).init();
    let figure = Side {
        record: &mut checkout,
        flush: &mut || assert!(setup.blocking_flush(LONG), "flushed"),
        every: EVERY,
        automatic: false,
        spans: &|| server.spans(),
        kept: Some(&|| server.kept()),
    }
    .cpu(units);
    drop(server);
    figure
}

#[inline(never)]
fn checkout(cart: &Cart) {
    let runtime = emit::runtime::shared();
    let first = [
        ("cart.id", Value::from(cart.id.as_str())),
        ("user.id", Value::from(cart.user.as_str())),
        ("user.country", Value::from(cart.country.as_str())),
        ("user.returning", Value::from(cart.returning)),
        ("http.route", Value::from("POST /cart/{id}/checkout")),
        ("http.version", Value::from("1.1")),
        ("cart.items", Value::from(cart.items)),
        ("cart.total_cents", Value::from(cart.total_cents)),
    ];
    let (span, frame) = SpanGuard::from_runtime(runtime, emit::Empty, emit::pkg!(), first);
    frame.call(move || {
        let mut span = span.with_name("cart.checkout");
        span.start();
        let span = span.push_props(price(cart));
        let last = [
            ("order.id", Value::from(black_box(77_123_u64))),
            ("order.state", Value::from("paid")),
            ("order.lines", Value::from(cart.items)),
            ("payment.attempts", Value::from(black_box(1_u32))),
            ("payment.captured", Value::from(true)),
            ("payment.total_cents", Value::from(cart.total_cents)),
        ];
        assert!(span.push_props(last).complete(), "a span");
    });
}

#[inline(never)]
fn price(cart: &Cart) -> [(&'static str, Value<'_>); 10] {
    [
        ("price.currency", Value::from(cart.currency.as_str())),
        ("price.coupon", Value::from(cart.coupon.as_str())),
        ("price.rate", Value::from(cart.rate)),
        ("price.discount", Value::from(cart.discount)),
        ("price.model", Value::from("v3-gradient")),
        ("risk.score", Value::from(cart.risk)),
        ("risk.blocked", Value::from(black_box(false))),
        ("ship.weight_g", Value::from(cart.weight)),
        ("ship.shard", Value::from(cart.shard.as_str())),
        ("ship.parcels", Value::from(black_box(2_i32))),
    ]
}

/// The server, seen from the process that is measured.
struct Server {
    process: Child,
    /// What it says is asked for by a line, and answered by lines of numbers.
    answers: Mutex<BufReader<ChildStdout>>,
    address: String,
}

impl Server {
    fn start() -> Self {
        let this = std::env::current_exe().expect("the bench knows itself");
        let mut process = Command::new(this)
            .arg("server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the bench can run itself");
        let answers = BufReader::new(process.stdout.take().expect("it has an output"));
        let mut server = Self { process, answers: Mutex::new(answers), address: String::new() };
        server.address = server.line();
        server
    }

    fn line(&self) -> String {
        let mut line = String::new();
        self.answers.lock().expect("no panic").read_line(&mut line).expect("an answer");
        line.trim().to_owned()
    }

    fn ask(&self, word: &str) -> usize {
        let mut input = self.process.stdin.as_ref().expect("it has an input");
        writeln!(input, "{word}").expect("it listens");
        self.line().parse().expect("a number")
    }

    fn spans(&self) -> usize {
        self.ask("spans")
    }

    fn kept(&self) -> Vec<Vec<u8>> {
        let requests = self.ask("kept");
        let mut answers = self.answers.lock().expect("no panic");
        let mut request = || {
            let mut length = [0; 8];
            answers.read_exact(&mut length).expect("a length");
            let length = usize::try_from(u64::from_le_bytes(length)).expect("it fits");
            let mut request = vec![0; length];
            answers.read_exact(&mut request).expect("a request");
            request
        };
        (0..requests).map(|_| request()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.process.stdin.take());
        self.process.wait().expect("it ends");
    }
}

/// Runs the server if this process is one; `false` if it is not.
pub(crate) fn was_server() -> bool {
    if !std::env::args().any(|argument| argument == "server") {
        return false;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    println!("{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            thread::spawn(move || serve(&stream));
        }
    });
    for word in std::io::stdin().lines() {
        if word.expect("a line") == "spans" {
            println!("{}", sink::spans());
            continue;
        }
        let kept = sink::kept();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", kept.len()).expect("somebody listens");
        for request in kept {
            out.write_all(&(request.len() as u64).to_le_bytes()).expect("somebody listens");
            out.write_all(&request).expect("somebody listens");
        }
        out.flush().expect("somebody listens");
    }
    true
}

/// Answers 200 to everything, until the connection ends.
fn serve(stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut body = Vec::new();
    while let Some(length) = head(&mut reader) {
        body.resize(length, 0);
        reader.read_exact(&mut body).expect("a body");
        sink::take(&body);
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        let mut writer = stream;
        writer.write_all(answer).expect("an answer");
    }
}

/// How long the body is that comes next; `None` at the end.
fn head(reader: &mut impl BufRead) -> Option<usize> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            return Some(length.expect("its length is known"));
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok();
        }
    }
}
