//! `tracestate`: what each tracing system on the way wants to hear again, in order.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::sync::Arc;

use super::member::{
    ParseTraceStateError, Problem, check_key, check_value, members, parse_member, trim_ows,
};
use super::sampling::OtState;

const MAX_MEMBERS: usize = 32;
/// When a header has to be cut, members longer than this go first.
const LONG_MEMBER: usize = 128;
/// OpenTelemetry's member.
const OT: &str = "ot";

/// The members of a W3C `tracestate`: at most 32 keys with values, the latest leftmost.
///
/// Values are opaque, but for OpenTelemetry's: [`sampling`](Self::sampling). A state does not
/// change; what would change it returns another one.
///
/// ```
/// use ode_core::TraceState;
///
/// let state = TraceState::parse("rojo=00f067aa0ba902b7 , congo=t61rcWkgMzE")?;
/// assert_eq!(state.get("congo"), Some("t61rcWkgMzE"));
///
/// // Whoever writes stands on the left.
/// let state = state.set("congo", "ours")?;
/// assert_eq!(state.to_string(), "congo=ours,rojo=00f067aa0ba902b7");
/// # Ok::<(), ode_core::propagation::ParseTraceStateError>(())
/// ```
//
// The header itself, without space, empty members and repeated keys: that is one allocation, and
// none to copy it into every unit below or to write it again. Looking a key up goes through at most
// 32 members, which is done once a request if at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceState {
    text: Option<Arc<str>>,
}

impl TraceState {
    /// The bytes of a header that every receiver is expected to carry on. [`Outgoing`] writes no
    /// more.
    ///
    /// [`Outgoing`]: super::Outgoing
    pub(crate) const HEADER_BYTES: usize = 512;

    /// Reads the value of a header. Space around members and empty members are passed over; of a
    /// key that is there twice the first is kept, because it is the later one.
    ///
    /// # Errors
    /// When a member is not `key=value` by the W3C grammar of level 2, or there are more than 32.
    /// The specification wants the whole state dropped then.
    pub fn parse(header: &str) -> Result<Self, ParseTraceStateError> {
        let mut reader = Reader::default();
        reader.read(header.as_bytes())?;
        Ok(reader.finish())
    }

    fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find_map(|(own, value)| (own == key).then_some(value))
    }

    /// Keys and values, from the left.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.as_str().split(',').filter_map(|member| member.split_once('='))
    }

    /// How many members there are, at most 32.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.text.is_none()
    }

    /// A state with this member on the left, in the place of one with the same key. The others
    /// keep their order; where there were 32 of them, the rightmost goes.
    ///
    /// # Errors
    /// When key or value breaks the grammar.
    pub fn set(&self, key: &str, value: &str) -> Result<Self, ParseTraceStateError> {
        check_key(key).and_then(|()| check_value(value)).map_err(Problem::alone)?;
        let others = self.iter().filter(|(other, _)| *other != key).take(MAX_MEMBERS - 1);
        Ok(Self::of(std::iter::once((key, value)).chain(others)))
    }

    /// A state without this key.
    #[must_use]
    pub fn remove(&self, key: &str) -> Self {
        match self.get(key) {
            Some(_) => Self::of(self.iter().filter(|(other, _)| *other != key)),
            None => self.clone(),
        }
    }

    /// Members that are known to be right and different.
    fn of<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut text = String::new();
        for (key, value) in members {
            text.extend([if text.is_empty() { "" } else { "," }, key, "=", value]);
        }
        Self::of_text(&text)
    }

    fn of_text(text: &str) -> Self {
        Self { text: (!text.is_empty()).then(|| Arc::from(text)) }
    }

    /// The whole header; empty if there is no member.
    pub fn to_header(&self) -> &str {
        self.as_str()
    }

    /// As much of the header as `max_bytes` hold, in whole members. Members of more than 128 bytes
    /// go first, then the others, each from the right.
    ///
    /// ```
    /// let state = ode_core::TraceState::parse("ours=1,theirs=2,oldest=3")?;
    /// assert_eq!(state.to_header_within(16), "ours=1,theirs=2");
    /// # Ok::<(), ode_core::propagation::ParseTraceStateError>(())
    /// ```
    pub fn to_header_within(&self, max_bytes: usize) -> Cow<'_, str> {
        let whole = self.as_str();
        let mut bytes = whole.len();
        if bytes <= max_bytes {
            return Cow::Borrowed(whole);
        }
        let mut members: Vec<_> = whole.split(',').collect();
        for longer_than in [LONG_MEMBER, 0] {
            let mut at = members.len();
            while bytes > max_bytes && at > 0 {
                at -= 1;
                if members.get(at).is_some_and(|member| member.len() > longer_than) {
                    // The last one that goes has no comma.
                    bytes = bytes.saturating_sub(members.remove(at).len() + 1);
                }
            }
        }
        Cow::Owned(members.join(","))
    }

    /// What OpenTelemetry's member `ot` says about sampling; `None` if it is not there or can't be
    /// read.
    pub fn sampling(&self) -> Option<OtState> {
        self.get(OT).and_then(|value| OtState::parse(value).ok())
    }

    /// A state whose member `ot` is this one, on the left; without one if this says nothing.
    ///
    /// # Errors
    /// When it would be longer than 256 bytes.
    pub fn with_sampling(&self, sampling: &OtState) -> Result<Self, ParseTraceStateError> {
        if sampling.is_empty() {
            return Ok(self.remove(OT));
        }
        self.set(OT, &sampling.to_string())
    }

    /// As [`with_sampling`](Self::with_sampling); where that fails, without the member.
    pub(super) fn with_sampling_or_none(&self, sampling: &OtState) -> Self {
        self.with_sampling(sampling).unwrap_or_else(|_| self.remove(OT))
    }
}

/// The whole header.
impl Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads one or more headers as one list.
#[derive(Debug, Default)]
pub(super) struct Reader {
    state: TraceState,
    /// Members read so far, repeated ones among them.
    members: usize,
}

impl Reader {
    pub(super) fn read(&mut self, header: &[u8]) -> Result<(), ParseTraceStateError> {
        let Ok(header) = std::str::from_utf8(trim_ows(header)) else {
            return Err(Problem::NotText.alone());
        };
        let mut kept = [("", ""); MAX_MEMBERS];
        let mut len = 0;
        // With a comma between each two; what is as long as the header is the header.
        let mut bytes = 0;
        for member in members(header) {
            self.members += 1;
            if self.members > MAX_MEMBERS {
                return Err(Problem::TooMany { limit: MAX_MEMBERS }.in_member(self.members));
            }
            let (key, value) =
                parse_member(member).map_err(|problem| problem.in_member(self.members))?;
            let repeated = kept.iter().take(len).any(|(other, _)| *other == key)
                || self.state.get(key).is_some();
            if let (false, Some(next)) = (repeated, kept.get_mut(len)) {
                *next = (key, value);
                bytes += usize::from(len > 0) + member.len();
                len += 1;
            }
        }
        if bytes == header.len() && self.state.is_empty() {
            self.state = TraceState::of_text(header);
        } else if len > 0 {
            self.state = TraceState::of(self.state.iter().chain(kept.iter().take(len).copied()));
        }
        Ok(())
    }

    pub(super) fn finish(self) -> TraceState {
        self.state
    }
}
