//! Everything a receiver can do over HTTP, as tables: how often it is asked, what is counted, what
//! arrives.

use std::time::Duration;

use ode_core::DropReason;
use ode_exporters::otlp::{Compression, Otlp};

use super::support::{Ledger, Sender, Way, numbers, told};
use crate::receiver::{Action, Options, Receiver, Side};

const EVENTS: u64 = 3;

/// Attempts have to end of themselves here; this one waits for what never comes.
const SHORT: Duration = Duration::from_millis(500);

/// A receiver, and an exporter that sends there.
struct Bench {
    receiver: Receiver,
    sender: Sender,
}

impl Bench {
    #[track_caller]
    fn new(shape: impl FnOnce(Otlp) -> Otlp) -> Option<Self> {
        let receiver = Receiver::start(Options::default())?;
        let sender = Sender::new(shape(Way::HttpProtobuf.to(&receiver)));
        Some(Self { receiver, sender })
    }

    /// Sends events to a receiver that does this first: how many requests came, what was counted,
    /// and how often every event was accepted.
    #[track_caller]
    fn meets(&self, actions: &[Action]) -> (usize, Ledger, usize) {
        let (before, taken) =
            (told(&self.receiver).requests().len(), told(&self.receiver).received().len());
        self.receiver.plan(Side::Http, actions.iter().cloned());
        let ledger = self.sender.send(EVENTS);
        let stats = self.receiver.stats();
        assert_eq!((stats.left(Side::Http), stats.redirected()), (0, 0), "{actions:?}");
        let requests = self.receiver.requests().len() - before;
        let new = told(&self.receiver).received().split_off(taken);
        let copies = new.len() / usize::try_from(EVENTS).unwrap();
        let expected: Vec<_> =
            (0..copies).flat_map(|_| 0..i64::try_from(EVENTS).unwrap()).collect();
        assert_eq!(numbers(&new), expected, "{actions:?}");
        (requests, ledger, copies)
    }
}

fn refused(reason: DropReason) -> Ledger {
    Ledger::default().dropped(reason, EVENTS)
}

#[test]
fn every_status() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    let is_retried = |status| matches!(status, 429 | 502 | 503 | 504);
    let plan = (200..=599).flat_map(|status| {
        let again = is_retried(status).then(Action::ok);
        [Action::status(status)].into_iter().chain(again)
    });
    bench.receiver.plan(Side::Http, plan);
    for status in 200..=599 {
        let expected = match status {
            200..=299 => Ledger::delivered(EVENTS),
            413 => refused(DropReason::RequestTooLarge),
            _ if is_retried(status) => Ledger::delivered(EVENTS),
            _ => refused(DropReason::NonRetryable),
        };
        assert_eq!(bench.sender.send(EVENTS), expected, "{status}");
    }
    assert_eq!(bench.receiver.stats().left(Side::Http), 0);
    let requests = told(&bench.receiver).requests();
    assert_eq!(requests.len(), 400 + 4, "one each, and one more for those four");
    assert_eq!(numbers(&bench.receiver.received()).len(), 3 * (100 + 4));
}

#[test]
fn statuses_that_say_when() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    let date = "Sun, 06 Nov 2094 08:49:37 GMT";
    for value in ["1", "0", "-5", "soon", "1000000000", date, "Sun, 06 Nov 1994 08:49:37 GMT"] {
        for status in [429, 502, 503, 504] {
            let later = Action::status(status).retry_after(value);
            let expected = (2, Ledger::delivered(EVENTS), 1);
            assert_eq!(bench.meets(&[later]), expected, "{status} {value}");
        }
        for status in [400, 408, 500, 501] {
            let never = Action::status(status).retry_after(value);
            let expected = (1, refused(DropReason::NonRetryable), 0);
            assert_eq!(bench.meets(&[never]), expected, "{status} {value}");
        }
    }
}

#[test]
fn redirects_are_not_followed() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for status in [301, 302, 303, 307, 308] {
        let expected = (1, refused(DropReason::NonRetryable), 0);
        assert_eq!(bench.meets(&[Action::redirect(status)]), expected, "{status}");
    }
}

#[test]
fn connections_that_break() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for (fault, copies) in [
        (Action::named("reset_before"), 1),
        (Action::named("reset_after"), 1),
        (Action::named("half").with("of", "head"), 2),
        (Action::named("endless_headers"), 1),
    ] {
        let (requests, ledger, arrived) = bench.meets(std::slice::from_ref(&fault));
        assert_eq!((requests, ledger), (2, Ledger::delivered(EVENTS)), "{fault:?}");
        assert_eq!(arrived, copies, "{fault:?}");
        let (requests, ledger, _) = bench.meets(&[fault.clone(), fault.clone(), fault.clone()]);
        assert_eq!((requests, ledger), (4, Ledger::delivered(EVENTS)), "{fault:?} three times");
    }
}

#[test]
fn an_answer_that_breaks_off_behind_its_status_is_an_answer() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    let half = Action::named("half").with("of", "body");
    assert_eq!(bench.meets(&[half]), (1, Ledger::delivered(EVENTS), 1));
    let closed = Action::status(503).with("close", true);
    assert_eq!(bench.meets(&[closed]), (2, Ledger::delivered(EVENTS), 1));
}

#[test]
fn silence_ends_with_the_timeout() {
    let Some(bench) = Bench::new(|otlp| otlp.timeout(SHORT)) else { return };
    for (fault, copies) in [
        (Action::named("silence"), 1),
        (Action::named("black_hole"), 1),
        (Action::informational(102, None), 1),
        (Action::informational(103, None), 1),
        (Action::named("drip").with("delay_ms", 100), 2),
    ] {
        let expected = (2, Ledger::delivered(EVENTS), copies);
        assert_eq!(bench.meets(std::slice::from_ref(&fault)), expected, "{fault:?}");
    }
}

#[test]
fn interim_answers_are_waited_out() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for status in [100, 102, 103] {
        let then = |action| Action::informational(status, Some(action));
        assert_eq!(bench.meets(&[then(Action::ok())]), (1, Ledger::delivered(EVENTS), 1));
        let later = [then(Action::status(503)), then(then(Action::ok()))];
        assert_eq!(bench.meets(&later), (2, Ledger::delivered(EVENTS), 1), "{status}");
        let never = [then(Action::status(400))];
        assert_eq!(bench.meets(&never), (1, refused(DropReason::NonRetryable), 0), "{status}");
    }
}

#[test]
fn answers_are_read_up_to_a_bound() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for chunked in [true, false] {
        let huge = Action::named("huge").with("chunked", chunked);
        let expected = (1, refused(DropReason::NonRetryable), 1);
        assert_eq!(bench.meets(&[huge]), expected, "chunked: {chunked}");
        // Just below the bound.
        let large = Action::named("huge").with("chunked", chunked).with("bytes", (4 << 20) - 100);
        assert_eq!(bench.meets(&[large]), (1, Ledger::delivered(EVENTS), 1), "chunked: {chunked}");
    }
}

#[test]
fn partial_successes_are_counted_and_never_sent_again() {
    let Some(mut receiver) = Receiver::start(Options::default()) else { return };
    for way in [Way::HttpProtobuf, Way::HttpJson] {
        let bench = Bench { sender: Sender::new(way.to(&receiver)), receiver };
        for (rejected, message, counted) in [
            (0, "", 0),
            (0, "a warning", 0),
            (1, "", 1),
            (2, "too old", 2),
            (3, "all of them", 3),
            (4, "more than there are", 3),
            (i64::MAX, "", 3),
            (-1, "fewer than none", 0),
            (i64::MIN, "", 0),
        ] {
            let expected = Ledger::delivered(EVENTS - counted).rejected(counted);
            let partial = Action::partial(rejected, message);
            assert_eq!(bench.meets(&[partial]), (1, expected, 1), "{way:?} {rejected} {message}");
        }
        receiver = bench.receiver;
    }
}

#[test]
fn odd_successes_are_successes() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for answer in Action::odd_successes() {
        let expected = (1, Ledger::delivered(EVENTS), 1);
        assert_eq!(bench.meets(std::slice::from_ref(&answer)), expected, "{answer:?}");
    }
}

#[test]
fn what_is_sent_again_is_what_was_sent() {
    let Some(bench) = Bench::new(|otlp| otlp.compression(Compression::Gzip)) else { return };
    bench.meets(&[Action::status(503), Action::named("reset_after"), Action::status(429)]);
    let requests = told(&bench.receiver).requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        assert_eq!(request.encoding, "gzip");
        assert_eq!(request.wire_bytes, requests[0].wire_bytes);
        assert!(request.items == requests[0].items, "the same events, encoded once");
    }
}

#[test]
fn a_batch_is_given_up_and_counted() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    receiver.stand(Side::Http, &Action::status(503));
    let queue = ode_core::Queue::new(Way::HttpProtobuf.to(&receiver));
    let sender = Sender::with_queue(queue.give_up_after(Duration::from_secs(60)));
    assert_eq!(sender.send(EVENTS), refused(DropReason::RetriesExhausted));
    assert!(told(&receiver).requests().len() > 3);
    receiver.stand(Side::Http, &Action::ok());
    assert_eq!(sender.send(EVENTS), Ledger::delivered(EVENTS), "the next one is sent afresh");
}

#[test]
fn connections_are_used_again() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for _ in 0..5 {
        bench.meets(&[Action::ok()]);
        bench.meets(&[Action::status(503)]);
    }
    assert_eq!(bench.receiver.stats().connections(), 1);
    // One that the receiver closed meanwhile costs no attempt.
    bench.meets(&[Action::ok().with("close", true)]);
    assert_eq!(bench.meets(&[Action::ok()]), (1, Ledger::delivered(EVENTS), 1));
    assert_eq!(bench.receiver.stats().connections(), 2);
}
