//! The rules of the W3C's test suite for trace context, all of them, at strict level 2 and with
//! level 2 of the specification.
//!
//! Written after reading `test/test.py` of github.com/w3c/trace-context at commit
//! acab820be9db7b3433668baa5cdd43f57f4c4be0. Rows have the names of its cases. As there, a service
//! gets a request, calls back, and is judged by the headers of the call.

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use ode_core::{TraceContext, TraceState};

use crate::support::{Headers, PARENT, TRACE, header, only, sampled, serve};

const CASES: usize = 41;

/// What is asked of a call that was made while a request was answered. All of them are asked for a
/// new span, and for headers that can be read.
#[derive(Clone, Debug)]
enum Expect {
    /// The caller's trace goes on.
    SameTrace,
    /// It does not: none of the caller's trace ids is taken over.
    NewTrace,
    /// A member with this value.
    Member(String, String),
    /// No member with this key.
    NoMember(String),
    /// A member with one of these values.
    OneOf(&'static str, [&'static str; 2]),
    /// As many members.
    Members(usize),
    /// These members, in this order.
    Exactly(&'static str),
    /// W3C's flag for a random trace id.
    Random,
}

use Expect::{Exactly, Members, NewTrace, OneOf, Random, SameTrace};

struct Case {
    name: &'static str,
    /// How often the service calls back.
    calls: usize,
    requests: Vec<Row>,
}

/// A request, and what is expected of every call.
type Row = (Headers, Vec<Expect>);

fn case<const N: usize>(name: &'static str, requests: [Row; N]) -> Case {
    Case { name, calls: 1, requests: requests.into() }
}

fn calling_thrice(name: &'static str, request: Row) -> Case {
    Case { name, calls: 3, requests: vec![request] }
}

/// A request with these values of `traceparent`, and whether its trace goes on.
fn parents<const N: usize>(values: [&str; N], expect: Expect) -> Row {
    (values.into_iter().map(|value| header("traceparent", value)).collect(), vec![expect])
}

/// A request with one header of another name.
fn named(name: &str, expect: Expect) -> Row {
    (vec![header(name, sampled().1)], vec![expect])
}

/// A request whose trace goes on, with these values of `tracestate`.
fn states<const N: usize, const M: usize>(values: [&str; N], expect: [Expect; M]) -> Row {
    let mut request = vec![header("traceparent", format!("00-{TRACE}-{PARENT}-00"))];
    request.extend(values.into_iter().map(|value| header("tracestate", value)));
    (request, std::iter::once(SameTrace).chain(expect).collect())
}

fn state_named(name: &str, expect: Expect) -> Row {
    let (mut request, expect) = states([], [expect]);
    request.push(header(name, "foo=1"));
    (request, expect)
}

fn has(key: &str, value: &str) -> Expect {
    Expect::Member(key.to_owned(), value.to_owned())
}

fn lacks(key: &str) -> Expect {
    Expect::NoMember(key.to_owned())
}

/// Members `bar<n>=<n>`, as one header.
fn bars(numbers: std::ops::RangeInclusive<u32>) -> String {
    numbers.map(|n| format!("bar{n:02}={n:02}")).collect::<Vec<_>>().join(",")
}

/// `traceparent`: is it there, once, under its name, and of a version we know or can guess at?
fn parent_as_a_whole() -> Vec<Case> {
    let other = format!("00-{}-{PARENT}-01", "12345678901234567890123456789011");
    let valid = sampled().1;
    let rest = valid.strip_prefix("00").unwrap();
    let version = |version: &str| format!("{version}{rest}");
    let later = |tail: &str| format!("cc{rest}{tail}");
    vec![
        case("both_traceparent_and_tracestate_missing", [(vec![], vec![NewTrace, Members(0)])]),
        case("traceparent_included_tracestate_missing", [parents([&valid], SameTrace)]),
        case("traceparent_duplicated", [parents([&other, &valid], NewTrace)]),
        case(
            "traceparent_header_name",
            [named("trace-parent", NewTrace), named("trace.parent", NewTrace)],
        ),
        case(
            "traceparent_header_name_valid_casing",
            [
                named("TraceParent", SameTrace),
                named("TrAcEpArEnT", SameTrace),
                named("TRACEPARENT", SameTrace),
            ],
        ),
        case(
            "traceparent_version_0x00",
            [
                parents([&format!("{valid}.")], NewTrace),
                parents([&format!("{valid}-what-the-future-will-be-like")], NewTrace),
            ],
        ),
        case(
            "traceparent_version_0xcc",
            [
                parents([&later("")], SameTrace),
                parents([&later("-what-the-future-will-be-like")], SameTrace),
                parents([&later(".what-the-future-will-be-like")], NewTrace),
            ],
        ),
        case("traceparent_version_0xff", [parents([&version("ff")], NewTrace)]),
        case(
            "traceparent_version_illegal_characters",
            [parents([&version(".0")], NewTrace), parents([&version("0.")], NewTrace)],
        ),
        case(
            "traceparent_version_too_long",
            [parents([&version("000")], NewTrace), parents([&version("0000")], NewTrace)],
        ),
        case("traceparent_version_too_short", [parents([&version("0")], NewTrace)]),
        case(
            "traceparent_ows_handling",
            [
                parents([&format!(" {valid}")], SameTrace),
                parents([&format!("\t{valid}")], SameTrace),
                parents([&format!("{valid} ")], SameTrace),
                parents([&format!("{valid}\t")], SameTrace),
                parents([&format!("\t {valid} \t")], SameTrace),
            ],
        ),
    ]
}

/// The ids and flags of `traceparent`.
fn parts_of_the_parent() -> Vec<Case> {
    let trace = |id: &str| parents([&format!("00-{id}-{PARENT}-01")], NewTrace);
    let parent = |id: &str| parents([&format!("00-{TRACE}-{id}-01")], NewTrace);
    let flags = |flags: &str| parents([&format!("00-{TRACE}-{PARENT}-{flags}")], NewTrace);
    vec![
        case("traceparent_trace_id_all_zero", [trace("00000000000000000000000000000000")]),
        case(
            "traceparent_trace_id_illegal_characters",
            [trace(".2345678901234567890123456789012"), trace("1234567890123456789012345678901.")],
        ),
        case("traceparent_trace_id_too_long", [trace("123456789012345678901234567890123")]),
        case("traceparent_trace_id_too_short", [trace("1234567890123456789012345678901")]),
        case("traceparent_parent_id_all_zero", [parent("0000000000000000")]),
        case(
            "traceparent_parent_id_illegal_characters",
            [parent(".234567890123456"), parent("123456789012345.")],
        ),
        case("traceparent_parent_id_too_long", [parent("12345678901234567")]),
        case("traceparent_parent_id_too_short", [parent("123456789012345")]),
        case("traceparent_trace_flags_illegal_characters", [flags(".0"), flags("0.")]),
        case("traceparent_trace_flags_too_long", [flags("001")]),
        case("traceparent_trace_flags_too_short", [flags("1")]),
    ]
}

/// `tracestate`: with and without a parent, in one header or several, and with space in it.
fn state_as_a_whole() -> Vec<Case> {
    let alone = |value: &str| (vec![header("tracestate", value)], vec![NewTrace, Members(0)]);
    let three = || [has("foo", "1"), has("bar", "2"), has("baz", "3")];
    vec![
        case("tracestate_included_traceparent_missing", [alone("foo=1"), alone("foo=1,bar=2")]),
        case(
            "tracestate_included_traceparent_included",
            [states(["foo=1,bar=2"], [has("foo", "1"), has("bar", "2")])],
        ),
        case(
            "tracestate_header_name",
            [state_named("trace-state", lacks("foo")), state_named("trace.state", lacks("foo"))],
        ),
        case(
            "tracestate_header_name_valid_casing",
            [
                state_named("TraceState", has("foo", "1")),
                state_named("TrAcEsTaTe", has("foo", "1")),
                state_named("TRACESTATE", has("foo", "1")),
            ],
        ),
        case(
            "tracestate_empty_header",
            [
                states([""], [Members(0)]),
                states(["foo=1", ""], [has("foo", "1")]),
                states(["", "foo=1"], [has("foo", "1")]),
            ],
        ),
        case(
            "tracestate_multiple_headers_different_keys",
            [states(
                ["foo=1,bar=2", "rojo=1,congo=2", "baz=3"],
                [Exactly("foo=1,bar=2,rojo=1,congo=2,baz=3")],
            )],
        ),
        case(
            "tracestate_duplicated_keys",
            [
                states(["foo=1,foo=1"], [has("foo", "1")]),
                states(["foo=1,foo=2"], [OneOf("foo", ["1", "2"])]),
                states(["foo=1", "foo=1"], [has("foo", "1")]),
                states(["foo=1", "foo=2"], [OneOf("foo", ["1", "2"])]),
            ],
        ),
        case(
            "tracestate_ows_handling",
            [
                states(["foo=1 \t , \t bar=2, \t baz=3"], three()),
                states(["foo=1\t \t,\t \tbar=2,\t \tbaz=3"], three()),
                states([" foo=1"], [has("foo", "1")]),
                states(["\tfoo=1"], [has("foo", "1")]),
                states(["foo=1 "], [has("foo", "1")]),
                states(["foo=1\t"], [has("foo", "1")]),
                states(["\t foo=1 \t"], [has("foo", "1")]),
            ],
        ),
    ]
}

/// The members of `tracestate`: which keys and values, how long, how many.
fn members_of_the_state() -> Vec<Case> {
    let letters: String = ('a'..='z').collect();
    let key = format!("{letters}0123456789_-*/");
    let tenant = format!("{key}@a-z0-9_-*/");
    let value: String = (' '..='~').filter(|c| !matches!(c, ',' | '=')).collect();
    let all_in = |key: &str| states([&format!("{key}={value}")], [has(key, &value)]);

    let (ten, twenty, thirty) = (bars(1..=10), bars(11..=20), bars(21..=30));
    let (two, three) = (bars(31..=32), bars(31..=33));
    let within =
        |key: String| states(["foo=1", &format!("{key}=1")], [has("foo", "1"), has(&key, "1")]);
    let too_long = format!("{}=1", "z".repeat(257));
    vec![
        case("tracestate_all_allowed_characters", [all_in(&key), all_in(&tenant)]),
        case(
            "tracestate_key_illegal_characters",
            [
                states(["foo =1"], [lacks("foo "), lacks("foo")]),
                states(["FOO=1"], [lacks("FOO")]),
                states(["foo.bar=1"], [lacks("foo.bar")]),
            ],
        ),
        case(
            "tracestate_key_illegal_vendor_format",
            [
                states(["foo@=1,bar=2"], [has("foo@", "1"), has("bar", "2")]),
                states(["@foo=1,bar=2"], [lacks("bar")]),
                states(["foo@@bar=1,bar=2"], [has("foo@@bar", "1"), has("bar", "2")]),
                states(["foo@bar@baz=1,bar=2"], [has("foo@bar@baz", "1"), has("bar", "2")]),
            ],
        ),
        case(
            "tracestate_member_count_limit",
            [
                states([&ten, &twenty, &thirty, &two], [has("bar01", "01"), Members(32)]),
                states([&ten, &twenty, &thirty, &three], [lacks("bar01")]),
            ],
        ),
        case(
            "tracestate_key_length_limit",
            [
                within("z".repeat(256)),
                states(["foo=1", &too_long], [lacks("foo")]),
                within(format!("{}@{}", "t".repeat(241), "v".repeat(14))),
                within(format!("{}@v", "t".repeat(242))),
                within(format!("t@{}", "v".repeat(15))),
            ],
        ),
        case(
            "tracestate_value_illegal_characters",
            [
                states(["foo=bar=baz"], [lacks("foo")]),
                states(["foo=,bar=3"], [lacks("foo"), lacks("bar")]),
            ],
        ),
    ]
}

/// Several calls while one request is answered, and the flag of level 2.
fn calls_and_flags() -> Vec<Case> {
    let zero = format!("00-{}-{PARENT}-01", "0".repeat(32));
    let random = format!("00-{TRACE}-{PARENT}-02");
    vec![
        calling_thrice(
            "multiple_requests_with_valid_traceparent",
            (vec![sampled()], vec![SameTrace]),
        ),
        calling_thrice("multiple_requests_without_traceparent", (vec![], vec![NewTrace])),
        calling_thrice("multiple_requests_with_illegal_traceparent", parents([&zero], NewTrace)),
        case(
            "propagates_random_flag",
            [(vec![header("traceparent", random)], vec![SameTrace, Random])],
        ),
    ]
}

fn cases() -> Vec<Case> {
    let groups = [
        parent_as_a_whole(),
        parts_of_the_parent(),
        state_as_a_whole(),
        members_of_the_state(),
        calls_and_flags(),
    ];
    groups.into_iter().flatten().collect()
}

fn check(case: &Case, request: &[(String, String)], calls: &[Headers], expected: &[Expect]) {
    let name = case.name;
    assert_eq!(calls.len(), case.calls, "{name}");
    let mut spans = BTreeSet::new();
    for call in calls {
        let parent = only(call, "traceparent").unwrap_or_else(|| panic!("{name}: no traceparent"));
        assert!(parent.starts_with("00-") && parent.len() == 55, "{name}: {parent}");
        let context = TraceContext::from_traceparent(parent).unwrap();
        assert_ne!(context.span_id().to_string(), PARENT, "{name}: not a new span");
        spans.insert(context.span_id());

        let state = only(call, "tracestate");
        assert_ne!(state, Some(""), "{name}: an empty tracestate is not sent");
        let state = TraceState::parse(state.unwrap_or_default()).unwrap();
        for expect in expected {
            let holds = holds(expect, request, context, &state);
            assert!(holds, "{name}: {expect:?}\n of {request:?}\nsent {call:?}");
        }
    }
    assert_eq!(spans.len(), calls.len(), "{name}: each call is a span of its own");
}

fn holds(
    expect: &Expect,
    request: &[(String, String)],
    context: TraceContext,
    state: &TraceState,
) -> bool {
    let trace = context.trace_id().to_string();
    match expect {
        SameTrace => trace == TRACE,
        NewTrace => request.iter().all(|(_, value)| !value.contains(&trace)),
        Expect::Member(key, value) => state.get(key) == Some(value),
        Expect::NoMember(key) => state.get(key).is_none(),
        OneOf(key, values) => state.get(key).is_some_and(|value| values.contains(&value)),
        Members(count) => state.len() == *count,
        Exactly(header) => state.to_header() == *header,
        Random => context.flags() & 2 != 0,
    }
}

#[test]
fn every_case_is_here_once() {
    let cases = cases();
    assert_eq!(cases.len(), CASES);
    let names: BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), CASES, "two rows have the same name");
    for case in &cases {
        assert!(!case.requests.is_empty(), "{}", case.name);
        assert!(case.requests.iter().all(|(_, expected)| !expected.is_empty()), "{}", case.name);
    }
}

#[test]
fn over_a_plain_list_of_headers() {
    for case in cases() {
        for (request, expected) in &case.requests {
            check(&case, request, &serve(request, case.calls), expected);
        }
    }
}

#[test]
fn over_the_headers_of_http() {
    for case in cases() {
        for (request, expected) in &case.requests {
            let mut map = HeaderMap::new();
            for (name, value) in request {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                map.append(name, HeaderValue::from_str(value).unwrap());
            }
            check(&case, request, &serve(&map, case.calls), expected);
        }
    }
}
