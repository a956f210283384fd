//! Starting this program again in a role, and reading what it wrote.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// Names the part to play.
pub(crate) const ROLE: &str = "SERVICE_ROLE";
/// The address of the service to call, if there is one.
const NEXT: &str = "SERVICE_NEXT";
/// The file to write to.
const OUT: &str = "SERVICE_OUT";

/// Long enough for everything; a service that says nothing for so long is stuck.
const LONG: Duration = Duration::from_secs(30);

pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

pub(crate) fn next() -> Option<SocketAddr> {
    Some(env::var(NEXT).ok()?.parse().unwrap())
}

pub(crate) fn out() -> PathBuf {
    env::var_os(OUT).unwrap().into()
}

/// This program in a role, writing to this file, in an environment that says nothing else.
pub(crate) fn program(role: &str, out: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "role", "--nocapture", "--test-threads=1"]);
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("ODE_") || name.starts_with("OTEL_") || name.starts_with("TRACE") {
            command.env_remove(&*name);
        }
    }
    command.env(ROLE, role).env(OUT, out);
    command
}

/// A service that is running; killed where the test does not get to its end.
pub(crate) struct Service {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Receiver<String>,
    address: SocketAddr,
    out: PathBuf,
}

impl Service {
    /// Starts it and waits until it listens.
    pub(crate) fn start(role: &str, folder: &Path, name: &str, next: Option<&Self>) -> Self {
        let out = folder.join(name);
        let mut command = program(role, &out);
        if let Some(next) = next {
            command.env(NEXT, next.address.to_string());
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (say, said) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if say.send(line).is_err() {
                    return;
                }
            }
        });
        let address = loop {
            let line = said.recv_timeout(LONG).expect("the service says where it listens");
            if let Some((_, address)) = line.split_once("listening: ") {
                break address.parse().unwrap();
            }
        };
        Self { child, stdin, said, address, out }
    }

    /// Sends a request and waits for the whole answer, which must be 200.
    pub(crate) fn request(&self, headers: &str) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let head = "GET /work HTTP/1.1\r\nhost: service\r\nconnection: close\r\n";
        stream.write_all(format!("{head}{headers}\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    /// Lets it end, and reads what it wrote: one JSON object a line.
    pub(crate) fn end(mut self) -> Vec<Value> {
        drop(self.stdin.take());
        // Its output ends with it.
        while self.said.recv_timeout(LONG).is_ok() {}
        assert!(self.child.wait().unwrap().success());
        lines(&self.out)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The JSON objects in a file.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one unit or span of this name.
#[track_caller]
pub(crate) fn one<'v>(written: &'v [Value], name: &str) -> &'v Value {
    let mut named = written.iter().filter(|value| value["name"] == name);
    match (named.next(), named.next()) {
        (Some(value), None) => value,
        _ => panic!("not one {name}: {written:#?}"),
    }
}

/// Checks that these are of one trace, each the child of the one before, and the first of `parent`.
#[track_caller]
pub(crate) fn assert_chain(parent: Option<&str>, chain: &[&Value]) {
    let mut above: Value = parent.into();
    for value in chain {
        assert_eq!(value["parent_span_id"], above, "the parent of {value:#}");
        assert_eq!(value["trace_id"], chain.first().unwrap()["trace_id"], "{value:#}");
        above = value["span_id"].clone();
        assert_eq!(above.as_str().map(str::len), Some(16));
    }
}
