//! Where exporters run, and what is called besides `export`.

use std::time::Duration;

use ode_core::testing::TestPipeline;
use ode_core::{Batch, EventBuilder, Exporter, WideEvent};
use ode_exporters::sdk_0_33::{Logs, Spans};
use opentelemetry_sdk::logs::InMemoryLogExporter;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use tokio::runtime::Builder;

use crate::support::{Act, Surroundings, Told};

const WATCHDOG: Duration = Duration::from_secs(30);
const OWN: Option<Surroundings> = Some(Surroundings { has_runtime: true, is_quiet: true });

fn batch(name: &str) -> Batch {
    Batch::new(vec![EventBuilder::new(name).build()])
}

#[test]
fn every_call_finds_a_runtime_and_makes_no_telemetry() {
    let told = Told::default();
    let mut exporter = Spans::new(told.clone());
    exporter.export(&batch("a")).unwrap();
    assert_eq!(told.log().surroundings, OWN);
    exporter.flush(WATCHDOG).unwrap();
    assert_eq!(told.log().surroundings.take(), OWN);
    drop(exporter);
    assert_eq!(told.log().surroundings, OWN);
    assert_eq!(told.log().calls, ["set_resource", "export", "flush", "shutdown"]);
    assert!(!opentelemetry::Context::is_current_telemetry_suppressed());
    assert!(tokio::runtime::Handle::try_current().is_err());
}

#[test]
fn it_is_made_where_it_runs() {
    let mut exporter = Logs::made_by(|| {
        assert!(opentelemetry::Context::is_current_telemetry_suppressed());
        tokio::runtime::Handle::try_current().map(|_| InMemoryLogExporter::default())
    });
    exporter.export(&batch("a")).unwrap();
}

#[test]
fn a_flush_that_fails_is_told() {
    let told = Told::to([Act::Take, Act::Fail("full")]);
    let mut exporter = Spans::new(told);
    exporter.flush(WATCHDOG).unwrap();
    exporter.export(&batch("a")).unwrap();
    let error = exporter.flush(WATCHDOG).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "Operation failed: full");
}

#[test]
fn a_shutdown_that_panics_is_caught() {
    let told = Told::to([Act::Take, Act::Panic]);
    let mut exporter = Spans::new(told.clone());
    exporter.export(&batch("a")).unwrap();
    drop(exporter);
    assert_eq!(told.log().calls.last(), Some(&"shutdown"));
}

#[test]
fn an_exporter_that_was_never_used_is_shut_down_all_the_same() {
    let memory = InMemorySpanExporter::default();
    drop(Spans::new(memory.clone()));
    assert!(memory.is_shutdown_called());
}

/// Exports from inside of a runtime, as a test of a host may; in a pipeline nobody does.
fn inside() {
    let told = Told::default();
    let mut exporter = Spans::new(told.clone());
    exporter.export(&batch("a")).unwrap();
    drop(exporter);
    assert_eq!(told.log().taken, ["a"]);
}

#[test]
fn the_hosts_runtime_is_not_disturbed() {
    Builder::new_current_thread().build().unwrap().block_on(async { inside() });
    Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(async { inside() });
}

fn through_a_pipeline() {
    let told = Told::default();
    let pipeline = TestPipeline::to(Spans::new(told.clone())).unwrap();
    pipeline.run(|| WideEvent::builder("a").run(|| ()));
    assert!(pipeline.flush(WATCHDOG).is_complete());
    pipeline.shutdown(WATCHDOG);
    assert_eq!(pipeline.stats().destinations[0].delivered, 1);
    assert_eq!(told.log().taken, ["a"]);
}

#[test]
fn a_pipeline_needs_no_runtime_and_suffers_any() {
    through_a_pipeline();
    Builder::new_current_thread().build().unwrap().block_on(async { through_a_pipeline() });
}
