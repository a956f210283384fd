//! Plans and orders as tests give them, and the tests that are written in Python.

use std::io::{Read, Write};
use std::thread;

use super::client::{connect, exchange, post, response};
use crate::receiver::{Action, Options, Receiver, Side, python};

/// The tests beside the receiver: every check, every fault, the official exporters.
#[test]
fn tests_of_the_receiver_in_python() {
    // Says that it is skipped, where it is.
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    drop(receiver);
    let output = python().args(["-m", "unittest", "-v"]).output().expect("Python");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("Ran 0 tests") && !said.contains("skipped="), "{said}");
}

fn empty() -> Vec<u8> {
    post("application/x-protobuf", "/v1/traces", b"")
}

#[test]
fn a_plan_is_followed_and_then_the_standing_action() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let port = receiver.http_port();
    let kept = [Action::status(429).retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), Action::ok()];
    receiver.plan(Side::Http, kept);
    receiver.stand(Side::Http, &Action::status(502));
    assert_eq!(receiver.stats().left(Side::Http), 2);
    let (status, head, _) = exchange(port, &empty()).unwrap();
    assert_eq!(status, 429);
    assert!(head.contains("\r\nretry-after: wed, 21 oct 2026 07:28:00 gmt\r\n"), "{head}");
    // An envelope without content is a problem, which `ok` does not hide.
    assert_eq!(exchange(port, &empty()).unwrap().0, 400);
    assert_eq!(exchange(port, &empty()).unwrap().0, 502);
    assert_eq!(receiver.stats().left(Side::Http), 0);
    let requests = receiver.wait_for(3);
    assert!(requests.iter().all(|one| !one.accepted && one.items.is_empty()));
    assert!(requests[1].problems[0].starts_with("empty_envelope at "), "{:?}", requests[1]);
    assert_ne!(requests[0].connection, requests[1].connection);
}

#[test]
#[should_panic(expected = "empty_envelope")]
fn what_was_received_is_not_looked_at_when_it_has_problems() {
    let Some(receiver) = Receiver::start(Options::default()) else {
        panic!("empty_envelope could not be tested");
    };
    exchange(receiver.http_port(), &empty()).unwrap();
    receiver.wait_for(1);
    receiver.received();
}

#[test]
fn every_action_is_one_that_the_receiver_knows() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let names = ["silence", "black_hole", "reset_before", "reset_after", "half", "drip", "huge"];
    let both = names.map(Action::named).into_iter().chain([
        Action::ok(),
        Action::partial(-1, "no"),
        Action::status(503).retry_after("1"),
        Action::redirect(307),
        Action::informational(103, None),
        Action::informational(100, Some(Action::ok())),
        Action::hold(Action::ok()),
    ]);
    let both: Vec<_> = both.collect();
    let http = both.iter().cloned().chain(Action::odd_successes());
    receiver.plan(Side::Http, http.chain([Action::named("endless_headers")]));
    let codes = (0..=17).map(|code| Action::code(code).retry_info(1, -5));
    receiver.plan(Side::Grpc, both.iter().cloned().chain(codes));
    assert_eq!(receiver.stats().left(Side::Grpc), 14 + 18);
}

#[test]
fn odd_successes_are_what_they_say() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    receiver.plan(Side::Http, Action::odd_successes());
    let mut seen = Vec::new();
    while receiver.stats().left(Side::Http) > 0 {
        let (status, head, body) = exchange(receiver.http_port(), &empty()).unwrap();
        let kind = head.split("content-type: ").nth(1).and_then(|rest| rest.lines().next());
        assert!((200..300).contains(&status));
        seen.push((kind.unwrap_or("none").to_owned(), String::from_utf8_lossy(&body).into_owned()));
    }
    let expected = |kind: &str, body: &str| seen.contains(&(kind.to_owned(), body.to_owned()));
    assert!(expected("none", "{\"ok\":1}"), "{seen:?}");
    assert!(expected("text/html", "OK"), "{seen:?}");
    assert!(expected("application/json", "{\"partialSuccess\":null}"), "{seen:?}");
    assert!(expected("none", ""), "{seen:?}");
}

#[test]
fn a_request_on_hold_waits_for_its_release() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    receiver.plan(Side::Http, [Action::hold(Action::status(418))]);
    thread::scope(|scope| {
        let waiting = thread::Builder::new();
        let waiting = waiting.spawn_scoped(scope, || exchange(receiver.http_port(), &empty()));
        receiver.wait_for(1);
        receiver.release();
        assert_eq!(waiting.unwrap().join().unwrap().unwrap().0, 418);
    });
}

#[test]
fn a_receiver_that_goes_down_comes_up_at_the_same_ports() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    let port = receiver.http_port();
    let mut stream = connect(port);
    stream.write_all(&empty()).unwrap();
    assert_eq!(response(&mut stream).unwrap().0, 400);
    assert_eq!(receiver.stats().open_connections(), 1);
    receiver.down();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the connection has ended");
    let refused = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    receiver.up();
    assert_eq!(exchange(port, &empty()).unwrap().0, 400);
    let stats = receiver.stats();
    assert_eq!((stats.connections(), stats.redirected(), stats.cancelled()), (2, 0, 0));
    assert_eq!(stats.received_bytes(), 2 * empty().len() as u64);
    assert_eq!(receiver.requests().len(), 2);
}

#[test]
fn limits_and_times_are_options() {
    let options = Options { max_request: Some(400), any_time: true, ..Options::default() };
    let Some(receiver) = Receiver::start(options) else { return };
    let large = post("application/x-protobuf", "/v1/traces", &[0; 401]);
    assert_eq!(exchange(receiver.http_port(), &large).unwrap().0, 413);
    let early = r#"{"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeLogs": [{"scope": {"name": "ode"}, "logRecords": [{"timeUnixNano": "1"}]}]
    }]}"#;
    let early = post("application/json", "/v1/logs", early.as_bytes());
    assert_eq!(exchange(receiver.http_port(), &early).unwrap().0, 200);
    let requests = receiver.wait_for(2);
    assert!(requests[0].problems[0].starts_with("too_large"), "{:?}", requests[0]);
    assert_eq!(requests[1].items[0].number("/time"), 1);
}

#[test]
fn other_protocols_are_troubles() {
    let Some(receiver) = Receiver::start(Options::default()) else { return };
    for port in [receiver.http_port(), receiver.grpc_port()] {
        let mut stream = connect(port);
        stream.write_all(b"\x16\x03\x01\x00").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
    }
    for trouble in receiver.wait_for_troubles(2) {
        assert_eq!((trouble.kind.as_str(), trouble.detail.as_str()), ("garbage", "16030100"));
    }
}
