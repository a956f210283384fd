//! What OpenTelemetry is told about an event that stands for others too.

use std::fmt::Write;

use ode_core::propagation::{OtState, Threshold, TraceState};
use ode_core::{Event, EventId};

use crate::otlp::encode::facts::Facts;

/// The number of events that one stands for, as an integer whose mean is `rate`: which of the two
/// neighbours it is depends on the random bits of the event's id, so it is the same on every
/// attempt and at every destination.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "53 bits are exact; a larger rate is cut to the largest integer"
)]
pub(crate) fn integer_rate(rate: f64, event: EventId) -> i64 {
    const BITS: u32 = 53;
    let whole = rate.floor();
    let random = u128::from_be_bytes(event.to_bytes()) as u64 & ((1 << BITS) - 1);
    let rounds_up = (random as f64) < (rate - whole) * (1_u64 << BITS) as f64;
    (whole as i64).saturating_add(i64::from(rounds_up))
}

/// Where the trace state of a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State<'e> {
    None,
    AsItCame(&'e str),
    InBuffer,
}

/// The trace state with `ot=th:…` for the event's sample rate: in `buffer`, unless it is as it came.
///
/// A threshold is only ever raised, and left out where the randomness of the trace contradicts it:
/// such an event was kept for another reason.
#[inline]
pub(crate) fn trace_state<'e>(event: &Event, facts: &Facts<'e>, buffer: &mut String) -> State<'e> {
    if facts.trace_state.is_none() && facts.sample_rate.is_none() {
        return State::None;
    }
    put_trace_state(event, facts, buffer)
}

#[inline(never)]
fn put_trace_state<'e>(event: &Event, facts: &Facts<'e>, buffer: &mut String) -> State<'e> {
    let came = facts.trace_state.filter(|state| !state.is_empty());
    let threshold = facts.sample_rate.and_then(|rate| Threshold::from_probability(1.0 / rate));
    let as_it_came = came.map_or(State::None, State::AsItCame);
    let Some(threshold) = threshold else {
        return as_it_came;
    };
    let trace_id = event.trace_context().trace_id();
    buffer.clear();
    let Some(came) = came else {
        if !threshold.keeps(OtState::default().randomness_of(trace_id)) {
            return State::None;
        }
        return match write!(buffer, "ot=th:{threshold}") {
            Ok(()) => State::InBuffer,
            Err(_) => State::None,
        };
    };
    let Ok(state) = TraceState::parse(came) else {
        return as_it_came;
    };
    let sampling = state.sampling().unwrap_or_default();
    let raised = sampling.threshold().map_or(threshold, |known| known.max(threshold));
    let sampling = if raised.keeps(sampling.randomness_of(trace_id)) {
        sampling.with_threshold(raised)
    } else {
        sampling.without_threshold()
    };
    match state.with_sampling(&sampling) {
        Ok(state) if state.is_empty() => State::None,
        Ok(state) => {
            buffer.push_str(state.to_header());
            State::InBuffer
        }
        Err(_) => as_it_came,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ode_core::{EventBuilder, SpanId, TraceContext, TraceId};

    fn id(low: u64) -> EventId {
        let (head, tail) = (low >> 48, low & 0xffff_ffff_ffff);
        EventId::from_uuid(&format!("01234567-89ab-7000-{head:04x}-{tail:012x}")).unwrap()
    }

    #[test]
    fn the_mean_of_the_integers_is_the_rate() {
        const N: u64 = 1 << 16;
        for rate in [1.0, 1.25, 2.5, 9.999, 1_000.125] {
            let sum: i64 = (0..N).map(|n| integer_rate(rate, id((n << 37) | 1 << 63))).sum();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let mean = sum as f64 / N as f64;
            assert!((mean - rate).abs() < 1e-4, "{rate}: {mean}");
        }
        assert_eq!(integer_rate(f64::MAX, id(0)), i64::MAX);
        assert_eq!(integer_rate(1.0, id(u64::MAX)), 1);
    }

    fn shown(rate: Option<f64>, state: &str, random: u64) -> Option<String> {
        let trace = TraceId::from_bytes((u128::from(random) | 1 << 64).to_be_bytes()).unwrap();
        let context = TraceContext::new(trace, SpanId::from_bytes([1; 8]).unwrap());
        let event = EventBuilder::new("t").trace_context(context).build();
        let came = Some(state).filter(|state| !state.is_empty());
        let facts = Facts { sample_rate: rate, trace_state: came, ..Facts::default() };
        let mut buffer = "left from before".to_owned();
        match trace_state(&event, &facts, &mut buffer) {
            State::None => None,
            State::AsItCame(state) => Some(state.to_owned()),
            State::InBuffer => Some(buffer),
        }
    }

    #[test]
    fn the_threshold_goes_into_the_trace_state() {
        const HIGH: u64 = 0xff_ffff_ffff_ffff;
        for (rate, came, random, expected) in [
            (None, "", HIGH, None),
            (None, "a=1,ot=th:8", HIGH, Some("a=1,ot=th:8")),
            (Some(1.0), "", 0, Some("ot=th:0")),
            (Some(2.0), "", HIGH, Some("ot=th:8")),
            (Some(10.0), "a=1", HIGH, Some("ot=th:e666,a=1")),
            // The randomness that came is kept, and decides.
            (
                Some(2.0),
                "a=1,ot=rv:80000000000000;x:1",
                0,
                Some("ot=th:8;rv:80000000000000;x:1,a=1"),
            ),
            (Some(2.0), "a=1,ot=rv:7fffffffffffff", HIGH, Some("ot=rv:7fffffffffffff,a=1")),
            // Only raised, never lowered.
            (Some(4.0), "ot=th:8", HIGH, Some("ot=th:c")),
            (Some(2.0), "ot=th:c", HIGH, Some("ot=th:c")),
            // Kept against its randomness: for another reason.
            (Some(2.0), "", 1, None),
            (Some(2.0), "ot=th:4", 1, None),
            (Some(2.0), "no state", HIGH, Some("no state")),
        ] {
            assert_eq!(
                shown(rate, came, random).as_deref(),
                expected,
                "{rate:?} {came} {random:x}"
            );
        }
    }
}
