//! Whatever is valid comes out again as it went in.

use ode_core::propagation::{OtState, Outgoing, Threshold, extract};
use ode_core::{Baggage, SpanId, TraceContext, TraceId, TraceState};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{Headers, only};

fn state_member() -> impl Strategy<Value = (String, String)> {
    let value = "[ -+\\--<>-~]{0,40}[!-+\\--<>-~]";
    ("[a-z0-9][a-z0-9_*/@-]{0,20}", value)
}

fn context() -> impl Strategy<Value = TraceContext> {
    (1_u128.., 1_u64.., 0_u8..=3).prop_map(|(trace, span, flags)| {
        let trace = TraceId::from_bytes(trace.to_be_bytes()).unwrap();
        let span = SpanId::from_bytes(span.to_be_bytes()).unwrap();
        TraceContext::from_traceparent(&format!("00-{trace}-{span}-{flags:02x}")).unwrap()
    })
}

/// The first of the members of each key.
fn unique<V: Clone>(members: &[(String, V)]) -> Vec<(String, V)> {
    let mut kept: Vec<(String, V)> = Vec::new();
    for (key, value) in members {
        if kept.iter().all(|(other, _)| other != key) {
            kept.push((key.clone(), value.clone()));
        }
    }
    kept
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

proptest! {
    #[test]
    fn states(members in vec(state_member(), 0..=32), space in "[ \t]{0,3}") {
        let joined = members.iter().map(|(key, value)| format!("{space}{key}={value}{space}"));
        let header = joined.collect::<Vec<_>>().join(",");
        let state = TraceState::parse(&header).unwrap();
        prop_assert_eq!(owned(state.iter()), unique(&members));
        prop_assert_eq!(TraceState::parse(state.to_header()).unwrap(), state);
    }

    #[test]
    fn states_written_member_by_member(members in vec(state_member(), 0..50)) {
        let mut state = TraceState::default();
        for (key, value) in &members {
            state = state.set(key, value).unwrap();
            prop_assert_eq!(state.get(key), Some(value.as_str()));
        }
        let mut latest_first = members;
        latest_first.reverse();
        let mut expected = unique(&latest_first);
        // A key that was pushed out and set again is a new one; so only the last 32 are compared.
        expected.truncate(32);
        prop_assert_eq!(owned(state.iter()), expected);
    }

    #[test]
    fn cut_states(members in vec(state_member(), 0..=32), max in 0_usize..800) {
        let mut state = TraceState::default();
        for (key, value) in &members {
            state = state.set(key, value).unwrap();
        }
        let cut = state.to_header_within(max);
        prop_assert!(cut.len() <= max);
        let kept = owned(TraceState::parse(&cut).unwrap().iter());
        let all = owned(state.iter());
        // No member is of more than 128 bytes, so what is kept is the left part, as much as fits.
        prop_assert_eq!(&kept[..], &all[..kept.len()]);
        if let Some((key, value)) = all.get(kept.len()) {
            let comma = usize::from(!cut.is_empty());
            prop_assert!(cut.len() + comma + key.len() + 1 + value.len() > max);
        }
    }

    #[test]
    fn sampling(bits in proptest::option::of(0_u64..1 << 56), randomness in "(rv:[0-9a-f]{14})?") {
        let mut sampling = OtState::default();
        if !randomness.is_empty() {
            sampling = OtState::parse(&randomness).unwrap();
        }
        if let Some(bits) = bits {
            let threshold = Threshold::from_hex(&format!("{bits:014x}")).unwrap();
            prop_assert_eq!(threshold.to_bits(), bits);
            prop_assert_eq!(Threshold::from_hex(&threshold.to_hex()), Some(threshold));
            sampling = sampling.with_threshold(threshold);
        }
        let state = TraceState::default().with_sampling(&sampling).unwrap();
        prop_assert_eq!(state.sampling().unwrap_or_default(), sampling);
    }

    #[test]
    fn thresholds_order_as_probabilities(a in 1e-16_f64..=1.0, b in 1e-16_f64..=1.0) {
        let (a, b) = (a.min(b), a.max(b));
        let (rarer, commoner) = (Threshold::from_probability(a), Threshold::from_probability(b));
        prop_assert!(rarer.unwrap() >= commoner.unwrap(), "{a} {b}");
        let off = rarer.unwrap().adjusted_count() * a;
        prop_assert!((off - 1.0).abs() < 1e-3, "{a}: {off}");
    }

    #[test]
    fn baggage(members in vec(("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}", ".{0,30}"), 0..40)) {
        let mut baggage = Baggage::default();
        let mut bytes = 0;
        for (key, value) in &members {
            if baggage.insert(key, value).is_ok() {
                prop_assert_eq!(baggage.get(key), Some(value.as_str()));
            }
            bytes = baggage.to_string().len();
            prop_assert!(bytes <= 8192);
        }
        let read = Baggage::parse(&baggage.to_string());
        prop_assert_eq!(read.dropped(), 0);
        prop_assert_eq!(read.to_string().len(), bytes);
        prop_assert_eq!(read, baggage);
    }

    #[test]
    fn all_headers(context in context(), members in vec(state_member(), 0..4), value in ".{0,20}") {
        let mut state = TraceState::default();
        for (key, value) in &members {
            state = state.set(key, value).unwrap();
        }
        let mut baggage = Baggage::default();
        baggage.insert("k", &value).unwrap();

        let mut headers = Headers::new();
        let outgoing = Outgoing::new(context).with_trace_state(state.clone());
        outgoing.with_baggage(baggage.clone()).inject(&mut headers);
        prop_assert_eq!(only(&headers, "tracestate").is_none(), state.is_empty());
        let incoming = extract(&headers);
        prop_assert_eq!(incoming.trace_context(), Some(context));
        prop_assert_eq!(incoming.trace_state(), &state);
        prop_assert_eq!(incoming.baggage(), &baggage);
    }
}
