//! T2: pipelines with an exporter to the network come and go, and leave neither a thread nor an open
//! file.

use std::fs;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use ode::exporters::otlp::Otlp;
use ode::testing::TestPipeline;
use ode::{DiagnosticKind, DropReason, Queue, WideEvent};
use ode_core::{PipelineBuilder, Process};

use crate::faults::{Fault, Faulty};
use crate::receivers::Receiver;
use crate::roles::{LONG, argument};
use crate::support::{ARGUMENT, program, run};

const CYCLES: usize = 200;
/// Until everything is there that is made once in a process.
const WARM_UP: usize = 10;

fn count(folder: &str) -> usize {
    fs::read_dir(folder).unwrap().count()
}

fn threads() -> usize {
    count("/proc/self/task")
}

/// How many open files there are when there are no more threads than that: those of pipelines and of
/// lookups of names end on their own. A thread that stays is the end of this process by its watchdog.
fn open_files_with(at_first: usize) -> usize {
    say!("waiting for {} threads to end", threads() - at_first);
    while threads() > at_first {
        std::thread::yield_now();
    }
    count("/proc/self/fd")
}

pub(crate) fn role() {
    let endpoint = argument();
    let at_first = threads();
    let mut warm = 0;
    for cycle in 1..=CYCLES {
        let pipeline = TestPipeline::to(Otlp::http(&endpoint).unwrap()).unwrap();
        pipeline.run(|| WideEvent::builder("unit").run(|| ode::set! { cycle = cycle }));
        let end = pipeline.shutdown(LONG);
        assert_eq!((end.delivered, end.undelivered), (1, 0), "{cycle}");
        drop(pipeline);
        if cycle == WARM_UP {
            warm = open_files_with(at_first);
        }
    }
    assert_eq!(open_files_with(at_first), warm, "open files");
    assert_eq!(threads(), at_first, "threads");
}

#[test]
fn pipelines_that_are_gone_leave_nothing_behind() {
    let receiver = Receiver::start();
    // By its name, so that it is looked up.
    let endpoint = receiver.endpoint().replace("127.0.0.1", "localhost");
    run(program("comes_and_goes").env(ARGUMENT, endpoint)).assert_success();
    assert_eq!(receiver.requests().len(), CYCLES);
}

const CYCLES_IN_VAIN: usize = 100;

/// Over `http` or `grpc`, to this endpoint, where an attempt fails with these words.
pub(crate) fn role_in_vain() {
    let argument = argument();
    let [way, endpoint, words] = argument.splitn(3, ' ').collect::<Vec<_>>()[..] else {
        panic!("{argument}")
    };
    let at_first = threads();
    let nobody = rcgen::generate_simple_self_signed(vec!["nobody".to_owned()]).unwrap();
    let mut warm = 0;
    for cycle in 1..=CYCLES_IN_VAIN {
        let otlp = match way {
            "grpc" => Otlp::grpc(endpoint),
            _ => Otlp::http(endpoint),
        };
        let otlp = otlp.unwrap().root_certificates(nobody.cert.pem()).unwrap();
        // Only a receiver that is silent makes use of it.
        let timeout = if words == SILENT { Duration::from_millis(20) } else { LONG };
        let (failed, failure) = sync_channel(1);
        let builder = PipelineBuilder::new(Process::new("b1"))
            .export_to(Queue::new(otlp.timeout(timeout)).batch_events(1))
            .on_diagnostic(move |message| {
                if message.kind() == DiagnosticKind::ExportFailed {
                    drop(failed.try_send(message.to_string()));
                }
            });
        let pipeline = TestPipeline::start(builder).unwrap();
        pipeline.run(|| WideEvent::builder("unit").run(|| ode::set! { cycle = cycle }));
        let failure = failure.recv_timeout(LONG).unwrap();
        assert!(failure.contains(words), "{failure}");
        let end = pipeline.shutdown(Duration::ZERO);
        assert_eq!((end.delivered, end.undelivered), (0, 1), "{cycle}");
        let mut stats = pipeline.stats();
        // The time is over at once; the thread sees that when it looks.
        while stats.dropped() == 0 || !stats.is_balanced() {
            stats = pipeline.stats();
        }
        assert_eq!(stats.destinations[0].dropped.get(DropReason::Deadline), 1, "{stats}");
        drop(pipeline);
        if cycle == WARM_UP {
            warm = open_files_with(at_first);
        }
    }
    assert_eq!(open_files_with(at_first), warm, "open files");
    assert_eq!(threads(), at_first, "threads");
}

const SILENT: &str = "no answer within 20ms";

#[track_caller]
fn in_vain(fault: Fault, scheme: &str, ways: [(&str, &str); 2]) {
    for (way, words) in ways {
        let receiver = Faulty::start(fault);
        let argument = format!("{way} {} {words}", receiver.endpoint(scheme));
        run(program("comes_and_goes_in_vain").env(ARGUMENT, &argument)).assert_success();
        let met = if fault == Fault::Refused { 0 } else { CYCLES_IN_VAIN };
        assert!(receiver.connections() >= met, "{argument}: {}", receiver.connections());
    }
}

#[test]
fn nothing_stays_where_nobody_listens() {
    in_vain(Fault::Refused, "http", [("http", "refused"), ("grpc", "refused")]);
}

#[test]
fn nothing_stays_of_connections_that_are_reset() {
    in_vain(Fault::Reset, "http", [("http", "no answer came"), ("grpc", "no answer came")]);
}

#[test]
fn nothing_stays_where_nobody_answers() {
    in_vain(Fault::BlackHole, "http", [("http", SILENT), ("grpc", SILENT)]);
    // Not even a handshake.
    in_vain(Fault::BlackHole, "https", [("http", SILENT), ("grpc", SILENT)]);
}

#[test]
fn nothing_stays_of_handshakes_that_fail() {
    let words = "invalid peer certificate";
    in_vain(Fault::Stranger, "https", [("http", words), ("grpc", words)]);
}

#[test]
fn nothing_stays_where_everything_is_refused_for_now() {
    in_vain(Fault::Unavailable, "http", [("http", "answered 503"), ("grpc", "UNAVAILABLE")]);
}
