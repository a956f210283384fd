//! Calls where other instrumentation stands in a trace, and no unit is current.

use std::cell::Cell;
use std::sync::Arc;

use ode::TraceContext;
use ode::reqwest::SendExt as _;
use ode::testing::capture;
use ode_core::integration::{Companion, Opened, Surroundings, surround};

use crate::support::{Server, reqwest, sender};

thread_local! {
    static AROUND: Cell<Option<TraceContext>> = const { Cell::new(None) };
}

/// Stands for OpenTelemetry: only this thread is in a trace.
struct OfThisThread;

impl Surroundings for OfThisThread {
    fn current(&self) -> Option<TraceContext> {
        AROUND.get()
    }

    fn companion(&self, _: &Opened) -> Option<Arc<dyn Companion>> {
        None
    }
}

fn around() -> TraceContext {
    surround(OfThisThread);
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let around = TraceContext::from_traceparent(header).unwrap();
    AROUND.set(Some(around));
    around
}

#[tokio::test]
async fn a_timed_call_passes_the_others_trace_on_and_records_nothing() {
    let (events, server, around) = (capture(), Server::start().await, around());
    let client = reqwest().build().unwrap();
    client.get(server.url("/status/500")).send_in_event().await.unwrap();
    assert_eq!(sender(&server.request()), around);
    assert!(events.all().is_empty());
    assert_eq!(events.stats().orphan_writes, 0);
}

#[tokio::test]
async fn a_call_of_its_own_is_the_others_child() {
    let (events, server, around) = (capture(), Server::start().await, around());
    let client = reqwest().build().unwrap();
    client.get(server.url("/ok")).send_in_child("call").await.unwrap();
    let child = events.one("call");
    assert_eq!(child.parent_span_id(), Some(around.span_id()));
    assert_eq!(child.trace_context().trace_id(), around.trace_id());
    assert_eq!(sender(&server.request()), *child.trace_context());
}
