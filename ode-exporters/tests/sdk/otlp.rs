//! `opentelemetry-otlp` at the strict receiver, beside ode's own OTLP.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ode_core::testing::{TestClock, TestPipeline};
use ode_core::{
    Batch, DestinationStats, Event, EventBuilder, ExportError, Exporter, Outcome, PipelineBuilder,
    Process, Queue, SpanId, TraceContext, TraceId, Value, WideEvent,
};
use ode_exporters::otlp::{Otlp, Signals};
use ode_exporters::sdk_0_33::{Logs, Spans};
use serde_json::{Value as Json, json};

use crate::receiver::{Action, Item, Options, Receiver, Side, WATCHDOG};

const LINK: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// The ways through `opentelemetry-otlp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Http,
    Grpc,
}

impl Way {
    const ALL: [Self; 2] = [Self::Http, Self::Grpc];

    fn spans(self, receiver: &Receiver) -> Spans {
        match self {
            Self::Http => Spans::otlp_http(&receiver.http_url()),
            Self::Grpc => Spans::otlp_grpc(&receiver.grpc_url()),
        }
        .expect("a good URL")
    }

    fn logs(self, receiver: &Receiver) -> Logs {
        match self {
            Self::Http => Logs::otlp_http(&receiver.http_url()),
            Self::Grpc => Logs::otlp_grpc(&receiver.grpc_url()),
        }
        .expect("a good URL")
    }

    fn side(self) -> Side {
        match self {
            Self::Http => Side::Http,
            Self::Grpc => Side::Grpc,
        }
    }

    /// As the receiver names it.
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http/protobuf",
            Self::Grpc => "grpc",
        }
    }
}

/// Events of every outcome with every kind of value.
fn events() -> Vec<Event> {
    let process = Process::new("b1").service("shop", "1.0.0").environment("test").pid(7);
    let process = Arc::new(process);
    let event = |number: u8, outcome: Outcome| {
        let trace = TraceId::from_bytes([number; 16]).unwrap();
        let context = TraceContext::new(trace, SpanId::from_bytes([number; 8]).unwrap());
        EventBuilder::new("cart.checkout")
            .process(Arc::clone(&process))
            .outcome(outcome)
            .unix_time(1_767_225_600, 123_456_789)
            .duration_ns(1_500_000)
            .trace_context(context.with_flags(1))
            .parent_span_id(SpanId::from_bytes([9; 8]).unwrap())
            .field("text", Value::Str("line one\nline \"two\" \u{2028} é 🦀"))
            .field("empty", Value::Str(""))
            .field("yes", Value::Bool(true))
            .field("least", Value::I64(i64::MIN))
            .field("most", Value::U64(u64::MAX))
            .field("half", Value::F64(0.5))
            .field("nan", Value::F64(f64::NAN))
            .field("minus_infinite", Value::F64(f64::NEG_INFINITY))
            .field("octets", Value::Bytes(&[0, 255, 10]))
            .field("texts", Value::Array(&["a", "", "é"]))
            .field("numbers", Value::Array(&[1_i64, -1, i64::MAX]))
            .field("none", Value::Array(&[0_i64; 0]))
    };
    let mut events = Vec::new();
    for (number, outcome) in (1..).zip(Outcome::ALL) {
        let event = event(number, outcome);
        events.push(match outcome {
            Outcome::Error | Outcome::Panicked => event
                .field("error.type", Value::Str("Declined"))
                .field("error.message", Value::Str("card declined")),
            Outcome::Declined => event.field("declined.reason", Value::Str("empty_cart")),
            _ => event,
        });
    }
    let special = event(7, Outcome::Ok)
        .field("ode.kind", Value::Str("client"))
        .field("trace_state", Value::Str("vendor=1"))
        .field("links", Value::Array(&[LINK, "no link"]))
        .field("sample_rate", Value::F64(4.0));
    events.push(special);
    events.into_iter().map(EventBuilder::build).collect()
}

/// What differs by design is made equal, in both.
fn plain(item: &Json) -> Json {
    let mut item = item.clone();
    // The SDK does not keep the order of a resource.
    if let Some(pairs) = item.pointer_mut("/resource/attributes").and_then(Json::as_array_mut) {
        pairs.sort_by_key(|pair| pair[0].to_string());
    }
    // It says of each context whether it is remote.
    let only_own = |flags: &mut Json| *flags = json!(flags.as_u64().unwrap() & 0xff);
    only_own(&mut item["flags"]);
    if item["signal"] == "traces" {
        item["links"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .for_each(|link| only_own(&mut link["flags"]));
        // Its spans have no bytes.
        for pair in item["attributes"].as_array_mut().unwrap() {
            if pair[1]["bytes"] == "00ff0a" {
                pair[1] = json!({ "string": "AP8K" });
            }
        }
    }
    item
}

/// Waits until so many events were taken: the receiver tells after it has answered.
#[track_caller]
fn arrived(receiver: &Receiver, events: usize) -> Vec<Item> {
    let mut requests = 1;
    loop {
        requests = receiver.wait_for(requests).len() + 1;
        let items = receiver.received();
        if items.len() >= events {
            return items;
        }
    }
}

#[test]
fn every_field_arrives_as_by_odes_own_otlp() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let batch = Batch::new(events());
    let mut own = Otlp::http(&receiver.http_url()).unwrap().signals(Signals::Both);
    own.export(&batch).unwrap();
    let mut expected = arrived(&receiver, 2 * batch.len());
    // Its requests may be told of in another order.
    expected.sort_by_key(|item| item.text("/signal") == "logs");
    for (round, way) in (1..).zip(Way::ALL) {
        let before = 2 * batch.len() * round;
        way.spans(&receiver).export(&batch).unwrap();
        arrived(&receiver, before + batch.len());
        way.logs(&receiver).export(&batch).unwrap();
        let found = arrived(&receiver, before + 2 * batch.len()).split_off(before);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(plain(found.json()), plain(expected.json()), "{way:?}");
        }
        let requests = receiver.requests();
        assert!(requests.iter().rev().take(2).all(|one| one.transport == way.name()), "{way:?}");
    }
}

/// A pipeline whose time passes only while a test waits.
struct Sender {
    pipeline: TestPipeline,
    clock: TestClock,
}

impl Sender {
    fn new(exporter: impl Exporter) -> Self {
        let clock = TestClock::new();
        let queue = Queue::new(exporter).give_up_after(Duration::MAX);
        let process = Process::new("b1").service("shop", "1.0.0");
        let builder = PipelineBuilder::new(process).export_to(queue).on_diagnostic(|_| ());
        let pipeline = TestPipeline::start_with_clock(builder, &clock).expect("a pipeline");
        Self { pipeline, clock }
    }

    fn record(&self, events: usize) {
        self.pipeline.run(|| (0..events).for_each(|_| WideEvent::builder("unit").run(|| ())));
    }

    fn settled(&self) -> DestinationStats {
        let step = Duration::from_millis(1);
        for _ in 0..WATCHDOG.as_millis() / step.as_millis() {
            let stats = self.pipeline.stats().destinations.swap_remove(0);
            if stats.queued + stats.in_flight == 0 {
                assert!(stats.is_balanced(), "{stats}");
                return stats;
            }
            self.clock.advance(Duration::from_secs(1));
            thread::sleep(step);
        }
        panic!("never settled: {:?}", self.pipeline.stats());
    }
}

/// Delivered, rejected, and dropped by reason.
fn ledger(stats: &DestinationStats) -> (u64, u64, BTreeMap<&'static str, u64>) {
    let dropped = stats.dropped.iter().filter(|(_, events)| *events > 0);
    let dropped = dropped.map(|(reason, events)| (reason.as_str(), events)).collect();
    (stats.delivered, stats.rejected, dropped)
}

#[test]
fn what_passes_is_sent_again_and_arrives_once() {
    for way in Way::ALL {
        let Some(receiver) = Receiver::start(Options::default()) else { return };
        let trouble = match way {
            Way::Http => vec![
                Action::status(503).retry_after("1"),
                Action::status(429),
                Action::named("reset_before"),
            ],
            // Of these opentelemetry-otlp takes the first four upon itself.
            Way::Grpc => vec![Action::code(14); 5],
        };
        receiver.plan(way.side(), trouble);
        let sender = Sender::new(way.spans(&receiver));
        sender.record(1);
        assert_eq!(ledger(&sender.settled()), (1, 0, BTreeMap::new()), "{way:?}");
        assert_eq!(arrived(&receiver, 1).len(), 1, "{way:?}");
        let accepted = receiver.requests().iter().filter(|request| request.accepted).count();
        assert_eq!(accepted, 1, "{way:?}");
        assert_eq!(receiver.stats().left(way.side()), 0, "{way:?}");
    }
}

#[test]
fn what_is_refused_is_dropped_and_not_sent_again() {
    for way in Way::ALL {
        let Some(receiver) = Receiver::start(Options::default()) else { return };
        let refusals = match way {
            Way::Http => [400, 401, 404, 413, 500, 501].map(Action::status).to_vec(),
            // RESOURCE_EXHAUSTED without a hint is final.
            Way::Grpc => [2, 3, 5, 7, 8, 12, 13, 16].map(Action::code).to_vec(),
        };
        let many = refusals.len();
        let mut exporter = way.logs(&receiver);
        for refusal in refusals {
            receiver.plan(way.side(), [refusal.clone()]);
            let error = exporter.export(&Batch::new(events())).unwrap_err();
            assert!(!error.is_retryable(), "{way:?} {refusal:?}: {}", told(&error));
        }
        assert_eq!(receiver.wait_for(many).len(), many);
        let refusal = if way == Way::Http { Action::status(400) } else { Action::code(3) };
        receiver.plan(way.side(), [refusal]);
        let sender = Sender::new(exporter);
        sender.record(1);
        let lost = BTreeMap::from([("non_retryable", 1)]);
        assert_eq!(ledger(&sender.settled()), (0, 0, lost), "{way:?}");
        sender.record(1);
        assert_eq!(ledger(&sender.settled()).0, 1, "{way:?}: the next ones arrive");
    }
}

#[test]
fn over_http_what_the_receiver_rejects_is_counted() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    for mut exporter in [
        Box::new(Way::Http.spans(&receiver)) as Box<dyn Exporter>,
        Box::new(Way::Http.logs(&receiver)),
    ] {
        receiver.plan(Side::Http, [Action::partial(2, "canary"), Action::partial(1, "canary")]);
        let error = exporter.export(&Batch::new(events())).unwrap_err();
        assert_eq!((error.is_retryable(), error.rejected_events()), (false, 2));
        assert_eq!(error.delivered_events(), events().len() - 2);
        let sender = Sender::new(exporter);
        sender.record(1);
        assert_eq!(ledger(&sender.settled()), (0, 1, BTreeMap::new()));
    }
    assert_eq!(receiver.wait_for(4).len(), 4, "nothing was sent again");
}

/// As the documentation says: that exporter tells nobody.
#[test]
fn over_grpc_what_the_receiver_rejects_is_not_known() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    receiver.plan(Side::Grpc, [Action::partial(2, "canary")]);
    let sender = Sender::new(Way::Grpc.spans(&receiver));
    sender.record(5);
    assert_eq!(ledger(&sender.settled()), (5, 0, BTreeMap::new()));
}

#[test]
fn a_receiver_that_is_away_is_waited_for() {
    for way in Way::ALL {
        let Some(receiver) = Receiver::start(Options::default()) else { return };
        let mut exporter = way.spans(&receiver);
        exporter.export(&Batch::new(events())).unwrap();
        receiver.down();
        let error = exporter.export(&Batch::new(events())).unwrap_err();
        assert!(error.is_retryable(), "{way:?}: {}", told(&error));
        receiver.up();
        let sender = Sender::new(exporter);
        sender.record(2);
        assert_eq!(ledger(&sender.settled()), (2, 0, BTreeMap::new()), "{way:?}");
        assert_eq!(arrived(&receiver, events().len() + 2).len(), events().len() + 2, "{way:?}");
    }
}

#[test]
fn a_receiver_that_is_silent_is_given_up_on_in_time() {
    for way in Way::ALL {
        let Some(receiver) = Receiver::start(Options::default()) else { return };
        receiver.plan(way.side(), [Action::named("silence")]);
        let mut exporter = way.spans(&receiver).timeout(Duration::from_millis(300));
        let error = exporter.export(&Batch::new(events())).unwrap_err();
        assert!(error.is_retryable(), "{way:?}: {}", told(&error));
        let mut exporter = exporter.timeout(WATCHDOG);
        exporter.export(&Batch::new(events())).unwrap();
        assert_eq!(arrived(&receiver, events().len()).len(), events().len(), "{way:?}");
    }
}

fn told(error: &ExportError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        text = format!("{text}: {found}");
        cause = found.source();
    }
    text
}

#[test]
fn what_a_receiver_says_is_not_repeated() {
    for (way, refusal) in [
        (Way::Http, Action::status(400).with("body", "canary")),
        (Way::Grpc, Action::code(3).with("message", "canary")),
    ] {
        let Some(receiver) = Receiver::start(Options::default()) else { return };
        let mut exporter = way.spans(&receiver);
        receiver.plan(way.side(), [refusal, Action::partial(1, "canary")]);
        for _ in 0..2 {
            if let Err(error) = exporter.export(&Batch::new(events())) {
                let text = format!("{} {error:?}", told(&error));
                assert!(!text.contains("canary"), "{way:?}: {text}");
            }
        }
        assert_eq!(receiver.stats().left(way.side()), 0, "both were said");
    }
}

#[test]
fn what_an_endpoint_must_be() {
    for (bad, part) in [
        ("localhost:4318", "http:// or https://"),
        ("http://localhost:4318/v1/traces", "leave it out"),
        ("http://user:canary@localhost:4318", "authorization"),
    ] {
        let error = Spans::otlp_http(bad).unwrap_err();
        assert!(error.is_endpoint() && error.to_string().contains(part), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
        assert!(Logs::otlp_http(bad).is_err(), "{bad}");
    }
    let error = Spans::otlp_grpc("http://localhost:4317/path").unwrap_err();
    assert!(error.to_string().contains("gRPC has its own"), "{error}");
    assert!(Logs::otlp_grpc("http://localhost:4317/path").is_err());
}
