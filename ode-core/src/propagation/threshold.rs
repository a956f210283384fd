//! The sampling threshold that OpenTelemetry sends along, `th`.

use std::fmt::{self, Display};

/// One more than the largest threshold and the largest randomness: 2⁵⁶.
const ALL: u64 = 1 << 56;
const HEX_DIGITS: u32 = 14;

/// How much is rejected: a number below 2⁵⁶, to which each trace's 56 random bits are compared.
///
/// Whoever compares the same bits decides alike: what is kept at a small probability is kept at
/// every greater one. Ordered by how much is rejected.
///
/// ```
/// use ode_core::propagation::Threshold;
///
/// let tenth = Threshold::from_probability(0.1).ok_or("no probability")?;
/// assert_eq!(tenth.to_hex(), "e666");
/// assert!((tenth.adjusted_count() - 10.0).abs() < 0.001);
/// assert!(tenth.keeps(0xe6_6600_0000_0000) && !tenth.keeps(0xe6_65ff_ffff_ffff));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threshold(u64);

impl Threshold {
    /// Rejects nothing.
    pub const KEEP_ALL: Self = Self(0);

    /// The threshold for a probability, to four significant hexadecimal digits, which is what
    /// OpenTelemetry recommends; `None` for what is not from 2⁻⁵⁶ to 1.
    pub fn from_probability(probability: f64) -> Option<Self> {
        Self::from_probability_within(probability, 4)
    }

    /// As [`from_probability`](Self::from_probability), to this number of significant digits, from
    /// 1 to 14; others are taken as the nearer of these.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "from 1 to 2^56, and a power of two"
    )]
    pub fn from_probability_within(probability: f64, digits: u32) -> Option<Self> {
        let kept = probability * ALL as f64;
        if !(1.0..=ALL as f64).contains(&kept) {
            return None;
        }
        // Leading digits `f` say only that the probability is small, so they do not count. There is
        // one for every four powers of two below 1.
        let exponent = (probability.to_bits() >> 52) as u32;
        let leading = 1022_u32.saturating_sub(exponent) / 4;
        let digits = digits.clamp(1, HEX_DIGITS).saturating_add(leading).min(HEX_DIGITS);
        let unit = 1_u64 << (4 * (HEX_DIGITS - digits));
        let exact = ALL - kept.round() as u64;
        let rounded = (exact + unit / 2) / unit * unit;
        Some(Self(rounded.min(ALL - unit)))
    }

    /// Reads 1 to 14 lower-case hexadecimal digits, the first ones of 14; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let left_out = HEX_DIGITS.checked_sub(u32::try_from(text.len()).ok()?)?;
        parse_hex(text).map(|first| Self(first << (4 * left_out)))
    }

    /// Writes the digits, without the zeros on the right.
    pub fn to_hex(self) -> String {
        self.to_string()
    }

    /// The number itself, below 2⁵⁶.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// Whether a trace of this randomness is kept.
    pub const fn keeps(self, randomness: u64) -> bool {
        randomness >= self.0
    }

    /// Of how many each kept one tells, itself included: 1 to 2⁵⁶.
    #[expect(clippy::cast_precision_loss, reason = "by less than any digit that is sent")]
    pub fn adjusted_count(self) -> f64 {
        ALL as f64 / (ALL - self.0) as f64
    }
}

impl Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0");
        }
        let zeros = self.0.trailing_zeros() / 4;
        let digits = (HEX_DIGITS - zeros) as usize;
        write!(f, "{:0digits$x}", self.0 >> (4 * zeros))
    }
}

/// Lower-case hexadecimal digits, at least one and at most 14.
pub(super) fn parse_hex(text: &str) -> Option<u64> {
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let fits = text.len() <= HEX_DIGITS as usize;
    (fits && text.bytes().all(plain)).then(|| u64::from_str_radix(text, 16).ok()).flatten()
}
