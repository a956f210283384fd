//! A million sets of hostile headers: nothing panics, and what comes out is sound.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fastrand::Rng;
use ode_core::propagation::{Extract, Outgoing, extract};
use ode_core::{Baggage, TraceState};

use crate::support::{Headers, only};

const CASES: u64 = 1_000_000;
const LANES: u64 = 2;
const MAX_BYTES: usize = 64 << 10;

/// Names with values of any bytes.
struct Hostile(Vec<(&'static str, Vec<u8>)>);

impl Extract for Hostile {
    fn values(&self, name: &str, each: &mut dyn FnMut(&[u8])) {
        for (own, value) in &self.0 {
            if *own == name {
                each(value);
            }
        }
    }
}

const NAMES: [&str; 3] = ["traceparent", "tracestate", "baggage"];

/// Valid headers, which are mutated.
const SEEDS: [(&str, &[u8]); 12] = [
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("traceparent", b"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-later"),
    ("traceparent", b"00-00000000000000000000000000000000-0000000000000000-00"),
    ("tracestate", b"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
    ("tracestate", b"ot=th:c;rv:d29d6a7215ced0;a:1 , tenant@sys= x y"),
    ("tracestate", b"ot=th:fd70a,a=1,b=2,c=3,d=4,e=5,f=6,g=7,h=8,a=9"),
    ("tracestate", b"ot=th:0"),
    ("baggage", b"userId=alice,serverNode=DF%2028;p=1;q, isProduction = false"),
    ("baggage", b"k=%F0%9F%A6%80%FF%C3,l=%,m=%4,n=a=b==,o=;;p"),
    ("baggage", b"a=1,a=2,b=3,A=4"),
    ("baggage", b""),
    ("tracestate", b""),
];

/// What the grammars treat in ways of their own.
const MARKS: &[u8] = b"=,;:%-@ \t\0\r\n\"\\\x7f\x80\xff0aAfFzZ";

fn hostile(rng: &mut Rng) -> Hostile {
    // Most requests have one parent and little else, and most parents are right, or nothing behind
    // them would be reached.
    let mut headers = Vec::new();
    if rng.u8(..) < 230 {
        headers.push(("traceparent", SEEDS[rng.usize(..2)].1.to_vec()));
    }
    for _ in 0..rng.usize(..3) {
        let (name, value) = SEEDS[rng.usize(..SEEDS.len())];
        headers.push((name, value.to_vec()));
    }
    if rng.u8(..) < 40 {
        headers.push((NAMES[rng.usize(..3)], noise(rng)));
    }
    if rng.u16(..) < 64 {
        headers.push((NAMES[rng.usize(1..3)], long(rng)));
    }
    for _ in 0..rng.usize(..4) {
        if let Some(at) = rng.usize(..4).checked_sub(1)
            && let Some((_, value)) = headers.get_mut(at)
        {
            mutate(rng, value);
        }
    }
    Hostile(headers)
}

/// A few bytes: any, or only those that mean something.
fn noise(rng: &mut Rng) -> Vec<u8> {
    let any = rng.bool();
    let len = rng.usize(..80);
    (0..len).map(|_| if any { rng.u8(..) } else { MARKS[rng.usize(..MARKS.len())] }).collect()
}

/// One piece again and again, up to the largest header; sometimes with one byte changed.
fn long(rng: &mut Rng) -> Vec<u8> {
    let numbered = rng.u8(..3) == 0;
    let piece = match rng.u8(..6) {
        0 => b",".to_vec(),
        1 => b"%".to_vec(),
        2 => b"k=v;p=1;".to_vec(),
        3 => noise(rng),
        _ => SEEDS[rng.usize(3..10)].1.to_vec(),
    };
    // Short ones more often than long ones.
    let len = MAX_BYTES >> rng.u32(..10);
    let mut value = Vec::with_capacity(len);
    // A single value, as long as the piece has no end to it.
    value.extend_from_slice(if rng.bool() { b"k=" } else { b"" });
    for number in 0.. {
        value.extend_from_slice(&piece);
        if numbered {
            value.extend_from_slice(format!(",k{number}=").as_bytes());
        }
        if value.len() >= len || piece.is_empty() {
            break;
        }
    }
    value.truncate(len);
    if rng.bool() {
        mutate(rng, &mut value);
    }
    value
}

fn mutate(rng: &mut Rng, value: &mut Vec<u8>) {
    let at = rng.usize(..=value.len());
    let byte = if rng.bool() { MARKS[rng.usize(..MARKS.len())] } else { rng.u8(..) };
    match rng.u8(..4) {
        0 => value.insert(at, byte),
        1 if at < value.len() => value[at] = byte,
        2 if at < value.len() => drop(value.remove(at)),
        3 => value.truncate(at),
        _ => value.push(byte),
    }
}

/// How many of the cases got how far; a generator that reached nothing would prove nothing.
#[derive(Debug, Default)]
struct Reached {
    contexts: u64,
    states: u64,
    baggage: u64,
    dropped: u64,
}

fn all_differ<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> bool {
    let mut keys: Vec<_> = members.map(|(key, _)| key).collect();
    keys.sort_unstable();
    keys.is_sorted_by(|before, after| before < after)
}

fn check(headers: &Hostile, reached: &mut Reached) {
    let incoming = extract(headers).trust_remote_context(true).allow_baggage(&["userId", "a"]);
    let (state, baggage) = (incoming.trace_state(), incoming.baggage());

    assert_eq!(TraceState::parse(state.to_header()).as_ref(), Ok(state));
    assert!(state.len() <= 32 && all_differ(state.iter()), "{state}");
    assert!(state.iter().all(|(key, value)| key.len() <= 256 && value.len() <= 256));
    let written = baggage.to_string();
    assert!(baggage.len() <= 64 && written.len() <= 8192, "{written}");
    assert!(all_differ(baggage.iter()), "{written}");
    let again = Baggage::parse(&written);
    assert_eq!((&again, again.dropped()), (baggage, 0));
    for (key, value) in incoming.allowed_baggage() {
        assert!(["userId", "a"].contains(&key) && baggage.get(key) == Some(value));
    }
    if let Some(sampling) = state.sampling() {
        let with_it = state.with_sampling(&sampling).unwrap();
        assert_eq!(with_it.sampling(), Some(sampling));
    }

    reached.states += u64::from(!state.is_empty());
    reached.baggage += u64::from(!baggage.is_empty());
    reached.dropped += u64::from(baggage.dropped() > 0);
    let Some(context) = incoming.parent() else {
        assert!(state.is_empty() && incoming.trace_context().is_none());
        return;
    };
    reached.contexts += 1;
    assert_ne!(context.trace_id().to_bytes(), [0; 16]);
    assert_ne!(context.span_id().to_bytes(), [0; 8]);

    let outgoing = Outgoing::new(context).with_trace_state(state.clone());
    let mut sent = Headers::new();
    outgoing.with_baggage(baggage.clone()).inject(&mut sent);
    assert_eq!(only(&sent, "traceparent").unwrap().len(), 55);
    assert!(only(&sent, "tracestate").is_none_or(|state| (1..=512).contains(&state.len())));
    let received = extract(&sent).trust_remote_context(true);
    assert_eq!(received.parent(), Some(context));
    assert_eq!(received.baggage(), baggage);
    if state.to_header().len() <= 512 {
        assert_eq!(received.trace_state(), state);
    }
}

fn run(lane: u64) -> Reached {
    let mut reached = Reached::default();
    for case in (lane..CASES).step_by(LANES as usize) {
        let headers = hostile(&mut Rng::with_seed(case));
        let checked = catch_unwind(AssertUnwindSafe(|| check(&headers, &mut reached)));
        assert!(checked.is_ok(), "case {case}");
    }
    reached
}

#[test]
fn a_million_sets_of_hostile_headers() {
    let all = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|lane| scope.spawn(move || run(lane))).collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).collect::<Vec<_>>()
    });
    let sum = |of: fn(&Reached) -> u64| all.iter().map(of).sum::<u64>();
    assert!(sum(|reached| reached.contexts) > CASES / 3, "{all:?}");
    assert!(sum(|reached| reached.states) > CASES / 10, "{all:?}");
    assert!(sum(|reached| reached.baggage) > CASES / 10, "{all:?}");
    assert!(sum(|reached| reached.dropped) > CASES / 100, "{all:?}");
}
