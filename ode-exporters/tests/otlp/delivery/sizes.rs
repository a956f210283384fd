//! Requests stay below what a receiver takes, whatever the events are like.

use std::sync::Arc;

use ode_core::{
    Batch, DropReason, Event, EventBuilder, Exporter, Process, SpanId, TraceContext, TraceId, Value,
};
use ode_exporters::otlp::{Compression, Otlp, Signals};

use super::support::{Way, told};
use crate::receiver::{Options, Receiver};

/// An event with a text of so many bytes for each.
fn events(sizes: impl IntoIterator<Item = usize>) -> Vec<Event> {
    let process = Arc::new(Process::new("b1").service("shop", "1.0.0"));
    let event = |(number, size): (u64, usize)| {
        let trace = TraceId::from_bytes([7; 16]).unwrap();
        let span = SpanId::from_bytes((number + 1).to_be_bytes()).unwrap();
        EventBuilder::new("unit")
            .process(Arc::clone(&process))
            .trace_context(TraceContext::new(trace, span))
            .unix_time(1_767_225_600, 0)
            .field("text", Value::Str(&"wide ".repeat(size / 5)))
            .build()
    };
    (0..).zip(sizes).map(event).collect()
}

#[test]
fn a_batch_is_cut_into_requests() {
    const KIB: usize = 1 << 10;
    let events = events((0..120).map(|number| [4, 8, 50, 200][number % 4] * KIB));
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let mut seen = 0;
    for (way, compression, signals) in [
        (Way::Grpc, Compression::None, Signals::Spans),
        (Way::Grpc, Compression::Gzip, Signals::Both),
        (Way::HttpProtobuf, Compression::None, Signals::Both),
        (Way::HttpJson, Compression::Gzip, Signals::Logs),
    ] {
        let mut otlp = way.to(&receiver).compression(compression).signals(signals);
        let result = otlp.export(&Batch::new(events.clone()));
        assert!(
            result.is_ok(),
            "{result:?} {:?}",
            receiver.requests().last().map(|one| &one.problems)
        );
        let requests = told(&receiver).requests().split_off(seen);
        seen += requests.len();
        let signals = if signals == Signals::Both { 2 } else { 1 };
        assert_eq!(requests.len(), 2 * signals, "{way:?}: 8 MB, less than 4 MiB each: {seen}");
        assert!(requests.iter().all(|one| one.accepted && one.bytes < 4 << 20), "{way:?}");
        let items: usize = requests.iter().map(|one| one.items.len()).sum();
        assert_eq!(items, 120 * signals, "{way:?}");
    }
}

#[test]
fn an_event_that_is_too_large_alone_leaves_its_neighbours() {
    let events = events([10, 50_000, 200_000, 60_000, 300_000, 10]);
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    for way in Way::ALL {
        let before = told(&receiver).received().len();
        let mut otlp = way.to(&receiver).max_request_bytes(100_000);
        let error = otlp.export(&Batch::new(events.clone())).expect_err("two do not fit");
        assert!(!error.is_retryable());
        assert_eq!(error.dropped_events(), Some((DropReason::EventTooLarge, 2)), "{error:?}");
        assert_eq!((error.delivered_events(), error.rejected_events()), (4, 0), "{error:?}");
        assert_eq!(told(&receiver).received().len() - before, 4, "{way:?}");
        assert!(receiver.requests().iter().all(|one| one.bytes <= 100_000));
    }
}

#[test]
fn the_limit_is_no_larger_than_the_specification_allows() {
    let otlp = Otlp::http("http://localhost:4318").unwrap().max_request_bytes(usize::MAX);
    assert!(format!("{otlp:?}").contains("max_request_bytes: 67108864"), "{otlp:?}");
}
