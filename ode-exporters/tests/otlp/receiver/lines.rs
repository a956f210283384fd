//! A child process that talks in lines of JSON.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::Value as Json;

/// When a test gives up on a process.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(30);

/// The Python that has the packages.
pub(crate) fn python() -> Command {
    let program = std::env::var_os("ODE_TEST_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let mut command = Command::new(program);
    // No compiled files beside the sources.
    command.arg("-B").current_dir(scripts());
    alone(&mut command);
    command
}

/// Where the strict receiver is.
fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/receiver")
}

/// Nothing of this machine's settings: no proxy, and no settings of other telemetry.
pub(super) fn alone(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let lower = name.to_string_lossy().to_lowercase();
        let foreign = ["otel_", "rotel_", "grpc_", "python"].iter();
        if lower.ends_with("_proxy") || foreign.clone().any(|start| lower.starts_with(start)) {
            command.env_remove(name);
        }
    }
}

/// Says loudly, past the capture of the test harness, that something could not be tested here.
pub(super) fn skipped(what: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    writeln!(std::io::stderr(), "SKIPPED: {test}: {what}").ok();
}

/// What a process said, and a bell for who waits for more.
#[derive(Default)]
struct Said {
    lines: Mutex<(Vec<Json>, bool)>,
    changed: Condvar,
}

pub(super) struct Lines {
    child: Child,
    /// Behind a lock of its own: who waits for a line keeps nobody from saying one.
    input: Mutex<Option<ChildStdin>>,
    said: Arc<Said>,
    reading: Option<JoinHandle<()>>,
}

impl Lines {
    pub(super) fn start(mut command: Command) -> std::io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let said = Arc::new(Said::default());
        let told = Arc::clone(&said);
        let output = BufReader::new(output.expect("a pipe"));
        let read = move || {
            for line in output.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Json::String(line));
                lock(&told).0.push(line);
                told.changed.notify_all();
            }
            lock(&told).1 = true;
            told.changed.notify_all();
        };
        let reading = thread::Builder::new().name("ode-test-lines".to_owned()).spawn(read)?;
        Ok(Self { child, input: Mutex::new(input), said, reading: Some(reading) })
    }

    pub(super) fn say(&self, line: &Json) {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(input.as_mut().expect("a pipe"), "{line}").expect("a process that listens");
    }

    /// Every line so far that `wanted` picks.
    pub(super) fn all<T>(&self, wanted: impl FnMut(&Json) -> Option<T>) -> Vec<T> {
        lock(&self.said).0.iter().filter_map(wanted).collect()
    }

    /// The same, when there are at least so many.
    #[track_caller]
    pub(super) fn wait_for<T>(
        &self,
        count: usize,
        mut wanted: impl FnMut(&Json) -> Option<T>,
    ) -> Vec<T> {
        let mut lines = lock(&self.said);
        loop {
            let found: Vec<_> = lines.0.iter().filter_map(&mut wanted).collect();
            if found.len() >= count {
                return found;
            }
            assert!(!lines.1, "the process ended; it had said {:?}", lines.0);
            let before = lines.0.len();
            let waited = self
                .said
                .changed
                .wait_timeout_while(lines, WATCHDOG, |lines| lines.0.len() == before && !lines.1);
            let (after, waited) = waited.unwrap_or_else(PoisonError::into_inner);
            assert!(!waited.timed_out(), "{} of {count} in {:?}", found.len(), after.0);
            lines = after;
        }
    }
}

fn lock(said: &Said) -> MutexGuard<'_, (Vec<Json>, bool)> {
    said.lines.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if let Some(reading) = self.reading.take() {
            reading.join().ok();
        }
    }
}
