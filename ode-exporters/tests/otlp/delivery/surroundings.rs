//! Where an exporter may be made, called, moved and dropped: anywhere.

use std::time::Duration;

use ode_core::testing::TestPipeline;
use ode_core::{Batch, EventBuilder, Exporter, PipelineBuilder, Process, Value, WideEvent, set};
use ode_exporters::otlp::Otlp;
use tokio::runtime::Builder;

use super::support::{Way, told};
use crate::receiver::{Options, Receiver, WATCHDOG};

fn pipeline(otlp: Otlp) -> TestPipeline {
    let process = Process::new("b1").service("shop", "1");
    TestPipeline::start(PipelineBuilder::new(process).export_to(otlp)).unwrap()
}

fn record(pipeline: &TestPipeline) {
    pipeline.run(|| WideEvent::builder("unit").run(|| set! { n = 1 }));
}

#[test]
fn inside_of_a_runtime_and_outside() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let host = Builder::new_current_thread().build().unwrap();
    for way in Way::ALL {
        let before = told(&receiver).received().len();
        // Made outside, ended outside.
        let plain = pipeline(way.to(&receiver));
        record(&plain);
        assert_eq!(plain.shutdown(WATCHDOG).undelivered, 0, "{way:?}");
        // Made, used and ended inside of a runtime of one thread, which waits meanwhile.
        host.block_on(async {
            let inside = pipeline(way.to(&receiver));
            record(&inside);
            assert!(inside.flush(WATCHDOG).is_complete(), "{way:?}");
            record(&inside);
            assert_eq!(inside.shutdown(WATCHDOG).undelivered, 0, "{way:?}");
        });
        // Made inside, ended on another thread after the runtime is gone.
        let temporary = Builder::new_current_thread().build().unwrap();
        let made = temporary.block_on(async { pipeline(way.to(&receiver)) });
        drop(temporary);
        record(&made);
        std::thread::scope(|scope| {
            scope.spawn(|| assert_eq!(made.shutdown(WATCHDOG).undelivered, 0, "{way:?}"));
        });
        assert_eq!(told(&receiver).received().len() - before, 4, "{way:?}");
    }
}

#[test]
fn called_and_dropped_by_hand() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let host = Builder::new_current_thread().build().unwrap();
    let batch = |n| {
        let process = Process::new("b1").service("shop", "1").into();
        let event = EventBuilder::new("unit").process(process).field("n", Value::I64(n));
        Batch::new(vec![event.unix_time(1_767_225_600, 0).build()])
    };
    for way in Way::ALL {
        let mut otlp = way.to(&receiver);
        otlp.export(&Batch::new(Vec::new())).expect("nothing to do");
        otlp.export(&batch(1)).expect("outside of any runtime");
        let mut otlp = host.block_on(async move {
            otlp.export(&batch(2)).expect("inside of one");
            otlp.flush(Duration::ZERO).expect("nothing is held back");
            otlp
        });
        std::thread::scope(|scope| {
            scope.spawn(|| otlp.export(&batch(3)).expect("on another thread"));
        });
        // Dropped inside of a runtime, with its connection open.
        host.block_on(async move { drop(otlp) });
    }
    assert_eq!(told(&receiver).received().len(), 9);
}

#[test]
fn names_are_looked_up() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    // It may stand for an address on which nobody listens too.
    let url = |port| format!("http://localhost:{port}");
    for otlp in [Otlp::grpc(&url(receiver.grpc_port())), Otlp::http(&url(receiver.http_port()))] {
        let pipeline = pipeline(otlp.unwrap());
        record(&pipeline);
        assert_eq!(pipeline.shutdown(WATCHDOG).undelivered, 0);
    }
    assert_eq!(told(&receiver).received().len(), 2);
}
