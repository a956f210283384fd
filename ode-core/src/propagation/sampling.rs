//! OpenTelemetry's member of the `tracestate`: what it says about sampling.

use std::error::Error;
use std::fmt::{self, Display};

use super::threshold::{Threshold, parse_hex};
use super::trace_state::TraceState;
use crate::event::ids::{TraceContext, TraceId};

const MAX_BYTES: usize = 256;
const RANDOMNESS_DIGITS: usize = 14;
const MAX_RANDOMNESS: u64 = (1 << 56) - 1;

/// The member `ot` of a `tracestate`: the sampling threshold `th`, the randomness `rv`, and
/// whatever else OpenTelemetry puts there, which is passed on as it came.
///
/// The randomness of a trace is the caller's to say, once, so nothing here changes it.
///
/// ```
/// use ode_core::propagation::OtState;
///
/// let state = OtState::parse("th:c;rv:d29d6a7215ced0;x:1")?;
/// assert_eq!(state.threshold().map(|threshold| threshold.adjusted_count()), Some(4.0));
/// assert_eq!(state.randomness(), Some(0xd29d_6a72_15ce_d0));
/// assert_eq!(state.without_threshold().to_string(), "rv:d29d6a7215ced0;x:1");
/// # Ok::<(), ode_core::propagation::ParseOtStateError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtState {
    threshold: Option<Threshold>,
    randomness: Option<u64>,
    /// `key:value` pairs, joined by `;`.
    other: String,
}

impl OtState {
    /// Reads the member's value.
    ///
    /// # Errors
    /// When it is longer than 256 bytes, is not `key:value` joined by `;`, has a key twice, a `th`
    /// that is not 1 to 14 lower-case hexadecimal digits, or an `rv` that is not 14 of them.
    pub fn parse(value: &str) -> Result<Self, ParseOtStateError> {
        if value.len() > MAX_BYTES {
            return Err(Problem::Long.into());
        }
        let mut state = Self::default();
        let mut keys = Vec::new();
        for (at, pair) in value.split(';').enumerate() {
            let (key, text) = parse_pair(pair).ok_or(Problem::Pair { position: at + 1 })?;
            if keys.contains(&key) {
                return Err(Problem::Repeated { position: at + 1 }.into());
            }
            keys.push(key);
            match key {
                "th" => {
                    state.threshold = Some(Threshold::from_hex(text).ok_or(Problem::Threshold)?);
                }
                "rv" => {
                    let whole = Some(text).filter(|text| text.len() == RANDOMNESS_DIGITS);
                    let randomness = whole.and_then(parse_hex).ok_or(Problem::Randomness)?;
                    state.randomness = Some(randomness);
                }
                _ => state.other.extend([if state.other.is_empty() { "" } else { ";" }, pair]),
            }
        }
        Ok(state)
    }

    /// The threshold, `th`: what has been rejected so far.
    pub const fn threshold(&self) -> Option<Threshold> {
        self.threshold
    }

    /// The randomness, `rv`, below 2⁵⁶; `None` where the trace id is the randomness.
    pub const fn randomness(&self) -> Option<u64> {
        self.randomness
    }

    /// The 56 bits by which a trace is decided: `rv`, else the last seven bytes of the trace id.
    #[expect(clippy::cast_possible_truncation, reason = "the last seven bytes are meant")]
    pub fn randomness_of(&self, trace_id: TraceId) -> u64 {
        self.randomness.unwrap_or(trace_id.0 as u64 & MAX_RANDOMNESS)
    }

    /// With this threshold in the place of the one it had. Who samples what others have sampled
    /// may only raise it.
    #[must_use]
    pub fn with_threshold(self, threshold: Threshold) -> Self {
        Self { threshold: Some(threshold), ..self }
    }

    /// Without a threshold: with what probability events were kept is not known.
    #[must_use]
    pub fn without_threshold(self) -> Self {
        Self { threshold: None, ..self }
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.threshold.is_none() && self.randomness.is_none() && self.other.is_empty()
    }
}

/// `key:value`, of the characters that each may have.
fn parse_pair(pair: &str) -> Option<(&str, &str)> {
    let (key, value) = pair.split_once(':')?;
    let key_begins = key.starts_with(|first: char| first.is_ascii_lowercase());
    let in_key = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let in_value = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let sound = key_begins && key.bytes().all(in_key) && value.bytes().all(in_value);
    sound.then_some((key, value))
}

/// The member's value: `th`, `rv`, then the others as they came.
impl Display for OtState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(threshold) = self.threshold {
            write!(f, "th:{threshold}")?;
            separator = ";";
        }
        if let Some(randomness) = self.randomness {
            write!(f, "{separator}rv:{randomness:014x}")?;
            separator = ";";
        }
        if self.other.is_empty() { Ok(()) } else { write!(f, "{separator}{}", self.other) }
    }
}

/// What a child may pass on: without a threshold that the flags contradict. A trace that was kept
/// although its randomness says otherwise was kept for another reason; of one that was not kept
/// there is nothing to count.
pub(super) fn consistent(state: &TraceState, context: TraceContext) -> TraceState {
    let Some(sampling) = state.sampling() else {
        return state.clone();
    };
    let randomness = sampling.randomness_of(context.trace_id());
    let agrees = |threshold: Threshold| context.is_sampled() && threshold.keeps(randomness);
    if sampling.threshold.is_none_or(agrees) {
        return state.clone();
    }
    state.with_sampling_or_none(&sampling.without_threshold())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Long,
    Pair { position: usize },
    Repeated { position: usize },
    Threshold,
    Randomness,
}

/// The member `ot` of a `tracestate` can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseOtStateError {
    problem: Problem,
}

impl From<Problem> for ParseOtStateError {
    fn from(problem: Problem) -> Self {
        Self { problem }
    }
}

impl Display for ParseOtStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tracestate member `ot`: ")?;
        match self.problem {
            Problem::Long => write!(f, "it is longer than {MAX_BYTES} bytes"),
            Problem::Pair { position } => {
                write!(
                    f,
                    "pair {position} is not a key of a-z 0-9, `:`, and a value of a-z A-Z 0-9 . _ -"
                )
            }
            Problem::Repeated { position } => {
                write!(f, "pair {position} has a key that was there before")
            }
            Problem::Threshold => f.write_str("`th` is not 1 to 14 digits of 0-9 a-f"),
            Problem::Randomness => f.write_str("`rv` is not 14 digits of 0-9 a-f"),
        }
    }
}

impl Error for ParseOtStateError {}
