//! What the tests share.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ode_core::{Event, EventBuilder, Value};
use ode_exporters::jsonl;

/// A directory of its own, removed at the end.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ode-jsonl-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a temporary directory");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A numbered event with text that must be escaped.
pub(crate) fn event(number: u64) -> Event {
    EventBuilder::new("test.unit")
        .field("n", Value::U64(number))
        .field("text", Value::Str("line one\nline \"two\"\u{2028}"))
        .build()
}

pub(crate) fn number(event: &Event) -> u64 {
    match event.get("n") {
        Some(Value::U64(number)) => number,
        other => panic!("no number: {other:?}"),
    }
}

pub(crate) fn line(event: &Event) -> String {
    let mut line = Vec::new();
    jsonl::encode(event, &mut line);
    String::from_utf8(line).expect("UTF-8")
}

/// The numbers of the events that can be read, and how many lines cannot.
pub(crate) fn read(bytes: &[u8]) -> (Vec<u64>, usize) {
    let (mut numbers, mut damaged) = (Vec::new(), 0);
    for event in jsonl::read(bytes) {
        match event {
            Ok(event) => numbers.push(number(&event)),
            Err(error) if error.is_io() => panic!("{error}"),
            Err(_) => damaged += 1,
        }
    }
    (numbers, damaged)
}

pub(crate) fn newlines(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b'\n').count() - 1
}

/// A writer whose bytes can be looked at.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says loudly, past the capture of the test harness, that something could not be tested here.
pub(crate) fn skipped(what: &str) {
    writeln!(io::stderr(), "SKIPPED: {what}").ok();
}
