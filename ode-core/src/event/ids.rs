//! Identities: of the trace, of the unit, of the event; and the W3C trace context.

use std::error::Error;
use std::fmt::{self, Debug, Display};

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $digits:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) $inner);

        impl $name {
            /// From big-endian bytes; `None` when all are zero, which W3C makes invalid.
            pub const fn from_bytes(bytes: [u8; $digits / 2]) -> Option<Self> {
                match <$inner>::from_be_bytes(bytes) {
                    0 => None,
                    id => Some(Self(id)),
                }
            }

            /// The id as big-endian bytes.
            pub const fn to_bytes(self) -> [u8; $digits / 2] {
                self.0.to_be_bytes()
            }

            /// From lower-case hexadecimal; `None` for another length, other characters, or zero.
            pub fn from_hex(text: &str) -> Option<Self> {
                if text.len() != $digits {
                    return None;
                }
                let mut id: $inner = 0;
                for part in text.as_bytes().chunks(16) {
                    id = id.checked_shl(64).unwrap_or(0) | <$inner>::from(number_of(part)?);
                }
                if id == 0 { None } else { Some(Self(id)) }
            }

            /// Writes the digits at the beginning of a text that is made.
            fn write_hex(self, out: &mut [u8]) {
                for (two, byte) in out.chunks_exact_mut(2).zip(self.to_bytes()) {
                    two.copy_from_slice(&hex_digits(byte));
                }
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [b'0'; $digits];
                self.write_hex(&mut text);
                f.pad(str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Display::fmt(self, f)
            }
        }
    };
}

/// What up to 16 lower-case hexadecimal digits say.
fn number_of(digits: &[u8]) -> Option<u64> {
    let (mut number, mut all) = (0, 0);
    for digit in digits {
        let value = VALUES.get(usize::from(*digit)).copied().unwrap_or(NO_DIGIT);
        number = number << 4 | u64::from(value);
        all |= value;
    }
    (all < NO_DIGIT).then_some(number)
}

/// More than any digit.
const NO_DIGIT: u8 = 16;

/// The value of each byte as a lower-case hexadecimal digit. Ids come and go with every request, so
/// their digits are looked up.
static VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let (mut rest, mut byte): (&mut [u8], u8) = (&mut values, 0);
    while let [value, tail @ ..] = rest {
        match byte {
            b'0'..=b'9' => *value = byte - b'0',
            b'a'..=b'f' => *value = byte - b'a' + 10,
            _ => {}
        }
        (rest, byte) = (tail, byte.wrapping_add(1));
    }
    values
};

fn hex_digits(byte: u8) -> [u8; 2] {
    PAIRS.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The two digits of each byte.
static PAIRS: [[u8; 2]; 256] = {
    const fn digit(value: u8) -> u8 {
        if value < 10 { b'0' + value } else { b'a' + value - 10 }
    }
    let mut pairs = [[0; 2]; 256];
    let (mut rest, mut byte): (&mut [[u8; 2]], u8) = (&mut pairs, 0);
    while let [pair, tail @ ..] = rest {
        *pair = [digit(byte >> 4), digit(byte & 15)];
        (rest, byte) = (tail, byte.wrapping_add(1));
    }
    pairs
};

hex_id! {
    /// A W3C trace id: 16 bytes, never zero, written as 32 lower-case hexadecimal digits.
    TraceId, u128, 32
}
hex_id! {
    /// A W3C span id, here the id of one unit: 8 bytes, never zero, 16 lower-case hexadecimal digits.
    SpanId, u64, 16
}

/// The id of one event, unique across processes: a UUID version 7, so ids sort by time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub(crate) u128);

impl EventId {
    /// A version 7 UUID from milliseconds since 1970 and random bits.
    pub(crate) const fn from_parts(unix_millis: u64, random: u128) -> Self {
        let time = ((unix_millis & 0xffff_ffff_ffff) as u128) << 80;
        let random = random & 0x0000_0000_0000_0fff_3fff_ffff_ffff_ffff;
        Self(time | random | (0x7 << 76) | (0b10 << 62))
    }

    /// The id as big-endian bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// From the hyphenated form that [`Display`] writes; `None` for anything else.
    pub fn from_uuid(text: &str) -> Option<Self> {
        let hyphens_right =
            text.bytes().enumerate().all(|(at, b)| (b == b'-') == matches!(at, 8 | 13 | 18 | 23));
        if text.len() != 36 || !hyphens_right || text.contains('+') {
            return None;
        }
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        u128::from_str_radix(&digits, 16).ok().map(Self)
    }
}

impl Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        write!(f, "{:08x}-{:04x}-{:04x}", id >> 96, (id >> 80) & 0xffff, (id >> 64) & 0xffff)?;
        write!(f, "-{:04x}-{:012x}", (id >> 48) & 0xffff, id & 0xffff_ffff_ffff)
    }
}

impl Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

/// Where a unit stands in a trace: trace id, its own span id and the W3C flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) flags: u8,
}

const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;

impl TraceContext {
    /// A sampled context of these ids.
    pub const fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        Self { trace_id, span_id, flags: SAMPLED }
    }

    /// A root of our own: sampled, with a random trace id, and saying so.
    pub(crate) const fn root(trace_id: TraceId, span_id: SpanId) -> Self {
        Self { trace_id, span_id, flags: SAMPLED | RANDOM }
    }

    /// The same ids with these W3C flags; bits without a meaning are dropped.
    ///
    /// ```
    /// use ode_core::{SpanId, TraceContext, TraceId};
    /// # fn ids() -> Option<(TraceId, SpanId)> {
    /// #     Some((TraceId::from_bytes([1; 16])?, SpanId::from_bytes([2; 8])?))
    /// # }
    /// # let (trace, span) = ids().expect("not zero");
    /// assert!(!TraceContext::new(trace, span).with_flags(0).is_sampled());
    /// ```
    #[must_use]
    pub const fn with_flags(self, flags: u8) -> Self {
        Self { flags: flags & (SAMPLED | RANDOM), ..self }
    }

    /// Another span of the same trace, with the same flags.
    #[must_use]
    pub const fn child(self, span_id: SpanId) -> Self {
        Self { span_id, ..self }
    }

    /// The same without the *sampled* flag.
    pub(crate) const fn not_sampled(self) -> Self {
        Self { flags: self.flags & !SAMPLED, ..self }
    }

    /// The trace all units of one request share.
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The unit itself.
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// W3C trace flags; bit 0 is *sampled*, bit 1 is *random*.
    pub const fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether the *sampled* flag is set.
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Parses a W3C `traceparent` header value.
    ///
    /// A version above 00 is read by position, as the specification asks; unknown flags are
    /// dropped.
    ///
    /// ```
    /// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let context = ode_core::TraceContext::from_traceparent(parent)?;
    /// assert_eq!(context.to_traceparent(), parent);
    /// # Ok::<(), ode_core::ParseTraceparentError>(())
    /// ```
    ///
    /// # Errors
    /// When the header is not `version-traceid-spanid-flags` in lower-case hexadecimal, when an
    /// id is zero, or when the version is `ff`.
    pub fn from_traceparent(header: &str) -> Result<Self, ParseTraceparentError> {
        parse_traceparent(header).ok_or(ParseTraceparentError { private: () })
    }

    /// Writes the W3C `traceparent` header value, version 00.
    pub fn to_traceparent(self) -> String {
        self.with_traceparent(str::to_owned)
    }

    /// Runs with the header value, made without asking for memory.
    pub(crate) fn with_traceparent<R>(self, f: impl FnOnce(&str) -> R) -> R {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let [_, _, _, ids @ .., _, _, _] = &mut text;
        let (trace, span) = ids.split_at_mut(33);
        self.trace_id.write_hex(trace);
        self.span_id.write_hex(span);
        let [.., high, low] = &mut text;
        [*high, *low] = hex_digits(self.flags);
        f(str::from_utf8(&text).unwrap_or_default())
    }
}

fn parse_traceparent(header: &str) -> Option<TraceContext> {
    let version = hex_byte(header.get(0..2)?)?;
    let tail = header.get(55..)?;
    let ends_right =
        if version == 0 { tail.is_empty() } else { tail.is_empty() || tail.starts_with('-') };
    let hyphens = [2, 35, 52].iter().all(|at| header.as_bytes().get(*at) == Some(&b'-'));
    if version == 0xff || !ends_right || !hyphens {
        return None;
    }
    Some(TraceContext {
        trace_id: TraceId::from_hex(header.get(3..35)?)?,
        span_id: SpanId::from_hex(header.get(36..52)?)?,
        flags: hex_byte(header.get(53..55)?)? & (SAMPLED | RANDOM),
    })
}

fn hex_byte(text: &str) -> Option<u8> {
    number_of(text.as_bytes()).and_then(|number| u8::try_from(number).ok())
}

/// The header was not a W3C `traceparent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTraceparentError {
    private: (),
}

impl Display for ParseTraceparentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a W3C traceparent: expected 00-<32 hex>-<16 hex>-<2 hex>, lower case, ids not zero")
    }
}

impl Error for ParseTraceparentError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_by_the_letter() {
        let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let ok = |h: &str| TraceContext::from_traceparent(h).map(|c| c.flags());
        assert_eq!(ok(&format!("00-{trace}-{span}-01")), Ok(1));
        assert_eq!(ok(&format!("00-{trace}-{span}-ff")), Ok(3), "unknown flags are dropped");
        assert_eq!(ok(&format!("cc-{trace}-{span}-00-what-follows")), Ok(0));
        for bad in [
            String::new(),
            format!("00-{trace}-{span}-01-x"),
            format!("cc-{trace}-{span}-00.x"),
            format!("ff-{trace}-{span}-01"),
            format!("00-{}-{span}-01", trace.to_uppercase()),
            format!("00-{}-{span}-01", "0".repeat(32)),
            format!("00-{trace}-{}-01", "0".repeat(16)),
            format!("00-{trace}-{span}-0"),
            format!("00-{trace}-{span}-+1"),
            format!("00_{trace}-{span}-01"),
            "é".repeat(40),
        ] {
            assert!(ok(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn event_ids_are_version_7_uuids() {
        let id = EventId::from_parts(0x0123_4567_89ab, u128::MAX);
        assert_eq!(id.to_string(), "01234567-89ab-7fff-bfff-ffffffffffff");
        assert_eq!(EventId::from_uuid(&id.to_string()), Some(id));
        assert_eq!(EventId::from_uuid("01234567-89ab-7fff-bfff-fffffffffff"), None);
    }
}
