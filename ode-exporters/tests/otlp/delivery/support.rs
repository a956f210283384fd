//! A pipeline whose time passes only while a test waits for it.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{DestinationStats, DropReason, PipelineBuilder, Process, Queue, WideEvent, set};
use ode_exporters::otlp::Otlp;

use crate::receiver::{Item, Receiver, Side, Value, WATCHDOG};

/// The ways to a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Grpc,
    HttpProtobuf,
    HttpJson,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Grpc, Self::HttpProtobuf, Self::HttpJson];

    pub(crate) fn to(self, receiver: &Receiver) -> Otlp {
        match self {
            Self::Grpc => Otlp::grpc(&receiver.grpc_url()),
            Self::HttpProtobuf => Otlp::http(&receiver.http_url()),
            Self::HttpJson => Otlp::http_json(&receiver.http_url()),
        }
        .expect("a good URL")
    }

    pub(crate) fn side(self) -> Side {
        match self {
            Self::Grpc => Side::Grpc,
            Self::HttpProtobuf | Self::HttpJson => Side::Http,
        }
    }

    /// As the receiver names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
        }
    }
}

/// What became of some events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) delivered: u64,
    pub(crate) rejected: u64,
    pub(crate) dropped: BTreeMap<&'static str, u64>,
}

impl Ledger {
    pub(crate) fn delivered(events: u64) -> Self {
        Self { delivered: events, ..Self::default() }
    }

    pub(crate) fn rejected(mut self, events: u64) -> Self {
        self.rejected = events;
        self
    }

    pub(crate) fn dropped(mut self, reason: DropReason, events: u64) -> Self {
        self.dropped.insert(reason.as_str(), events);
        self
    }

    fn of(stats: &DestinationStats) -> Self {
        let dropped = stats.dropped.iter().map(|(reason, events)| (reason.as_str(), events));
        Self { delivered: stats.delivered, rejected: stats.rejected, dropped: dropped.collect() }
    }

    fn since(&self, earlier: &Self) -> Self {
        let dropped = self.dropped.iter().map(|(reason, events)| {
            (*reason, events - earlier.dropped.get(reason).copied().unwrap_or_default())
        });
        Self {
            delivered: self.delivered - earlier.delivered,
            rejected: self.rejected - earlier.rejected,
            dropped: dropped.filter(|(_, events)| *events > 0).collect(),
        }
    }
}

pub(crate) struct Sender {
    pipeline: TestPipeline,
    clock: TestClock,
}

impl Sender {
    /// Gives nothing up, however much time passes.
    pub(crate) fn new(otlp: Otlp) -> Self {
        Self::with_queue(Queue::new(otlp).give_up_after(Duration::MAX))
    }

    pub(crate) fn with_queue(queue: Queue) -> Self {
        let clock = TestClock::new();
        let process = Process::new("b1").service("shop", "1.0.0");
        let builder = PipelineBuilder::new(process).export_to(queue).on_diagnostic(|_| ());
        let pipeline = TestPipeline::start_with_clock(builder, &clock).expect("a pipeline");
        Self { pipeline, clock }
    }

    pub(crate) fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Records an event for each number.
    pub(crate) fn record(&self, numbers: impl IntoIterator<Item = i64>) {
        self.pipeline.run(|| {
            for number in numbers {
                WideEvent::builder("unit").run(|| set! { n = number });
            }
        });
    }

    pub(crate) fn stats(&self) -> DestinationStats {
        self.pipeline.stats().destinations.swap_remove(0)
    }

    /// Records so many events and waits for what becomes of them.
    pub(crate) fn send(&self, events: u64) -> Ledger {
        let before = Ledger::of(&self.stats());
        self.record(0..i64::try_from(events).expect("few"));
        self.settled().since(&before)
    }

    /// Lets time pass until every event so far is settled.
    #[track_caller]
    pub(crate) fn settled(&self) -> Ledger {
        self.wait("nothing is on its way", |stats| stats.queued + stats.in_flight == 0);
        let stats = self.stats();
        assert!(stats.is_balanced(), "{stats}");
        Ledger::of(&stats)
    }

    /// Lets time pass until that is so.
    #[track_caller]
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&DestinationStats) -> bool) {
        let step = Duration::from_millis(1);
        for _ in 0..WATCHDOG.as_millis() / step.as_millis() {
            let stats = self.stats();
            if is_so(&stats) {
                return;
            }
            // Faster than the world's, so that backing off costs no time.
            self.clock.advance(Duration::from_secs(1));
            thread::sleep(step);
        }
        panic!("it never came to be that {what}: {}", self.stats());
    }
}

/// The receiver, after it has told of everything that it answered: it prints the answer to an order
/// behind that.
pub(crate) fn told(receiver: &Receiver) -> &Receiver {
    receiver.stats();
    receiver
}

/// The numbers that events were recorded with.
pub(crate) fn numbers(items: &[Item]) -> Vec<i64> {
    let number = |item: &Item| match item.attribute("n") {
        Some(Value::Int(number)) => number,
        other => panic!("no number: {other:?}"),
    };
    items.iter().map(number).collect()
}
