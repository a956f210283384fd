//! The main job beside a receiver of OTLP: what is in the file arrives there too, over each protocol,
//! and the program succeeds only when it did.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper that fails is a test that fails"
)]

mod program;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{Builder, JoinHandle};

use serde_json::Value;
use tempfile::TempDir;

/// The strict receiver of the exporters' tests, in a process of its own.
struct Receiver {
    process: Child,
    /// Reads along: a receiver that cannot print takes nothing.
    told: Option<JoinHandle<Vec<String>>>,
    grpc: u64,
    http: u64,
}

impl Receiver {
    /// `None` where Python lacks what it needs.
    fn start(arguments: &[&str]) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let script = root.join("ode-exporters/tests/receiver/strict_receiver.py");
        let python = std::env::var_os("ODE_TEST_PYTHON").unwrap_or(OsString::from("python3"));
        let started = Command::new(python)
            .arg("-B")
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut process) = started else { return skipped() };
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let Some(Ok(first)) = lines.next() else { return skipped() };
        let ready: Value = serde_json::from_str(&first).unwrap();
        let port = |name: &str| ready[name].as_u64();
        let (Some(grpc), Some(http)) = (port("grpc"), port("http")) else { return skipped() };
        let read = move || lines.map(Result::unwrap).collect();
        let told = Some(Builder::new().spawn(read).unwrap());
        Some(Self { process, told, grpc, http })
    }

    /// The events that it took, by their ids, once it has been told to end.
    fn event_ids(mut self) -> BTreeSet<String> {
        drop(self.process.stdin.take());
        let mut ids = BTreeSet::new();
        let told = self.told.take().unwrap().join().unwrap();
        for line in told {
            let told: Value = serde_json::from_str(&line).unwrap();
            if told["event"] == "request" {
                assert_eq!(told["problems"].as_array().map(Vec::len), Some(0), "{told}");
                find_ids(&told["items"], &mut ids);
            }
        }
        self.process.wait().unwrap();
        ids
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn skipped<T>() -> Option<T> {
    let line = "SKIPPED: no Python with the packages of ode-exporters/tests/receiver\n";
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    None
}

/// Event ids are UUIDs of version 7, and nothing else in these events is.
fn find_ids(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.len() == 36 && text.get(14..15) == Some("7") => {
            ids.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| find_ids(item, ids)),
        Value::Object(members) => members.values().for_each(|item| find_ids(item, ids)),
        _ => {}
    }
}

fn compaction(directory: &TempDir, endpoint: &str, protocol: &str) -> Output {
    Command::new(program::path("compaction"))
        .current_dir(directory.path())
        .env("ODE_BUILD_ID", "build")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
        .output()
        .unwrap()
}

#[test]
fn every_event_arrives_over_every_protocol() {
    for protocol in ["grpc", "http/protobuf", "http/json"] {
        let Some(receiver) = Receiver::start(&[]) else { return };
        let port = if protocol == "grpc" { receiver.grpc } else { receiver.http };
        let directory = TempDir::new().unwrap();
        let output = compaction(&directory, &format!("http://127.0.0.1:{port}"), protocol);
        assert!(output.status.success(), "{protocol}: {output:#?}");
        let file = fs::read_to_string(directory.path().join("compaction-build.jsonl")).unwrap();
        let written: BTreeSet<String> = file
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["event_id"].to_string())
            .map(|id| id.trim_matches('"').to_owned())
            .collect();
        assert!(written.len() > 270, "{}", written.len());
        assert_eq!(receiver.event_ids(), written, "{protocol}");
    }
}

#[test]
fn a_receiver_that_refuses_fails_the_run() {
    let Some(receiver) = Receiver::start(&["--http-plan", "400"]) else { return };
    let directory = TempDir::new().unwrap();
    let endpoint = format!("http://127.0.0.1:{}", receiver.http);
    let output = compaction(&directory, &endpoint, "http/protobuf");
    assert_eq!(output.status.code(), Some(2), "{output:#?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("did not arrive") && said.contains("non_retryable"), "{said}");
}
