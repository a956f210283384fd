//! The grammar of one `tracestate` member, and what is said when it is broken.

use std::error::Error;
use std::fmt::{self, Display};
use std::num::NonZeroUsize;

/// The longest key, and the longest value, in bytes.
const MAX_PART: usize = 256;

/// Without the spaces and tabs that HTTP allows around a value and around a member.
pub(super) const fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The same for text.
pub(super) fn trim_ows_str(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The members of a list, without the space around them and without empty ones.
pub(super) fn members(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let begin = rest.bytes().position(|byte| !matches!(byte, b',' | b' ' | b'\t'))?;
        let (_, from_here) = rest.split_at_checked(begin)?;
        let (member, after) = from_here.split_once(',').unwrap_or((from_here, ""));
        rest = after;
        Some(trim_ows_str(member))
    })
}

/// Key and value of one member, without the space around it.
pub(super) fn parse_member(member: &str) -> Result<(&str, &str), Problem> {
    let (key, value) = member.split_once('=').ok_or(Problem::NoEqualsSign)?;
    check_key(key)?;
    check_value(value)?;
    Ok((key, value))
}

pub(super) fn check_key(key: &str) -> Result<(), Problem> {
    let in_key =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    match key.as_bytes() {
        [] => Err(Problem::EmptyKey),
        bytes if bytes.len() > MAX_PART => Err(Problem::LongKey),
        [b'a'..=b'z' | b'0'..=b'9', rest @ ..] => match rest.iter().position(|b| !in_key(*b)) {
            Some(at) => Err(Problem::KeyByte { at: at + 2 }),
            None => Ok(()),
        },
        _ => Err(Problem::KeyByte { at: 1 }),
    }
}

pub(super) fn check_value(value: &str) -> Result<(), Problem> {
    let in_value = |byte: u8| matches!(byte, 0x20..=0x7e) && byte != b',' && byte != b'=';
    // All bytes are looked at, without leaving early: the compiler makes that vector code.
    let clean = value.bytes().fold(true, |clean, byte| clean & in_value(byte));
    match value.len() {
        0 => Err(Problem::EmptyValue),
        1..=MAX_PART if clean && value.ends_with(' ') => Err(Problem::TrailingSpace),
        1..=MAX_PART if clean => Ok(()),
        1..=MAX_PART => {
            let at = value.bytes().position(|byte| !in_value(byte)).unwrap_or(0);
            Err(Problem::ValueByte { at: at + 1 })
        }
        _ => Err(Problem::LongValue),
    }
}

/// What is wrong with a member. Positions count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    TooMany { limit: usize },
    NotText,
    NoEqualsSign,
    EmptyKey,
    LongKey,
    KeyByte { at: usize },
    EmptyValue,
    LongValue,
    ValueByte { at: usize },
    TrailingSpace,
}

impl Problem {
    /// As the error of the member at this position, from 1.
    pub(super) const fn in_member(self, position: usize) -> ParseTraceStateError {
        ParseTraceStateError { member: NonZeroUsize::new(position), problem: self }
    }

    /// As the error of a key and value given on their own.
    pub(super) const fn alone(self) -> ParseTraceStateError {
        ParseTraceStateError { member: None, problem: self }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { limit } => write!(f, "more than {limit} members"),
            Self::NotText => f.write_str("the header is not UTF-8"),
            Self::NoEqualsSign => f.write_str("no `=` between key and value"),
            Self::EmptyKey => f.write_str("the key is empty"),
            Self::LongKey => write!(f, "the key is longer than {MAX_PART} bytes"),
            Self::KeyByte { at: 1 } => f.write_str("a key begins with one of a-z 0-9"),
            Self::KeyByte { at } => {
                write!(f, "byte {at} of the key is none of a-z 0-9 _ - * / @")
            }
            Self::EmptyValue => f.write_str("the value is empty"),
            Self::LongValue => write!(f, "the value is longer than {MAX_PART} bytes"),
            Self::ValueByte { at } => {
                write!(f, "byte {at} of the value is not printable ASCII, or is `,` or `=`")
            }
            Self::TrailingSpace => f.write_str("the value ends with a space, which would be lost"),
        }
    }
}

/// A `tracestate` header, or a key or value for one, broke the grammar. Says where and how, and
/// repeats nothing of the text, which comes from a stranger.
///
/// ```
/// let error = ode_core::TraceState::parse("a=1, B=2").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "tracestate member 2: a key begins with one of a-z 0-9",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseTraceStateError {
    member: Option<NonZeroUsize>,
    problem: Problem,
}

impl Display for ParseTraceStateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.member {
            Some(member) => write!(f, "tracestate member {member}: {}", self.problem),
            None => write!(f, "tracestate: {}", self.problem),
        }
    }
}

impl Error for ParseTraceStateError {}
