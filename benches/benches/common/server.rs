//! A server in a process of its own, for peers that take no transport: HTTP/1.1, uncompressed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::thread;

use ode_benches::side::Arrived;

use super::sink;

/// The server, seen from the process that is measured.
pub(crate) struct Server {
    process: Child,
    /// What it says is asked for by a line, and answered by lines of numbers.
    answers: Mutex<BufReader<ChildStdout>>,
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start() -> Self {
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

    pub(crate) fn arrived(&self) -> Arrived {
        Arrived { events: self.ask("spans"), bytes: self.ask("bytes") }
    }

    pub(crate) fn kept(&self) -> Vec<Vec<u8>> {
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
        let Arrived { events, bytes } = sink::arrived();
        match word.expect("a line").as_str() {
            "spans" => println!("{events}"),
            "bytes" => println!("{bytes}"),
            _ => print_kept(),
        }
    }
    true
}

/// How many requests were kept, and each behind its length.
fn print_kept() {
    let kept = sink::kept();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", kept.len()).expect("somebody listens");
    for request in kept {
        out.write_all(&(request.len() as u64).to_le_bytes()).expect("somebody listens");
        out.write_all(&request).expect("somebody listens");
    }
    out.flush().expect("somebody listens");
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
