//! The strict receiver as a process.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::certificates::Identity;
use super::lines::{Lines, python, skipped};
use super::request::Request;
use super::{Action, Item, Side};

/// What the receiver shows and demands when it speaks TLS, on both ports.
pub(crate) struct Tls {
    pub(crate) identity: Identity,
    /// Certificates, as PEM, of who may sign the client's certificate, which is then demanded.
    pub(crate) client_authority: Option<String>,
    /// `1.1`, `1.2` or `1.3`, and no other.
    pub(crate) version: Option<&'static str>,
}

impl From<Identity> for Tls {
    fn from(identity: Identity) -> Self {
        Self { identity, client_authority: None, version: None }
    }
}

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) tls: Option<Tls>,
    /// The largest request in bytes, compressed and not; 4 MiB by default.
    pub(crate) max_request: Option<u32>,
    /// Times outside this century are no fault.
    pub(crate) any_time: bool,
}

/// Counts since the start: see `Counts` in `tests/receiver/strict/report.py`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stats(Json);

impl Stats {
    #[track_caller]
    fn of(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("{name}: {self:?}"))
    }

    pub(crate) fn connections(&self) -> u64 {
        self.of("connections")
    }

    pub(crate) fn open_connections(&self) -> u64 {
        self.of("open")
    }

    /// How many connections a redirect led to.
    pub(crate) fn redirected(&self) -> u64 {
        self.of("redirected")
    }

    pub(crate) fn failed_handshakes(&self) -> u64 {
        self.of("handshakes_failed")
    }

    /// How many streams of gRPC were reset by the client.
    pub(crate) fn cancelled(&self) -> u64 {
        self.of("cancelled")
    }

    /// Bytes from clients, within TLS.
    pub(crate) fn received_bytes(&self) -> u64 {
        self.of("received_bytes")
    }

    /// How many actions of a plan were not used.
    pub(crate) fn left(&self, side: Side) -> u64 {
        self.0["left"][side.name()].as_u64().expect("a count")
    }
}

/// A connection that did not get as far as a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble {
    /// `handshake`: TLS failed. `plaintext`: text came where TLS is spoken. `garbage`: what came is
    /// no HTTP.
    pub(crate) kind: String,
    /// What came, or what the handshake failed of.
    pub(crate) detail: String,
}

pub(crate) struct Receiver {
    lines: Lines,
    orders: AtomicU64,
    grpc_port: u16,
    http_port: u16,
    scheme: &'static str,
    _files: TempDir,
}

impl Receiver {
    /// Nothing, said loudly, where Python or the packages are missing.
    #[track_caller]
    pub(crate) fn start(options: Options) -> Option<Self> {
        let files = tempfile::tempdir().expect("a temporary directory");
        let mut command = python();
        command.arg("strict_receiver.py");
        if let Some(size) = options.max_request {
            command.arg(format!("--max-request={size}"));
        }
        if options.any_time {
            command.arg("--any-time");
        }
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        if let Some(tls) = options.tls {
            command.args(tls.arguments(files.path()));
        }
        let lines = match Lines::start(command) {
            Ok(lines) => lines,
            Err(error) => {
                skipped(&format!("no Python for the receiver: {error}"));
                return None;
            }
        };
        let ready = lines.wait_for(1, |line| Some(line.clone())).swap_remove(0);
        if ready["event"] == "missing" {
            skipped(&format!("packages of tests/receiver/requirements.txt: {}", ready["what"]));
            return None;
        }
        assert_eq!(ready["event"], "ready");
        let port = |name: &str| u16::try_from(ready[name].as_u64().expect(name)).expect(name);
        let (grpc_port, http_port) = (port("grpc"), port("http"));
        let orders = AtomicU64::new(0);
        Some(Self { lines, orders, grpc_port, http_port, scheme, _files: files })
    }

    pub(crate) fn grpc_port(&self) -> u16 {
        self.grpc_port
    }

    pub(crate) fn http_port(&self) -> u16 {
        self.http_port
    }

    pub(crate) fn grpc_url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.grpc_port)
    }

    pub(crate) fn http_url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.http_port)
    }

    /// What to do with the next requests, instead of what was planned; when it is used up, the
    /// standing action follows.
    #[track_caller]
    pub(crate) fn plan(&self, side: Side, actions: impl IntoIterator<Item = Action>) {
        let actions: Vec<_> = actions.into_iter().map(|action| action.json()).collect();
        self.order("plan", &json!({ side.name(): actions }));
    }

    /// What is done when no plan is left: `ok` at first.
    #[track_caller]
    pub(crate) fn stand(&self, side: Side, action: &Action) {
        self.order("stand", &json!({ side.name(): action.json() }));
    }

    /// Lets every request go that is on hold now.
    #[track_caller]
    pub(crate) fn release(&self) {
        self.order("release", &json!({}));
    }

    /// Closes the ports and every connection, as a death of the process does.
    #[track_caller]
    pub(crate) fn down(&self) {
        self.order("down", &json!({}));
    }

    /// Opens the same ports again.
    #[track_caller]
    pub(crate) fn up(&self) {
        self.order("up", &json!({}));
    }

    #[track_caller]
    pub(crate) fn stats(&self) -> Stats {
        Stats(self.order("stats", &json!({})))
    }

    #[track_caller]
    fn order(&self, name: &str, members: &Json) -> Json {
        let mut order = members.clone();
        order["id"] = json!(self.orders.fetch_add(1, Ordering::Relaxed));
        order["order"] = json!(name);
        self.lines.say(&order);
        let answer = |line: &Json| (line["id"] == order["id"]).then(|| line.clone());
        let answer = self.lines.wait_for(1, answer).swap_remove(0);
        assert_eq!(answer["event"], "done", "{answer}");
        answer
    }

    /// Every request so far, whatever became of it.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.lines.all(request)
    }

    /// Waits until so many requests are there, and returns all.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Request> {
        self.lines.wait_for(count, request)
    }

    /// Every item that was accepted, in order. No request may have had a problem.
    #[track_caller]
    pub(crate) fn received(&self) -> Vec<Item> {
        let requests = self.requests();
        let problems: Vec<_> = requests.iter().flat_map(|one| &one.problems).collect();
        assert!(problems.is_empty(), "{problems:#?}");
        requests.into_iter().filter(|one| one.accepted).flat_map(|one| one.items).collect()
    }

    /// Waits until so many connections have failed, and returns all of those.
    #[track_caller]
    pub(crate) fn wait_for_troubles(&self, count: usize) -> Vec<Trouble> {
        self.lines.wait_for(count, |line| {
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            (line["event"] == "trouble")
                .then(|| Trouble { kind: text("kind"), detail: text("detail") })
        })
    }
}

fn request(line: &Json) -> Option<Request> {
    (line["event"] == "request").then(|| Request::new(line))
}

impl Tls {
    fn arguments(&self, directory: &Path) -> Vec<String> {
        let file = |name: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, text).expect("a file");
            path.display().to_string()
        };
        let mut arguments = vec![
            format!("--cert={}", file("certificate.pem", &self.identity.certificate)),
            format!("--key={}", file("key.pem", &self.identity.key)),
        ];
        if let Some(authority) = &self.client_authority {
            arguments.push(format!("--client-ca={}", file("clients.pem", authority)));
        }
        if let Some(version) = self.version {
            arguments.push(format!("--tls-version={version}"));
        }
        arguments
    }
}
