//! T1: a receiver that accepts and never answers, and ten times as many events as there is room for.
//! The host gets its results, every event is accounted for, and memory is what was configured.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use ode::exporters::otlp::Otlp;
use ode::testing::TestPipeline;
use ode::{DiagnosticKind, DropReason, Queue, WideEvent};
use ode_core::{PipelineBuilder, Process};

use crate::faults::{Fault, Faulty};
use crate::roles::{LONG, argument, wait};
use crate::support::{ARGUMENT, Running, program};

/// The defaults of a queue.
const CAPACITY: u64 = 8_192;
const CAPACITY_BYTES: u64 = 16 << 20;
/// What is needed beside the queue: the batch that is being tried, as events and as it was encoded,
/// and what threads and the allocator keep.
const BESIDE: u64 = 8 << 20;
/// What an event takes beside its text.
const HEAD: u64 = 400;
const THREADS: u64 = 2;
const TIMES: u64 = 10;

/// The program's own business.
fn business(number: u64) -> u64 {
    (0..100).fold(number, |sum, step| sum.rotate_left(7).wrapping_mul(31).wrapping_add(step))
}

/// A value of `/proc/self/status`, in bytes.
fn memory(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kib: u64 = line.trim_matches([':', ' ', '\t', 'k', 'B']).parse().unwrap();
    kib << 10
}

/// Over `http` or `grpc`, to this endpoint, with so many bytes in each event.
pub(crate) fn role() {
    let argument = argument();
    let [way, endpoint, size] = argument.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{argument}")
    };
    let size: u64 = size.parse().unwrap();
    let start = || {
        let otlp = match way {
            "grpc" => Otlp::grpc(endpoint),
            _ => Otlp::http(endpoint),
        };
        let (failed, failure) = sync_channel(64);
        let otlp = otlp.unwrap().timeout(Duration::from_millis(50));
        let builder = PipelineBuilder::new(Process::new("b1")).export_to(Queue::new(otlp));
        let builder = builder.on_diagnostic(move |message| {
            if message.kind() == DiagnosticKind::ExportFailed {
                failed.try_send(()).ok();
            }
        });
        (TestPipeline::start(builder).unwrap(), failure)
    };
    let fits = CAPACITY.min(CAPACITY_BYTES / size);
    let each = TIMES * fits / THREADS;
    let expected = (0..each).map(business).fold(0, u64::wrapping_add).wrapping_mul(THREADS);

    // What is there once in a process, code that was run among it, is no part of a queue.
    let (first, failure) = start();
    first.run(|| WideEvent::builder("unit").run(|| ode::set! { number = 0_u64 }));
    failure.recv_timeout(LONG).unwrap();
    drop(first);
    let before = memory("VmRSS");
    let (pipeline, _) = start();
    let sum = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let text = "x".repeat(size.try_into().unwrap());
                let unit = |number| {
                    WideEvent::builder("unit").run(|| {
                        ode::set! { number = number, text = text };
                        business(number)
                    })
                };
                let own = pipeline.run(|| (0..each).map(unit).fold(0, u64::wrapping_add));
                sum.fetch_add(own, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(sum.load(Ordering::Relaxed), expected, "the program's results");

    // It goes on trying.
    say!("overloaded");
    wait();
    let growth = memory("VmHWM").saturating_sub(before);
    let queue = CAPACITY_BYTES.min(fits * (size + HEAD));
    assert!(growth <= queue + BESIDE, "{} MiB", growth >> 20);
    say!("grown: {} MiB", growth >> 20);

    // A batch may be in no thread's hands for a moment, and is then neither here nor there.
    let mut stats = pipeline.stats();
    while !stats.is_balanced() {
        stats = pipeline.stats();
    }
    let found = &stats.destinations[0];
    assert_eq!((found.offered, found.delivered), (each * THREADS, 0), "{stats}");
    assert_eq!((found.rejected, found.sampled_out), (0, 0), "{stats}");
    let full = [DropReason::QueueFull, DropReason::QueueBytes];
    let full: u64 = full.iter().map(|reason| found.dropped.get(*reason)).sum();
    assert_eq!(full, found.dropped.total(), "for no other reason: {stats}");
    let kept = found.queued + found.in_flight;
    assert_eq!(kept + full, found.offered, "{stats}");
    assert!((fits / 2..=fits).contains(&kept), "as many as there is room for: {stats}");

    // The end comes, and what is lost with it is said.
    let end = pipeline.shutdown(Duration::ZERO);
    assert_eq!((end.delivered, end.undelivered), (0, kept));
    // An attempt that is under way ends with its own time, and only then its batch is given up.
    while stats.dropped() < each * THREADS || !stats.is_balanced() {
        stats = pipeline.stats();
    }
    assert_eq!(stats.destinations[0].dropped.get(DropReason::Deadline), kept, "{stats}");
}

#[track_caller]
fn overloads(way: &str, size: u64) {
    let hole = Faulty::start(Fault::BlackHole);
    let argument = format!("{way} {} {size}", hole.endpoint("http"));
    let mut running = Running::start(program("overloads_a_black_hole").env(ARGUMENT, &argument));
    running.wait_for("overloaded");
    // Beside the first one's: an attempt ends, and another one begins afresh.
    hole.wait_for(4);
    running.go_on();
    running.finish().assert_success();
}

#[test]
fn many_events_over_http() {
    overloads("http", 100);
}

#[test]
fn large_events_over_http() {
    overloads("http", 4_000);
}

#[test]
fn many_events_over_grpc() {
    overloads("grpc", 100);
}

#[test]
fn large_events_over_grpc() {
    overloads("grpc", 4_000);
}
