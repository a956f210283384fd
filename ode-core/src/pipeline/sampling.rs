//! The head rate of a destination: which traces it keeps, decided by the trace id alone, so that
//! every service that keeps the same share keeps the same traces.

use crate::event::finished::Head;
use crate::event::ids::TraceId;
use crate::event::keys;
use crate::propagation::{OtState, Threshold, TraceState};
use crate::record::buffer::{Buffer, Field, Kind, unrange};

/// What share of the events a destination is offered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Share {
    /// All of them; nothing is written about sampling.
    All,
    /// Those of traces that the threshold keeps.
    Part(Threshold),
    /// None but those that `keep` asks for.
    Nothing,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    /// Kept where nothing is sampled.
    Plain,
    /// Kept, and telling of this many.
    Kept(f64),
    /// Left out.
    SampledOut,
}

impl Share {
    /// Of a number from 0 to 1. What is above or no number keeps everything: when in doubt nothing
    /// is lost.
    pub(crate) fn of(share: f64) -> Self {
        if share <= 0.0 {
            return Self::Nothing;
        }
        match Threshold::from_probability(share) {
            Some(threshold) if threshold > Threshold::KEEP_ALL => Self::Part(threshold),
            None if share < 1.0 => Self::Nothing,
            _ => Self::All,
        }
    }

    /// Decides for a finished record.
    #[inline]
    pub(crate) fn decide(self, head: &Head, buffer: &Buffer) -> Fate {
        match self {
            Self::All => Fate::Plain,
            _ => self.choose(head, buffer),
        }
    }

    #[inline(never)]
    fn choose(self, head: &Head, buffer: &Buffer) -> Fate {
        if head.keep.is_some() {
            // It would have been kept whatever its trace: it stands for nobody else.
            return Fate::Kept(1.0);
        }
        let randomness = || randomness(head.context.trace_id, trace_state(buffer));
        match self {
            Self::Part(threshold) if threshold.keeps(randomness()) => {
                Fate::Kept(threshold.adjusted_count())
            }
            Self::All => Fate::Plain,
            Self::Part(_) | Self::Nothing => Fate::SampledOut,
        }
    }

    /// Whether a trace that begins here is kept.
    pub(crate) fn keeps_root(self, trace_id: TraceId) -> bool {
        match self {
            Self::All => true,
            Self::Part(threshold) => threshold.keeps(randomness(trace_id, None)),
            Self::Nothing => false,
        }
    }

    /// The threshold that is sent along.
    pub(crate) fn threshold(self) -> Option<Threshold> {
        match self {
            Self::Part(threshold) => Some(threshold),
            Self::All | Self::Nothing => None,
        }
    }

    /// The greater of two shares.
    pub(crate) fn greater(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Nothing, share) | (share, Self::Nothing) => share,
            (Self::Part(one), Self::Part(two)) => Self::Part(one.min(two)),
        }
    }
}

/// The 56 random bits of a trace: those that came along (`ot=rv:…`), else the end of the trace id.
fn randomness(trace_id: TraceId, state: Option<&str>) -> u64 {
    let state = state.and_then(|state| TraceState::parse(state).ok());
    let sent: Option<OtState> = state.and_then(|state| state.sampling());
    sent.unwrap_or_default().randomness_of(trace_id)
}

/// The trace state on the record; it came in once and is not changed afterwards.
fn trace_state(buffer: &Buffer) -> Option<&str> {
    let ours = |field: &&Field| field.key.is_some_and(|key| key.is(&keys::TRACE_STATE));
    let field = buffer.fields.iter().find(ours).filter(|field| field.kind == Kind::Str)?;
    buffer.text.get(unrange(field.data))
}
