//! The collector rotel, which passes on what it gets to the strict receiver.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::lines::{alone, python, skipped};
use super::{Receiver, WATCHDOG};

pub(crate) struct Rotel {
    child: Child,
    grpc_port: u16,
    http_port: u16,
    _files: TempDir,
}

const WHERE: &str = "import importlib.util, pathlib; \
    print(pathlib.Path(importlib.util.find_spec('rotel').origin).with_name('rotel-agent'), end='')";

impl Rotel {
    /// Nothing, said loudly, where the program is missing.
    #[track_caller]
    pub(crate) fn start(export_to: &Receiver) -> Option<Self> {
        let found = python().args(["-c", WHERE]).output();
        let program = match found {
            Ok(found) if found.status.success() => found.stdout,
            other => {
                skipped(&format!("no rotel: {other:?}"));
                return None;
            }
        };
        let program = String::from_utf8(program).expect("a path");
        // Another process may take a port between its choice and its use; rotel then ends at once.
        let started = (0..5).find_map(|_| Self::on_free_ports(&program, export_to));
        Some(started.expect("rotel that listens"))
    }

    fn on_free_ports(program: &str, export_to: &Receiver) -> Option<Self> {
        let (grpc_port, http_port) = free_ports();
        let files = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(program);
        alone(&mut command);
        command
            .arg("start")
            .arg(format!("--otlp-grpc-endpoint=127.0.0.1:{grpc_port}"))
            .arg(format!("--otlp-http-endpoint=127.0.0.1:{http_port}"))
            .args(["--exporter=otlp", "--otlp-exporter-protocol=grpc", "--batch-timeout=20ms"])
            .arg(format!("--otlp-exporter-endpoint={}", export_to.grpc_url()))
            .arg(format!("--pid-file={}", files.path().join("pid").display()))
            .arg(format!("--log-file={}", files.path().join("log").display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let child = command.spawn().expect("rotel");
        let mut rotel = Self { child, grpc_port, http_port, _files: files };
        rotel.listens().then_some(rotel)
    }

    fn listens(&mut self) -> bool {
        let step = Duration::from_millis(10);
        for _ in 0..WATCHDOG.as_millis() / step.as_millis() {
            if self.child.try_wait().expect("a child").is_some() {
                return false;
            }
            let open = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            if open(self.grpc_port) && open(self.http_port) {
                return true;
            }
            thread::sleep(step);
        }
        false
    }

    pub(crate) fn grpc_port(&self) -> u16 {
        self.grpc_port
    }

    pub(crate) fn http_port(&self) -> u16 {
        self.http_port
    }
}

fn free_ports() -> (u16, u16) {
    let bound = [0, 1].map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    let [grpc, http] = bound.map(|one| one.local_addr().expect("an address").port());
    (grpc, http)
}

impl Drop for Rotel {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
