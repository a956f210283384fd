//! OpenTelemetry's consistent probability sampling: thresholds, randomness, and the member that
//! carries them.

use ode_core::propagation::{OtState, Threshold};
use ode_core::{TraceId, TraceState};

const ALL: u64 = 1 << 56;

#[track_caller]
fn threshold(probability: f64) -> Threshold {
    Threshold::from_probability(probability).unwrap()
}

/// The specification's table: one of so many, and the thresholds of 3, 4 and 5 digits.
const TABLE: [(f64, [&str; 3]); 13] = [
    (1.0, ["0", "0", "0"]),
    (2.0, ["8", "8", "8"]),
    (3.0, ["aab", "aaab", "aaaab"]),
    (4.0, ["c", "c", "c"]),
    (5.0, ["ccd", "cccd", "ccccd"]),
    (8.0, ["e", "e", "e"]),
    (10.0, ["e66", "e666", "e6666"]),
    (16.0, ["f", "f", "f"]),
    (100.0, ["fd71", "fd70a", "fd70a4"]),
    (1e3, ["ffbe7", "ffbe77", "ffbe76d"]),
    (1e4, ["fff972", "fff9724", "fff97247"]),
    (1e5, ["ffff584", "ffff583a", "ffff583a5"]),
    (1e6, ["ffffef4", "ffffef39", "ffffef391"]),
];

#[test]
fn thresholds_of_the_specification() {
    for (one_of, expected) in TABLE {
        for (digits, expected) in (3..).zip(expected) {
            let threshold = Threshold::from_probability_within(1.0 / one_of, digits).unwrap();
            assert_eq!(threshold.to_hex(), expected, "1/{one_of} to {digits} digits");
            assert_eq!(Threshold::from_hex(expected), Some(threshold));
        }
        let threshold = threshold(1.0 / one_of);
        assert_eq!(threshold.to_hex(), expected[1], "4 digits are the default");
        assert!((threshold.adjusted_count() / one_of - 1.0).abs() < 1e-4, "1/{one_of}");
    }
}

#[test]
fn probabilities_at_the_ends() {
    let least = 0.5_f64.powi(56);
    assert_eq!(threshold(least).to_hex(), "ffffffffffffff");
    assert_eq!(threshold(least).to_bits(), ALL - 1);
    assert!((threshold(least).adjusted_count() * least - 1.0).abs() < f64::EPSILON);
    assert_eq!(threshold(1.0), Threshold::KEEP_ALL);
    // So near to 1 that four digits can't tell.
    assert_eq!(threshold(1.0 - f64::EPSILON), Threshold::KEEP_ALL);
    for none in [0.0, -0.5, least / 2.0, 1.0 + f64::EPSILON, f64::NAN, f64::INFINITY] {
        assert_eq!(Threshold::from_probability(none), None, "{none}");
    }
    for digits in [0, 1, 14, 15, u32::MAX] {
        assert!(Threshold::from_probability_within(0.3, digits).is_some(), "{digits}");
    }
    let exact = Threshold::from_probability_within(1.0 / 3.0, 14).unwrap();
    assert_eq!(exact.to_bits(), ALL - 24_019_198_012_642_644, "the number nearest to a third");
}

#[test]
fn digits_are_the_first_ones_of_14() {
    for (hex, bits) in [
        ("0", 0),
        ("00", 0),
        ("8", ALL / 2),
        ("80000000000000", ALL / 2),
        ("08", ALL / 32),
        ("00000000000001", 1),
        ("fedcba98765432", 0x00fe_dcba_9876_5432),
    ] {
        assert_eq!(Threshold::from_hex(hex).map(Threshold::to_bits), Some(bits), "{hex}");
    }
    for bad in ["", "+1", "C", "g", " 8", "8 ", "0x8", "000000000000000", "é"] {
        assert_eq!(Threshold::from_hex(bad), None, "{bad:?}");
    }
    assert_eq!(Threshold::from_hex("08").unwrap().to_hex(), "08");
    assert_eq!(Threshold::from_hex("00000000000001").unwrap().to_string(), "00000000000001");
}

#[test]
fn the_threshold_itself_is_kept() {
    let quarter = threshold(0.25);
    let edge = quarter.to_bits();
    assert!(quarter.keeps(edge) && quarter.keeps(ALL - 1));
    assert!(!quarter.keeps(edge - 1) && !quarter.keeps(0));
    assert!(Threshold::KEEP_ALL.keeps(0));
}

#[test]
fn what_a_small_probability_keeps_every_greater_one_keeps() {
    let mut rng = fastrand::Rng::with_seed(0x7e57_ab1e);
    let rates = [1e-6, 1e-3, 0.01, 0.1, 0.2, 0.25, 0.5, 0.999, 1.0].map(threshold);
    assert!(rates.is_sorted_by(|small, great| small > great), "{rates:?}");
    let mut estimate = [0.0; 9];
    let traces = 1_000_000;
    for _ in 0..traces {
        let randomness = rng.u64(..ALL);
        let kept = rates.map(|rate| rate.keeps(randomness));
        assert!(kept.is_sorted(), "{randomness:x}: {kept:?}");
        for (at, rate) in rates.iter().enumerate() {
            estimate[at] += if kept[at] { rate.adjusted_count() } else { 0.0 };
        }
    }
    // Of the rates that keep enough of a million to tell, at a seed that stays.
    for (at, estimate) in estimate.into_iter().enumerate().skip(3) {
        let off: f64 = estimate / f64::from(traces) - 1.0;
        assert!(off.abs() < 0.01, "rate {}: off by {off}", rates[at]);
    }
}

#[test]
fn the_member_is_read_and_written() {
    for (read, written) in [
        ("th:0", "th:0"),
        ("th:8", "th:8"),
        ("th:c0", "th:c"),
        ("rv:00000000000001", "rv:00000000000001"),
        ("rv:fedcba98765432;th:8", "th:8;rv:fedcba98765432"),
        ("p:8;r:62", "p:8;r:62"),
        ("a:1;th:8;b2:X.Y_z-0;rv:00000000000000;c:", "th:8;rv:00000000000000;a:1;b2:X.Y_z-0;c:"),
    ] {
        let state = OtState::parse(read).unwrap();
        assert_eq!(state.to_string(), written, "{read}");
        assert_eq!(OtState::parse(written), Ok(state.clone()), "{read}");
        assert!(!state.is_empty());

        let in_header = TraceState::parse(&format!("x=1,ot={read}")).unwrap();
        assert_eq!(in_header.sampling(), Some(state.clone()));
        let again = in_header.with_sampling(&state).unwrap();
        assert_eq!(again.to_header(), format!("ot={written},x=1"));
    }
    assert!(OtState::default().is_empty());
    assert_eq!(OtState::default().to_string(), "");
}

#[test]
fn errors_of_the_member_say_what_is_wrong() {
    let long = format!("a:{}", "x".repeat(255));
    let pair = |position| {
        format!("pair {position} is not a key of a-z 0-9, `:`, and a value of a-z A-Z 0-9 . _ -")
    };
    for (value, error) in [
        ("", pair(1)),
        ("th", pair(1)),
        ("th:8;", pair(2)),
        ("th:8;;a:1", pair(2)),
        (";th:8", pair(1)),
        ("1a:x", pair(1)),
        ("A:x", pair(1)),
        (":x", pair(1)),
        ("a:x y", pair(1)),
        ("a:1:2", pair(1)),
        ("th:8;a:1;th:8", "pair 3 has a key that was there before".to_owned()),
        ("a:1;a:2", "pair 2 has a key that was there before".to_owned()),
        ("th:", "`th` is not 1 to 14 digits of 0-9 a-f".to_owned()),
        ("th:C", "`th` is not 1 to 14 digits of 0-9 a-f".to_owned()),
        ("th:000000000000000", "`th` is not 1 to 14 digits of 0-9 a-f".to_owned()),
        ("rv:0000000000001", "`rv` is not 14 digits of 0-9 a-f".to_owned()),
        ("rv:000000000000001", "`rv` is not 14 digits of 0-9 a-f".to_owned()),
        ("rv:0000000000000A", "`rv` is not 14 digits of 0-9 a-f".to_owned()),
        (&long, "it is longer than 256 bytes".to_owned()),
    ] {
        let found = OtState::parse(value).unwrap_err().to_string();
        assert_eq!(found, format!("tracestate member `ot`: {error}"), "{value:?}");
        let in_header = TraceState::parse(&format!("ot={value},x=1"));
        assert!(in_header.is_err() || in_header.unwrap().sampling().is_none(), "{value:?}");
    }
}

#[test]
fn a_member_that_would_be_too_long_is_not_written() {
    let other = format!("a:{}", "x".repeat(254));
    let state = TraceState::parse(&format!("x=1,ot={other}")).unwrap();
    let sampling = state.sampling().unwrap().with_threshold(Threshold::KEEP_ALL);
    let error = state.with_sampling(&sampling).unwrap_err();
    assert_eq!(error.to_string(), "tracestate: the value is longer than 256 bytes");
}

#[test]
fn randomness_is_said_or_that_of_the_trace_id() {
    let trace = TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
    assert_eq!(OtState::default().randomness_of(trace), 0x00ce_929d_0e0e_4736);
    let said = OtState::parse("th:8;rv:0123456789abcd").unwrap();
    assert_eq!(said.randomness_of(trace), 0x0001_2345_6789_abcd);
    // Setting and erasing the threshold leaves it alone.
    let raised = said.with_threshold(threshold(0.25));
    assert_eq!(raised.to_string(), "th:c;rv:0123456789abcd");
    assert_eq!(raised.without_threshold().to_string(), "rv:0123456789abcd");
}
