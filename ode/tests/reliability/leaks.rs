//! T2: pipelines with an exporter to the network come and go, and leave neither a thread nor an open
//! file.

#![expect(clippy::print_stderr, reason = "what a role has to say")]

use std::fs;

use ode::WideEvent;
use ode::exporters::otlp::Otlp;
use ode::testing::TestPipeline;

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
    eprintln!("waiting for {} threads to end", threads() - at_first);
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
