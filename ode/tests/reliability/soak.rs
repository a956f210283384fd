//! T22: for a while, everything at once; and one unit that is open all along, gets a million fields
//! and as many units below it. Memory, threads and open files stay as they were.
//!
//! `scripts/soak.sh` does it for ten minutes.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use ode::exporters::JsonLines;
use ode::exporters::jsonl::Rotation;
use ode::{Overflow, Queue, WideEvent};

use crate::roles::{LONG, argument};
use crate::support::{ARGUMENT, Folder, Running, events_in, field, one, program};

const FIELDS: u64 = 1_000_000;
/// Without optimisation they would take a minute.
const BELOW: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
/// What an event holds unless told otherwise.
const HELD: u64 = 4_096;
const SAMPLES: usize = 40;

/// `scripts/soak.sh` sets it.
fn seconds() -> u64 {
    let seconds = std::env::var_os("ODE_TEST_SOAK_SECONDS");
    seconds.and_then(|seconds| seconds.to_str()?.parse().ok()).unwrap_or(5)
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    kilobytes: u64,
    files: usize,
    threads: usize,
}

impl Sample {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let count = |folder| fs::read_dir(folder).unwrap().count();
        Self {
            kilobytes: line.trim().trim_end_matches(" kB").parse().unwrap(),
            files: count("/proc/self/fd"),
            threads: count("/proc/self/task"),
        }
    }
}

static IS_DONE: AtomicBool = AtomicBool::new(false);

fn until_done(step: impl Fn(u64)) {
    for n in 0.. {
        if IS_DONE.load(Ordering::Relaxed) {
            break;
        }
        step(n);
    }
}

/// Units of several shapes: nested, failing, with text of any length, with a hold.
fn units(n: u64) {
    WideEvent::builder("around").run(|| {
        let text = "x".repeat(usize::try_from(n % 3_000).unwrap());
        ode::set! { n = n, text = text, even = n.is_multiple_of(2) };
        ode::current().set(&format!("key_{}", n % 50), n);
        WideEvent::builder("inside").run(|| {
            if n.is_multiple_of(3) {
                ode::decline("every third");
            }
            ode::incr! { inside.count += 1 };
        });
        drop(ode::hold(LONG));
    });
}

pub(crate) fn role() {
    let argument = argument();
    let (seconds, path) = argument.split_once(' ').unwrap();
    let seconds = Duration::from_secs(seconds.parse().unwrap());
    let file = JsonLines::file(path).unwrap().rotate(Rotation::at(8 << 20).keep(2));
    let queue = Queue::new(file).overflow(Overflow::BlockFor(LONG));
    let guard = ode::setup(ode::build_info!()).announce(false).export_to(queue).init().unwrap();
    let open = WideEvent::builder("open").start();
    let (handle, also) = (open.handle(), open.handle());
    let samples = scope(|scope| {
        scope.spawn(|| until_done(units));
        scope.spawn(|| until_done(units));
        scope.spawn(|| until_done(|_| assert!(ode::flush(LONG).delivered < u64::MAX)));
        let fields = scope.spawn(move || {
            for n in 0..FIELDS {
                handle.set(&format!("field_{n}"), n);
            }
            // Those that are there go on being written.
            until_done(|n| {
                handle.set(&format!("field_{}", n % HELD), n);
            });
        });
        let below = scope.spawn(move || {
            for n in 0..BELOW {
                also.run(|| WideEvent::builder("below").run(|| ode::set! { n = n }));
            }
            until_done(|_| std::thread::yield_now());
        });
        let samples = sample_for(seconds);
        IS_DONE.store(true, Ordering::Relaxed);
        fields.join().unwrap();
        below.join().unwrap();
        samples
    });
    open.end();
    let end = guard.shutdown(LONG);
    let stats = ode::stats();
    assert!(stats.is_balanced(), "{stats}");
    assert_eq!((end.undelivered, stats.dropped(), stats.open), (0, 0, 0), "{stats}");
    assert!(stats.finished > BELOW, "{stats}");
    judge(&samples, seconds);
    say!("finished: {}", stats.finished);
}

#[expect(clippy::disallowed_methods, reason = "the host's own time")]
fn sample_for(time: Duration) -> Vec<Sample> {
    let start = Instant::now();
    let every = time / u32::try_from(SAMPLES).unwrap();
    let mut samples = Vec::with_capacity(SAMPLES);
    while samples.len() < SAMPLES {
        let due = every * u32::try_from(samples.len() + 1).unwrap();
        std::thread::sleep(due.saturating_sub(start.elapsed()));
        samples.push(Sample::now());
    }
    samples
}

/// The second half, when everything is warm: it does not grow.
fn judge(samples: &[Sample], time: Duration) {
    let (warm, late) = samples[SAMPLES / 2..].split_at(SAMPLES / 4);
    let mean = |part: &[Sample]| {
        part.iter().map(|sample| sample.kilobytes).sum::<u64>() / part.len() as u64
    };
    let (before, after) = (mean(warm), mean(late));
    say!("memory: {before} KiB, then {after} KiB");
    // What is in use stands still within a minute; what the allocator keeps beside it takes longer.
    let allowed = if time < Duration::from_secs(600) { 8 << 10 } else { 1 << 10 };
    assert!(after <= before + allowed, "{before} KiB, then {after} KiB: {samples:?}");
    assert!(after < 128 << 10, "{after} KiB");
    // A file is open for a moment while it is put aside, and while this looks.
    let files = |part: &[Sample]| part.iter().map(|sample| sample.files).min().unwrap();
    assert_eq!(files(late), files(warm), "open files: {samples:?}");
    let threads = |part: &[Sample]| part.iter().map(|sample| sample.threads).max().unwrap();
    assert_eq!(threads(late), threads(warm), "threads: {samples:?}");
}

#[test]
fn everything_for_a_while_grows_nothing() {
    let folder = Folder::new();
    let path = folder.path("events");
    let argument = format!("{} {}", seconds(), path.display());
    let patience = Duration::from_secs(seconds()) + 4 * LONG;
    let mut command = program("soaks");
    let left = Running::start_for(command.env(ARGUMENT, argument), patience).finish();
    left.assert_success();
    say!("{}; {} events", left.told("memory"), left.told("finished"));
    let events = events_in(&path);
    let open = one(&events, "open");
    assert_eq!(field(open, "ode.dropped_fields").unwrap(), FIELDS - HELD);
    let own = open.fields().filter(|(key, _)| key.starts_with("field_")).count();
    assert_eq!(own as u64, HELD);
    assert!(!folder.path("events.3").exists());
}
