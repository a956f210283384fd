//! What exporters say and do, and what the ledger says then.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{
    Batch, DestinationStats, DropReason, EventBuilder, Exporter, PipelineBuilder, Process, Queue,
    WideEvent,
};
use ode_exporters::sdk_0_33::Spans;

use crate::support::{Act, Told};

const WATCHDOG: Duration = Duration::from_secs(30);

/// Records one event for each name, and lets time pass until all are settled.
fn settled(exporter: Spans, names: &[&'static str]) -> DestinationStats {
    let clock = TestClock::new();
    let queue = Queue::new(exporter).give_up_after(Duration::MAX).batch_events(1);
    let builder = PipelineBuilder::new(Process::new("b1")).export_to(queue).on_diagnostic(|_| ());
    let pipeline = TestPipeline::start_with_clock(builder, &clock).expect("a pipeline");
    pipeline.run(|| {
        for name in names {
            WideEvent::builder(*name).run(|| ());
        }
    });
    let step = Duration::from_millis(1);
    for _ in 0..WATCHDOG.as_millis() / step.as_millis() {
        let stats = pipeline.stats().destinations.swap_remove(0);
        if stats.queued + stats.in_flight == 0 {
            assert!(stats.is_balanced(), "{stats}");
            return stats;
        }
        clock.advance(Duration::from_secs(1));
        thread::sleep(step);
    }
    panic!("never settled: {:?}", pipeline.stats());
}

fn lost(stats: &DestinationStats) -> Vec<(DropReason, u64)> {
    stats.dropped.iter().filter(|(_, events)| *events > 0).collect()
}

#[test]
fn what_passes_is_exported_again_and_nothing_twice() {
    let passing = "HTTP export failed with status code: 503";
    let told = Told::to([Act::Time, Act::Fail(passing), Act::Take]);
    let stats = settled(Spans::new(told.clone()), &["a", "b"]);
    assert_eq!((stats.delivered, lost(&stats)), (2, vec![]));
    assert_eq!(told.log().taken, ["a", "b"]);
}

#[test]
fn what_is_final_or_unknown_is_dropped() {
    let gone = "HTTP export failed with status code: 400";
    let told = Told::to([Act::Fail(gone), Act::Fail("the vendor is not amused")]);
    let stats = settled(Spans::new(told.clone()), &["a", "b", "c"]);
    assert_eq!(stats.delivered, 1);
    assert_eq!(lost(&stats), [(DropReason::NonRetryable, 2)]);
    assert_eq!(told.log().taken, ["c"]);
}

#[test]
fn what_is_unknown_is_exported_again_where_asked_for() {
    let told = Told::to([Act::Fail("the vendor is not amused")]);
    let stats = settled(Spans::new(told.clone()).retry_unknown_failures(), &["a"]);
    assert_eq!((stats.delivered, lost(&stats)), (1, vec![]));
    assert_eq!(told.log().taken, ["a"]);
}

#[test]
fn a_panic_costs_one_batch() {
    let told = Told::to([Act::Panic]);
    let stats = settled(Spans::new(told.clone()), &["a", "b"]);
    assert_eq!(stats.delivered, 1);
    assert_eq!(lost(&stats), [(DropReason::ExporterPanic, 1)]);
    assert_eq!(told.log().taken, ["b"]);
}

#[test]
fn what_hangs_is_made_again() {
    let told = Told::to([Act::Hang]);
    let made = Arc::new(AtomicUsize::new(0));
    let (copy, count) = (told.clone(), Arc::clone(&made));
    let exporter = Spans::made_by(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Infallible>(copy.clone())
    });
    let stats = settled(exporter.timeout(Duration::from_millis(10)), &["a"]);
    assert_eq!((stats.delivered, lost(&stats)), (1, vec![]));
    assert_eq!(told.log().taken, ["a"]);
    assert_eq!(made.load(Ordering::SeqCst), 2);
    assert_eq!(told.log().resources.len(), 2, "the new one knows the process, too");
}

#[test]
fn what_cannot_be_made_loses_the_batch_and_is_tried_again() {
    let told = Told::default();
    let (copy, mut attempts) = (told.clone(), 0);
    let exporter = Spans::made_by(move || {
        attempts += 1;
        if attempts == 1 { Err("no such vendor") } else { Ok(copy.clone()) }
    });
    let stats = settled(exporter, &["a", "b"]);
    assert_eq!(stats.delivered, 1);
    assert_eq!(lost(&stats), [(DropReason::NonRetryable, 1)]);
    assert_eq!(told.log().taken, ["b"]);
}

#[test]
fn of_two_processes_the_first_stays_delivered() {
    let told = Told::to([Act::Take, Act::Time]);
    let mut exporter = Spans::new(told.clone());
    let event =
        |build: &str| EventBuilder::new(build).process(Arc::new(Process::new(build))).build();
    let batch = Batch::new(vec![event("b1"), event("b2"), event("b3")]);
    let error = exporter.export(&batch).unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.delivered_events(), 1);
    assert_eq!(told.log().taken, ["b1"]);
}

#[test]
fn nothing_of_the_exporter_is_shown() {
    let exporter = Spans::new(Told::default());
    let shown = format!("{exporter:?}");
    assert!(shown.starts_with("Spans"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
}
