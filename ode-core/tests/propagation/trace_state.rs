//! `tracestate`: the grammar, writing to it, cutting it.

use ode_core::TraceState;
use ode_core::propagation::{Outgoing, extract};

use crate::support::{Headers, header, only, sampled, with_state};

#[track_caller]
fn parse(header: &str) -> TraceState {
    TraceState::parse(header).unwrap()
}

/// Members `k<n>=<n>`.
fn numbered(count: usize) -> String {
    (0..count).map(|n| format!("k{n}={n}")).collect::<Vec<_>>().join(",")
}

#[test]
fn what_is_read_is_written_without_space_and_repetition() {
    for (read, written) in [
        ("", ""),
        (" \t ", ""),
        (",, ,\t,", ""),
        ("a=1", "a=1"),
        ("a=1,b=2", "a=1,b=2"),
        ("a=1 ,\tb=2 \t", "a=1,b=2"),
        (",a=1,,b=2,", "a=1,b=2"),
        // Space in front of a value belongs to it, behind it does not.
        ("a= 1 ,b=2", "a= 1,b=2"),
        ("a=1 2", "a=1 2"),
        ("a=1,b=2,a=3", "a=1,b=2"),
        ("0@sys=x,1/2*3_4-5=y", "0@sys=x,1/2*3_4-5=y"),
    ] {
        let state = parse(read);
        assert_eq!(state.to_header(), written, "{read:?}");
        assert_eq!(state.to_string(), written);
        assert_eq!(state, parse(written));
        assert_eq!(state.is_empty(), written.is_empty());
        assert_eq!(state.len(), state.iter().count());
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let long_key = format!("a=1,{}=1", "k".repeat(257));
    let long_value = format!("a={}", "v".repeat(257));
    for (header, error) in [
        ("a", "tracestate member 1: no `=` between key and value"),
        ("a=1,,b", "tracestate member 2: no `=` between key and value"),
        ("=1", "tracestate member 1: the key is empty"),
        ("a=1,B=1", "tracestate member 2: a key begins with one of a-z 0-9"),
        ("@a=1", "tracestate member 1: a key begins with one of a-z 0-9"),
        ("a.b=1", "tracestate member 1: byte 2 of the key is none of a-z 0-9 _ - * / @"),
        ("ab =1", "tracestate member 1: byte 3 of the key is none of a-z 0-9 _ - * / @"),
        (&long_key, "tracestate member 2: the key is longer than 256 bytes"),
        ("a=", "tracestate member 1: the value is empty"),
        ("a= \t,b=1", "tracestate member 1: the value is empty"),
        (&long_value, "tracestate member 1: the value is longer than 256 bytes"),
        (
            "a=12=3",
            "tracestate member 1: byte 3 of the value is not printable ASCII, or is `,` or `=`",
        ),
        (
            "a=1\t2",
            "tracestate member 1: byte 2 of the value is not printable ASCII, or is `,` or `=`",
        ),
        (
            "a=é",
            "tracestate member 1: byte 1 of the value is not printable ASCII, or is `,` or `=`",
        ),
        (&numbered(33), "tracestate member 33: more than 32 members"),
    ] {
        assert_eq!(TraceState::parse(header).unwrap_err().to_string(), error, "{header:?}");
    }
    assert_eq!(parse(&numbered(32)).len(), 32);
    assert_eq!(parse(&format!("a={}", "v".repeat(256))).get("a").unwrap().len(), 256);
}

#[test]
fn who_writes_stands_on_the_left() {
    let state = parse("a=1,b=2,c=3");
    for (key, value, expected) in [
        ("new", "0", "new=0,a=1,b=2,c=3"),
        ("a", "0", "a=0,b=2,c=3"),
        ("c", "0", "c=0,a=1,b=2"),
        ("b", " x", "b= x,a=1,c=3"),
    ] {
        assert_eq!(state.set(key, value).unwrap().to_header(), expected);
    }
    assert_eq!(state.remove("b").to_header(), "a=1,c=3");
    assert_eq!(state.remove("x"), state);
    assert!(parse("a=1").remove("a").is_empty());
    assert_eq!(parse("a=1").remove("a"), TraceState::default());
    assert_eq!(state.to_header(), "a=1,b=2,c=3", "a state does not change");
}

#[test]
fn the_rightmost_of_32_makes_room() {
    let full = parse(&numbered(32));
    let added = full.set("new", "0").unwrap();
    assert_eq!(added.to_header(), format!("new=0,{}", numbered(31)));
    let updated = full.set("k31", "x").unwrap();
    assert_eq!(updated.to_header(), format!("k31=x,{}", numbered(31)));
}

#[test]
fn what_would_break_the_header_is_not_set() {
    let state = parse("a=1");
    for (key, value) in [
        ("", "1"),
        ("A", "1"),
        ("a,b", "1"),
        ("a=b", "1"),
        ("b", ""),
        ("b", "1,c=2"),
        ("b", "1=2"),
        ("b", "1 "),
        ("b", "\r\nx: y"),
        ("b\n", "1"),
        ("b", "ö"),
    ] {
        let error = state.set(key, value).unwrap_err().to_string();
        assert!(error.starts_with("tracestate: "), "{error}");
    }
    assert!(state.set(&"k".repeat(256), &"v".repeat(256)).is_ok());
    assert!(state.set(&"k".repeat(257), "v").is_err());
    assert!(state.set("k", &"v".repeat(257)).is_err());
}

#[test]
fn whole_members_are_cut_the_long_ones_first() {
    // 127, 128 and 129 bytes with key and `=`.
    let [at_most, limit, long] = [125, 126, 127].map(|len| "x".repeat(len));
    let header = format!("a=1,b={long},c={limit},d={at_most},e={long},f=2");
    let state = parse(&header);
    let without_e = format!("a=1,b={long},c={limit},d={at_most},f=2");
    let without_long = format!("a=1,c={limit},d={at_most},f=2");
    let whole = header.len();
    for (max, expected) in [
        (whole, header.as_str()),
        (whole - 1, &without_e),
        (without_e.len(), &without_e),
        (without_e.len() - 1, &without_long),
        (without_long.len(), &without_long),
        (without_long.len() - 1, &format!("a=1,c={limit},d={at_most}")),
        (without_long.len() - 5, &format!("a=1,c={limit}")),
        (3, "a=1"),
        (2, ""),
        (0, ""),
    ] {
        assert_eq!(state.to_header_within(max), expected, "{max}");
    }
}

#[test]
fn at_most_512_bytes_are_sent() {
    let long = "x".repeat(250);
    let state = parse(&format!("ours={long},a=1,b={long},c=2"));
    let mut sent = Headers::new();
    let context = with_state("01", "").trace_context().unwrap();
    Outgoing::new(context).with_trace_state(state).inject(&mut sent);
    let expected = format!("ours={long},a=1,c=2");
    assert_eq!(only(&sent, "tracestate"), Some(expected.as_str()));

    let just = parse(&format!("a={},b={}", "x".repeat(253), "y".repeat(254)));
    assert_eq!(just.to_header().len(), 512);
    Outgoing::new(context).with_trace_state(just.clone()).inject(&mut sent);
    assert_eq!(only(&sent, "tracestate"), Some(just.to_header()));
}

#[test]
fn a_bad_state_leaves_the_parent_alone() {
    for bad in ["A=1", "a=1,b", &numbered(33), "a=\u{7f}"] {
        let incoming = with_state("01", bad);
        assert!(incoming.trace_context().is_some(), "{bad}");
        assert!(incoming.trace_state().is_empty(), "{bad}");
    }
    // One bad header spoils the good ones, before and after it.
    for states in [["a=1", "B=1"], ["B=1", "a=1"]] {
        let [first, second] = states.map(|state| header("tracestate", state));
        let incoming = extract(&[sampled(), first, second]);
        assert!(incoming.trace_context().is_some() && incoming.trace_state().is_empty());
    }
}

#[test]
fn without_a_parent_the_state_is_not_even_read() {
    struct Watched(std::cell::Cell<bool>);
    impl ode_core::propagation::Extract for Watched {
        fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
            self.0.set(self.0.get() || name == "tracestate");
            each(if name == "traceparent" { b"00-not-a-parent" } else { b"a=1" });
        }
    }
    let carrier = Watched(std::cell::Cell::new(false));
    assert!(extract(&carrier).trace_state().is_empty());
    assert!(!carrier.0.get());
}
