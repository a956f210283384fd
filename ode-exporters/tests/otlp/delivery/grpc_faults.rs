//! Everything a receiver can do over gRPC, as tables.

use std::time::Duration;

use ode_core::DropReason;
use ode_exporters::otlp::{Compression, Otlp};

use super::support::{Ledger, Sender, Way, numbers, told};
use crate::receiver::{Action, Options, Receiver, Side};

const EVENTS: u64 = 3;
const SHORT: Duration = Duration::from_millis(500);

struct Bench {
    receiver: Receiver,
    sender: Sender,
}

impl Bench {
    #[track_caller]
    fn new(shape: impl FnOnce(Otlp) -> Otlp) -> Option<Self> {
        let receiver = Receiver::start(Options::default())?;
        let sender = Sender::new(shape(Way::Grpc.to(&receiver)));
        Some(Self { receiver, sender })
    }

    /// How many requests came, what was counted, and how often every event was accepted.
    #[track_caller]
    fn meets(&self, actions: &[Action]) -> (usize, Ledger, usize) {
        let (before, taken) =
            (told(&self.receiver).requests().len(), told(&self.receiver).received().len());
        self.receiver.plan(Side::Grpc, actions.iter().cloned());
        let ledger = self.sender.send(EVENTS);
        let stats = self.receiver.stats();
        assert_eq!((stats.left(Side::Grpc), stats.redirected()), (0, 0), "{actions:?}");
        let requests = self.receiver.requests().len() - before;
        let new = told(&self.receiver).received().split_off(taken);
        let copies = new.len() / usize::try_from(EVENTS).unwrap();
        let all = 0..i64::try_from(EVENTS).unwrap();
        let expected: Vec<_> = (0..copies).flat_map(|_| all.clone()).collect();
        assert_eq!(numbers(&new), expected, "{actions:?}");
        (requests, ledger, copies)
    }
}

fn refused() -> Ledger {
    Ledger::default().dropped(DropReason::NonRetryable, EVENTS)
}

const RETRIED: [i32; 6] = [1, 4, 10, 11, 14, 15];
const RESOURCE_EXHAUSTED: i32 = 8;

#[test]
fn every_code_with_and_without_a_delay() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    let delays =
        [None, Some((2, 0)), Some((0, 0)), Some((0, 5)), Some((-5, 0)), Some((1 << 40, 0))];
    for code in 1..=16 {
        for delay in delays {
            let action = Action::code(code);
            let action = match delay {
                Some((seconds, nanos)) => action.retry_info(seconds, nanos),
                None => action,
            };
            let retried = RETRIED.contains(&code);
            let expected = if retried || (code == RESOURCE_EXHAUSTED && delay.is_some()) {
                (2, Ledger::delivered(EVENTS), 1)
            } else {
                (1, refused(), 0)
            };
            assert_eq!(bench.meets(&[action]), expected, "{code} {delay:?}");
        }
    }
}

/// Compressed once, in whatever way: what is sent again is what was sent.
#[test]
fn what_is_compressed_is_sent_again_as_it_was() {
    for (compression, word) in [(Compression::Gzip, "gzip"), (Compression::Zstd, "zstd")] {
        let Some(bench) = Bench::new(|otlp| otlp.compression(compression)) else { return };
        let expected = (3, Ledger::delivered(EVENTS), 1);
        assert_eq!(bench.meets(&[Action::code(14), Action::status(503)]), expected, "{word}");
        let requests = told(&bench.receiver).requests();
        for request in &requests {
            assert_eq!(request.encoding, word);
            assert_eq!(request.wire_bytes, requests[0].wire_bytes);
            assert!(request.items == requests[0].items, "the same events");
        }
        let partial = Action::partial(1, "too old");
        let expected = (1, Ledger::delivered(EVENTS - 1).rejected(1), 1);
        assert_eq!(bench.meets(&[partial]), expected, "{word}");
    }
}

#[test]
fn statuses_of_http_alone() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for status in [400, 401, 403, 404, 408, 413, 418, 429, 500, 501, 502, 503, 504, 505] {
        let expected = match status {
            429 | 502 | 503 | 504 => (2, Ledger::delivered(EVENTS), 1),
            _ => (1, refused(), 0),
        };
        assert_eq!(bench.meets(&[Action::status(status)]), expected, "{status}");
    }
    for status in [301, 302, 307, 308] {
        assert_eq!(bench.meets(&[Action::redirect(status)]), (1, refused(), 0), "{status}");
    }
}

#[test]
fn connections_and_streams_that_break() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    let reset = |code: u32| Action::named("rst_stream").with("code", code);
    for fault in [
        Action::named("reset_before"),
        Action::named("reset_after"),
        reset(0),
        reset(2),
        reset(7),
        reset(8),
        reset(11),
    ] {
        let expected = (2, Ledger::delivered(EVENTS), 1);
        assert_eq!(bench.meets(std::slice::from_ref(&fault)), expected, "{fault:?}");
        let thrice = [fault.clone(), fault.clone(), fault.clone()];
        assert_eq!(bench.meets(&thrice).0, 4, "{fault:?} three times");
    }
    // The status stands at the end, so without an end nothing is known.
    for part in ["head", "body"] {
        let half = Action::named("half").with("of", part);
        let (requests, ledger, _) = bench.meets(&[half]);
        assert_eq!((requests, ledger), (2, Ledger::delivered(EVENTS)), "half of {part}");
    }
}

#[test]
fn silence_ends_with_the_timeout() {
    let Some(bench) = Bench::new(|otlp| otlp.timeout(SHORT)) else { return };
    for fault in [
        Action::named("silence"),
        Action::named("black_hole"),
        Action::informational(103, None),
        Action::named("drip").with("delay_ms", 100),
    ] {
        let (requests, ledger, _) = bench.meets(std::slice::from_ref(&fault));
        assert_eq!((requests, ledger), (2, Ledger::delivered(EVENTS)), "{fault:?}");
    }
}

#[test]
fn interim_answers_are_waited_out() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    let then = |action| Action::informational(103, Some(action));
    assert_eq!(bench.meets(&[then(Action::ok())]), (1, Ledger::delivered(EVENTS), 1));
    assert_eq!(bench.meets(&[then(Action::code(14))]), (2, Ledger::delivered(EVENTS), 1));
}

#[test]
fn answers_are_read_up_to_a_bound() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    assert_eq!(bench.meets(&[Action::named("huge")]), (1, refused(), 1));
    let large = Action::named("huge").with("bytes", (4 << 20) - 100);
    assert_eq!(bench.meets(&[large]), (1, Ledger::delivered(EVENTS), 1));
}

#[test]
fn partial_successes_are_counted_and_never_sent_again() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for (rejected, message, counted) in [
        (0, "", 0),
        (0, "a warning", 0),
        (2, "too old", 2),
        (3, "", 3),
        (4, "more than there are", 3),
        (-1, "", 0),
    ] {
        let expected = Ledger::delivered(EVENTS - counted).rejected(counted);
        let partial = Action::partial(rejected, message);
        assert_eq!(bench.meets(&[partial]), (1, expected, 1), "{rejected} {message}");
    }
    // Messages that are none.
    for body in ["", "\u{1}", "OK", "{}"] {
        let answer = Action::named("answer").with("body", body);
        assert_eq!(bench.meets(&[answer]), (1, Ledger::delivered(EVENTS), 1), "{body:?}");
    }
}

#[test]
fn trailers_that_make_no_sense() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    let trailers = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| serde_json::json!([k, v])).collect();
        Action::named("trailers").with("headers", pairs)
    };
    let (okay, kind) = ((":status", "200"), ("content-type", "application/grpc"));
    for (status, details, requests) in [
        ("14", "not base64 ???", 2),
        ("14", "AAAA", 2),
        ("8", "not base64 ???", 1),
        ("8", "AAAA", 1),
        ("99", "", 1),
        ("x", "", 1),
    ] {
        let fault = trailers(&[
            okay,
            kind,
            ("grpc-status", status),
            ("grpc-message", "%zz%ff"),
            ("grpc-status-details-bin", details),
        ]);
        assert_eq!(bench.meets(&[fault]).0, requests, "{status} {details}");
    }
    assert_eq!(bench.meets(&[trailers(&[okay, kind])]), (1, refused(), 0), "no status at all");
}

#[test]
fn what_is_sent_again_is_what_was_sent() {
    let Some(bench) = Bench::new(|otlp| otlp.compression(Compression::Gzip)) else { return };
    bench.meets(&[Action::code(14), Action::named("reset_after"), Action::code(1)]);
    let requests = told(&bench.receiver).requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        assert_eq!((request.encoding.as_str(), request.wire_bytes), {
            ("gzip", requests[0].wire_bytes)
        });
        assert_eq!(request.header("grpc-timeout"), Some("10000m"));
    }
    assert!(requests[3].items.len() == 3);
}

#[test]
fn one_connection_until_it_breaks() {
    let Some(bench) = Bench::new(|otlp| otlp) else { return };
    for _ in 0..5 {
        bench.meets(&[Action::ok()]);
        bench.meets(&[Action::code(14)]);
    }
    assert_eq!(bench.receiver.stats().connections(), 1);
    bench.meets(&[Action::named("reset_after")]);
    assert_eq!(bench.receiver.stats().connections(), 2);
}
