//! Batches against receivers of every mood, without a network.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ode_core::{Event, EventBuilder, Process, Value};

use super::*;
use crate::otlp::config::{Endpoint, Protocol};

/// What the receiver does to the next request.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Takes,
    Rejects(usize),
    Later(Option<u64>),
    Never(DropReason),
}

use Mood::{Later, Never, Rejects, Takes};

const REFUSES: Mood = Never(DropReason::NonRetryable);

/// A receiver that follows a script, and takes everything when that is at its end.
#[derive(Default)]
struct Script {
    moods: VecDeque<Mood>,
    /// Signal, events and bytes of every request.
    seen: Vec<(Signal, usize, Message)>,
}

impl Script {
    fn of(moods: &[Mood]) -> Self {
        Self { moods: moods.iter().copied().collect(), seen: Vec::new() }
    }

    fn sizes(&self) -> Vec<usize> {
        self.seen.iter().map(|(_, events, _)| *events).collect()
    }
}

impl Post for Script {
    fn post(
        &mut self,
        signal: Signal,
        message: &Message,
        events: usize,
    ) -> Result<Answer, Failure> {
        self.seen.push((signal, events, message.clone()));
        match self.moods.pop_front().unwrap_or(Takes) {
            Takes => Ok(Answer::default()),
            Rejects(rejected) => Ok(Answer { rejected, ..Answer::default() }),
            Later(after) => {
                let verdict = Verdict::Retry(after.map(Duration::from_secs));
                Err(Failure::answered(verdict, "later"))
            }
            Never(reason) => Err(Failure::answered(Verdict::Drop(reason), "never")),
        }
    }
}

fn delivery(signals: Signals, max_bytes: usize) -> Delivery {
    let endpoint = Endpoint::parse("http://localhost:4318", None).unwrap();
    let target = |_| Target::new(Protocol::HttpProtobuf, endpoint.clone());
    Delivery::new(signals, target, &Resource::default(), max_bytes)
}

/// Events of about this many bytes each. Every one has an id of its own.
fn events(sizes: &[usize]) -> Vec<Event> {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let process = Arc::new(Process::new("b1"));
    let event = |size: &usize| {
        let text = "x".repeat(*size);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let id = EventId::from_uuid(&format!("00000000-0000-7000-8000-{number:012x}")).unwrap();
        let event = EventBuilder::new("unit").process(Arc::clone(&process)).event_id(id);
        event.field("text", Value::Str(&text)).build()
    };
    sizes.iter().map(event).collect()
}

/// Delivered, rejected, dropped for each reason.
type Ledger = (usize, usize, Vec<(DropReason, usize)>);

/// Hands the batch in as the pipeline's worker does, until all of it is settled.
fn run(delivery: &mut Delivery, script: &mut Script, mut left: Vec<Event>) -> Ledger {
    let (mut delivered, mut rejected, mut dropped) = (0, 0, Vec::new());
    for _ in 0..100 {
        let batch = Batch::new(left.clone());
        let Err(error) = delivery.deliver(&batch, script) else {
            return (delivered + left.len(), rejected, dropped);
        };
        delivered += error.delivered_events();
        rejected += error.rejected_events();
        let lost = error.dropped_events();
        dropped.extend(lost);
        let lost = lost.map_or(0, |(_, events)| events);
        left.drain(..error.delivered_events() + error.rejected_events() + lost);
        let text = format!("{error:?}");
        if error.is_retryable() {
            assert!(!left.is_empty(), "there is nothing to try again: {text}");
        } else if text.contains("Permanent") {
            dropped.push((DropReason::NonRetryable, left.len()));
            return (delivered, rejected, dropped);
        } else {
            return (delivered + left.len(), rejected, dropped);
        }
    }
    panic!("it never ends");
}

#[track_caller]
fn check(sizes: &[usize], moods: &[Mood], requests: &[usize], expected: Ledger) {
    let mut script = Script::of(moods);
    let mut delivery = delivery(Signals::Spans, 10_000);
    let ledger = run(&mut delivery, &mut script, events(sizes));
    assert_eq!((script.sizes(), ledger), (requests.to_vec(), expected), "{sizes:?} {moods:?}");
    assert!(delivery.kept.of.is_none() && delivery.kept.part.is_none(), "nothing is left behind");
}

const LARGE: DropReason = DropReason::EventTooLarge;
const REFUSED: DropReason = DropReason::NonRetryable;
const TOO_LONG: DropReason = DropReason::RequestTooLarge;

#[test]
fn whole_batches() {
    check(&[], &[], &[], (0, 0, vec![]));
    check(&[10; 5], &[Takes], &[5], (5, 0, vec![]));
    check(&[10; 5], &[Rejects(2)], &[5], (3, 2, vec![]));
    check(&[10; 5], &[REFUSES], &[5], (0, 0, vec![(REFUSED, 5)]));
    check(&[10; 5], &[Never(TOO_LONG)], &[5], (0, 0, vec![(TOO_LONG, 5)]));
    check(&[10; 5], &[Later(None), Later(Some(1)), Takes], &[5, 5, 5], (5, 0, vec![]));
    check(&[10; 5], &[Later(None), REFUSES], &[5, 5], (0, 0, vec![(REFUSED, 5)]));
}

#[test]
fn batches_in_parts() {
    // Three requests of two events each.
    let six = &[4_000; 6];
    check(six, &[], &[2, 2, 2], (6, 0, vec![]));
    check(six, &[Takes, Later(None)], &[2, 2, 2, 2], (6, 0, vec![]));
    check(six, &[Takes, Takes, Later(None), Later(None)], &[2; 5], (6, 0, vec![]));
    check(six, &[Takes, REFUSES, Takes], &[2; 3], (4, 0, vec![(REFUSED, 2)]));
    check(six, &[Takes, REFUSES, Later(None)], &[2; 4], (4, 0, vec![(REFUSED, 2)]));
    check(six, &[Rejects(1), Later(None), Rejects(2)], &[2; 4], (3, 3, vec![]));
    check(six, &[REFUSES, Takes, REFUSES], &[2; 3], (2, 0, vec![(REFUSED, 4)]));
    let both = vec![(TOO_LONG, 2), (REFUSED, 2)];
    check(six, &[Never(TOO_LONG), REFUSES, Takes], &[2; 3], (2, 0, both));
    let both = vec![(REFUSED, 2), (TOO_LONG, 2)];
    check(six, &[REFUSES, Never(TOO_LONG), Takes], &[2; 3], (2, 0, both));
}

#[test]
fn events_that_fit_into_no_request() {
    check(&[20_000], &[], &[], (0, 0, vec![(LARGE, 1)]));
    check(&[10, 20_000, 10], &[], &[2], (2, 0, vec![(LARGE, 1)]));
    check(&[10, 20_000, 10], &[Rejects(1)], &[2], (1, 1, vec![(LARGE, 1)]));
    check(&[10, 20_000, 10], &[Later(None)], &[2, 2], (2, 0, vec![(LARGE, 1)]));
    check(&[10, 20_000, 10], &[REFUSES], &[2], (0, 0, vec![(LARGE, 1), (REFUSED, 2)]));
    check(&[4_000, 4_000, 20_000, 4_000], &[], &[2, 1], (3, 0, vec![(LARGE, 1)]));
    check(&[4_000, 4_000, 4_000, 20_000], &[Takes, REFUSES], &[2, 1], {
        (2, 0, vec![(LARGE, 1), (REFUSED, 1)])
    });
}

#[test]
fn what_is_sent_again_is_what_was_sent() {
    let mut script = Script::of(&[Later(None), Later(Some(7)), Takes, Later(None)]);
    let mut delivery = delivery(Signals::Spans, 10_000);
    run(&mut delivery, &mut script, events(&[4_000; 4]));
    let sent: Vec<_> = script.seen.iter().map(|(_, _, message)| &message.bytes).collect();
    let same = |a: usize, b: usize| sent[a].as_ptr() == sent[b].as_ptr() && sent[a] == sent[b];
    assert!(same(0, 1) && same(1, 2) && same(3, 4) && sent.len() == 5, "encoded once");
    assert!(sent[2] != sent[3], "two parts");
    assert!(sent.iter().all(|bytes| bytes.len() <= 10_000));
}

#[test]
fn the_delay_is_the_receivers() {
    for (after, shown) in [(Some(7), "Some(7s)"), (None, "after: None")] {
        let mut script = Script::of(&[Later(after)]);
        let batch = Batch::new(events(&[10]));
        let error = delivery(Signals::Spans, 10_000).deliver(&batch, &mut script).unwrap_err();
        assert!(format!("{error:?}").contains(shown), "{error:?}");
        let cause = error.source().expect("a cause").to_string();
        assert_eq!(cause, "send spans to http://localhost:4318/ (http/protobuf): later");
    }
}

#[test]
fn a_batch_that_was_given_up_is_forgotten() {
    let mut script = Script::of(&[Later(None)]);
    let mut delivery = delivery(Signals::Spans, 10_000);
    let (one, two) = (events(&[10; 3]), events(&[10; 3]));
    delivery.deliver(&Batch::new(one), &mut script).unwrap_err();
    delivery.deliver(&Batch::new(two), &mut script).expect("all of the other batch");
    assert_eq!(script.sizes(), [3, 3]);
    assert!(script.seen[0].2.bytes != script.seen[1].2.bytes, "the other batch is sent");
}

#[test]
fn two_signals_arrive_both_or_are_not_delivered() {
    let check = |moods: &[Mood], requests: &[(Signal, usize)], expected: Ledger| {
        let mut script = Script::of(moods);
        let ledger = run(&mut delivery(Signals::Both, 10_000), &mut script, events(&[10; 4]));
        let seen: Vec<_> = script.seen.iter().map(|(signal, n, _)| (*signal, *n)).collect();
        assert_eq!((seen, ledger), (requests.to_vec(), expected), "{moods:?}");
    };
    let (spans, logs) = ((Signal::Spans, 4), (Signal::Logs, 4));
    check(&[], &[spans, logs], (4, 0, vec![]));
    check(&[Takes, Later(None)], &[spans, logs, logs], (4, 0, vec![]));
    check(&[Later(None)], &[spans, spans, logs], (4, 0, vec![]));
    check(&[Takes, REFUSES], &[spans, logs], (0, 0, vec![(REFUSED, 4)]));
    check(&[REFUSES, Later(None)], &[spans, logs, logs], (0, 0, vec![(REFUSED, 4)]));
    check(&[Rejects(1), Rejects(2)], &[spans, logs], (1, 3, vec![]));
    check(&[Rejects(3), Rejects(3)], &[spans, logs], (0, 4, vec![]));
}

#[test]
fn two_signals_are_cut_at_the_same_events() {
    for size in [3_200, 3_250, 3_300, 3_320, 4_500, 4_900] {
        let mut script = Script::default();
        let sent = events(&[size; 7]);
        let ledger = run(&mut delivery(Signals::Both, 10_000), &mut script, sent);
        assert_eq!(ledger, (7, 0, vec![]), "{size}");
        for pair in script.seen.chunks(2) {
            let [(Signal::Spans, spans, _), (Signal::Logs, logs, _)] = pair else {
                panic!("{size}: {pair:?}")
            };
            assert_eq!(spans, logs, "{size}");
        }
    }
}

/// Of the records in a request some are no events: as many as may be these are not counted as
/// rejected events, and never more than there are.
#[test]
fn rejected_records_are_events_only_where_they_must_be() {
    let flagged = || {
        let process = Arc::new(Process::new("b1"));
        let event = |_| {
            let event = EventBuilder::new("unit").process(Arc::clone(&process));
            let event = event.field("flag.a.reason", Value::Str("static"));
            event.field("flag.b.reason", Value::Str("static")).build()
        };
        (0..3).map(event).collect::<Vec<_>>()
    };
    // Three events with two records each.
    for (rejects, rejected) in [(0, 0), (1, 0), (6, 0), (7, 1), (8, 2), (9, 3)] {
        let mut script = Script::of(&[Rejects(rejects)]);
        let ledger = run(&mut delivery(Signals::Logs, 10_000), &mut script, flagged());
        assert_eq!(script.sizes(), [9]);
        assert_eq!(ledger, (3 - rejected, rejected, vec![]), "{rejects}");
    }
    let mut script = Script::of(&[Rejects(1), Rejects(7)]);
    let ledger = run(&mut delivery(Signals::Both, 10_000), &mut script, flagged());
    assert_eq!((script.sizes(), ledger), (vec![3, 9], (1, 2, vec![])));
}
