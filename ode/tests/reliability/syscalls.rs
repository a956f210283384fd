//! T3: recording is pure memory. Under strace, the recording thread makes no system call but clock
//! reads, wakes the worker at most once in 512 events, and asks for its process once in 64 units.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ode::exporters::JsonLines;
use ode::{Batch, ExportError, Exporter, WideEvent};

use crate::roles::argument;
use crate::support::{ARGUMENT, Folder, launched, run};

const EVENTS: u64 = 100_000;
const WARM_UP: u64 = 20_000;
/// As many again at their ease, so that the worker rests in between.
const PACED: u64 = 5_000;
/// The recorder is never further ahead of the worker.
const AHEAD: u64 = 1_500;
const PACE: Duration = Duration::from_micros(100);
/// Looked for as files, which shows in the trace of the thread that looks.
const BEGIN: &str = "/reliability/begin";
const EASE: &str = "/reliability/ease";
const END: &str = "/reliability/end";

/// JSON lines to a file, how many of them there are, and a brake.
struct Counted {
    file: JsonLines,
    written: Arc<AtomicU64>,
    held: Arc<AtomicBool>,
}

impl Exporter for Counted {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        while self.held.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        self.file.export(batch)?;
        self.written.fetch_add(batch.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

struct Recorder {
    written: Arc<AtomicU64>,
    recorded: u64,
}

impl Recorder {
    /// Records checkouts no further ahead of the worker than this, without a system call.
    fn record(&mut self, events: u64, ahead: u64) {
        let id = "7f9c24e5-2f53-4b6e-8f0c-5d1d0a4c9b1e".to_owned();
        for _ in 0..events {
            WideEvent::builder("cart.checkout").run(|| checkout(&id));
            self.recorded += 1;
            while self.recorded > self.written.load(Ordering::SeqCst) + ahead {
                std::hint::spin_loop();
            }
        }
    }
}

/// 24 fields of the kinds that a checkout has.
#[inline(never)]
fn checkout(id: &str) {
    ode::set! {
        cart.id = id, user.id = "u4821973", user.country = "DE", user.returning = true,
        http.route = "POST /cart/{id}/checkout", http.version = "1.1",
        cart.items = 3_u64, cart.total_cents = 12_950_i64,
    }
    ode::set! {
        price.currency = "EUR", price.coupon = "spring-04821", price.rate = 1.0842,
        price.discount = 0.15, price.model = "v3-gradient", risk.score = 0.031, risk.blocked = false,
        ship.weight_g = 1_250_u64, ship.shard = "eu-west-2", ship.parcels = 2_i32,
    }
    ode::set! {
        order.id = 77_123_u64, order.state = "paid", order.lines = 3_u64,
        payment.attempts = 1_u32, payment.captured = true, payment.total_cents = 12_950_i64,
    }
}

pub(crate) fn role() {
    let (written, held) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(true)));
    let file = JsonLines::file(argument()).unwrap();
    let exporter = Counted { file, written: Arc::clone(&written), held: Arc::clone(&held) };
    let guard = ode::setup(ode::build_info!()).announce(false).export_to(exporter).init().unwrap();
    let mut recorder = Recorder { written, recorded: 0 };
    // Until the queue has been as long as it may become.
    recorder.record(8_000, u64::MAX >> 1);
    held.store(false, Ordering::SeqCst);
    recorder.record(WARM_UP - 8_000, AHEAD);
    assert!(fs::metadata(BEGIN).is_err());
    recorder.record(EVENTS, AHEAD);
    assert!(fs::metadata(EASE).is_err());
    for _ in 0..PACED {
        recorder.record(1, AHEAD);
        let_pass(PACE);
    }
    assert!(fs::metadata(END).is_err());
    let end = guard.shutdown(Duration::from_secs(30));
    assert_eq!((end.delivered, end.undelivered), (WARM_UP + EVENTS + PACED, 0));
}

/// Without a system call.
fn let_pass(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the host's own time")]
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// The system calls of the thread that set these marks, between them.
fn between<'t>(trace: &'t str, begin: &str, end: &str) -> Vec<&'t str> {
    let calls: Vec<_> = trace.lines().filter_map(|line| line.split_once(' ')).collect();
    let at = |mark: &str| calls.iter().position(|(_, call)| call.contains(mark)).expect(mark);
    let (begin, end) = (at(begin), at(end));
    let thread = calls[begin].0;
    assert_eq!(calls[end].0, thread);
    let own = calls[begin + 1..end].iter().filter(|(by, _)| *by == thread);
    own.map(|(_, call)| call.trim_start()).collect()
}

#[test]
fn recording_makes_no_system_call() {
    let works = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    if !works.as_ref().is_ok_and(|output| output.status.success()) {
        let what = format!("SKIPPED: recording_makes_no_system_call: no strace here: {works:?}\n");
        // Past the capture of the test harness, so that it is seen.
        return drop(std::io::Write::write_all(&mut std::io::stderr(), what.as_bytes()));
    }
    let folder = Folder::new();
    let (trace, events) = (folder.path("trace"), folder.path("events"));
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-s", "64", "-o"]).arg(&trace);
    let left = run(launched(strace, "records_under_strace").env(ARGUMENT, &events));
    left.assert_success();

    let trace = fs::read_to_string(&trace).unwrap();
    assert_only_clocks_and_few_wakes(&between(&trace, BEGIN, EASE), EVENTS);
    assert_only_clocks_and_few_wakes(&between(&trace, EASE, END), PACED);
    // The worker is in the trace: what is looked at is not an empty file.
    assert!(trace.lines().filter(|line| line.contains("write(")).count() > 10);
}

fn assert_only_clocks_and_few_wakes(calls: &[&str], events: u64) {
    let is_wake = |call: &&&str| call.starts_with("futex(") && call.contains("FUTEX_WAKE");
    let is_clock = |call: &&&str| call.starts_with("clock_gettime(");
    let is_look = |call: &&&str| call.starts_with("getpid(");
    // What strace shows in two parts ends in a line of its own.
    let is_end = |call: &&&str| call.starts_with("<... ");
    let wakes = calls.iter().filter(is_wake).count() as u64;
    let others: Vec<_> = calls
        .iter()
        .filter(|call| !(is_wake(call) || is_clock(call) || is_look(call) || is_end(call)))
        .collect();
    assert_eq!(others, [&""; 0], "{wakes} wakes");
    // And one for what had been recorded of the first 512 before.
    assert!(wakes <= events / 512 + 1, "{wakes} wakes for {events} events");
    let looks = calls.iter().filter(is_look).count() as u64;
    assert!(looks <= events / 64 + 1, "{looks} looks for {events} events");
}
