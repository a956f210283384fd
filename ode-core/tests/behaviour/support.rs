//! What every test here stands on: a capture whose ledger is checked when it ends, a watchdog,
//! probes in processes of their own.

use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use ode_core::Stats;
use ode_core::testing::{Capture, CaptureBuilder};

/// A capture that checks the ledger at its end: every unit opened has finished, and left exactly
/// one event.
pub(crate) struct Events {
    capture: Capture,
    /// Units a test leaves open on purpose.
    open: u64,
}

pub(crate) fn capture() -> Events {
    capture_with(Capture::builder())
}

pub(crate) fn capture_with(builder: CaptureBuilder) -> Events {
    // A write without a unit gives the thread counters of its own, and only such threads reuse
    // the memory of finished units: what the tests run on must be used memory too.
    ode_core::decline("nobody hears this");
    Events { capture: builder.start(), open: 0 }
}

impl Events {
    /// The test ends with this many units open.
    pub(crate) fn leave_open(&mut self, units: u64) {
        self.open = units;
    }

    /// The names of all events, in the order units ended.
    pub(crate) fn names(&self) -> Vec<String> {
        self.all().iter().map(|event| event.name().to_owned()).collect()
    }
}

impl Deref for Events {
    type Target = Capture;

    fn deref(&self) -> &Capture {
        &self.capture
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        let events = self.all().len() as u64;
        let stats = self.stats();
        assert_ledger(&stats);
        assert_eq!(stats.open, self.open, "units left open: {stats}");
        assert_eq!(stats.finished, events, "every finished unit is one event: {stats}");
    }
}

pub(crate) fn assert_ledger(stats: &Stats) {
    assert!(stats.is_balanced(), "{stats}");
    assert_eq!(stats.opened, stats.finished + stats.open, "{stats}");
}

/// Runs a test that could hang on a thread of its own, and fails it after 30 s.
pub(crate) fn watched<R: Send + 'static>(test: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = mpsc::sync_channel(1);
    let body = move || {
        let outcome = catch_unwind(AssertUnwindSafe(test));
        done.send(outcome)
    };
    let thread = thread::Builder::new().name("ode-test-watched".to_owned()).spawn(body).unwrap();
    match result.recv_timeout(Duration::from_secs(30)) {
        Ok(Ok(value)) => {
            drop(thread.join());
            value
        }
        Ok(Err(payload)) => resume_unwind(payload),
        Err(elapsed) => panic!("still not done after 30 s: {elapsed}"),
    }
}

/// A panic that prints nothing: a thousand of them would hide what matters.
pub(crate) fn quiet_panic() -> ! {
    resume_unwind(Box::new("a quiet panic"))
}

/// Runs `f` and swallows its panic; `None` when there was one.
pub(crate) fn survive<R>(f: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(f)).ok()
}

const PROBE: &str = "ODE_BEHAVIOUR_PROBE";

/// Whether this process is the one that a [`probe`] started for a test of this name.
pub(crate) fn is_probe(test: &str) -> bool {
    std::env::var_os(PROBE).is_some_and(|name| name == test)
}

/// Runs one test of this binary in a process of its own, where it finds [`is_probe`] true.
///
/// For what would end the process: an abort fails the probe, not the whole run.
pub(crate) fn probe(test: &str) -> Output {
    let binary = std::env::current_exe().unwrap();
    let output = Command::new(binary)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(PROBE, test)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && shown.contains("1 passed"),
        "{test}: {}\n{shown}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
