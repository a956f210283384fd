//! Baggage: the application's own keys and values that travel with a request.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Display};
use std::sync::Arc;

use super::member::{members, trim_ows_str};
use super::percent::{decode, encode, encoded_len, is_value};

const MAX_MEMBERS: usize = 64;
const MAX_BYTES: usize = 8192;

/// W3C baggage: keys with values, in order, each key once.
///
/// Values are any text; on the wire they are percent-encoded. What stands behind a value as its
/// properties (`;k=v`) is passed on and not looked at. At most 64 members and 8,192 bytes on the
/// wire, in all headers together.
///
/// Baggage goes to every service a request reaches, and comes from whoever calls. So none of it is
/// recorded unless named: [`Incoming::allow_baggage`](super::Incoming::allow_baggage).
///
/// ```
/// use ode_core::Baggage;
///
/// let mut baggage = Baggage::parse("tenant=acme%20ltd;ttl=1, plan = gold");
/// assert_eq!(baggage.get("tenant"), Some("acme ltd"));
///
/// baggage.insert("city", "Köln")?;
/// assert_eq!(baggage.to_string(), "tenant=acme%20ltd;ttl=1,plan=gold,city=K%C3%B6ln");
/// # Ok::<(), ode_core::propagation::InvalidBaggageError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Baggage {
    /// Shared, because units hand it to the units below them.
    members: Option<Arc<Vec<Member>>>,
    /// Of the header as it would be written.
    bytes: usize,
    dropped: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    key: Box<str>,
    value: Box<str>,
    /// As on the wire, joined by `;`.
    properties: Box<str>,
    /// Of all of it as it would be written.
    bytes: usize,
}

impl Baggage {
    /// Reads the value of a header.
    ///
    /// At most 64 members are read, repeated ones among them. What is behind them, breaks the
    /// grammar, or is too long, is dropped and counted: [`dropped`](Self::dropped). Of a key that is there twice the last value counts, in the place
    /// of the first. Escaped bytes that are not UTF-8 become U+FFFD.
    pub fn parse(header: &str) -> Self {
        let mut reader = Reader::default();
        reader.read(header.as_bytes());
        reader.finish()
    }

    fn members(&self) -> &[Member] {
        self.members.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find_map(|(own, value)| (own == key).then_some(value))
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members().iter().map(|member| (&*member.key, &*member.value))
    }

    /// How many members there are, at most 64.
    pub fn len(&self) -> usize {
        self.members().len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members().is_empty()
    }

    /// How many members were dropped while it was read.
    pub const fn dropped(&self) -> usize {
        self.dropped
    }

    /// Adds a member, or gives the one with this key another value and no properties.
    ///
    /// # Errors
    /// When the key is not a token of HTTP, or it would be more than 64 members or 8,192 bytes.
    /// Nothing is changed then.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), InvalidBaggageError> {
        if !is_token(key) {
            return Err(Problem::Key.into());
        }
        self.put(Member::new(key, value, Box::default()))
    }

    /// Takes a member out, and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let at = self.iter().position(|(own, _)| own == key)?;
        let members = Arc::make_mut(self.members.as_mut()?);
        let member = members.remove(at);
        self.bytes -= member.bytes + usize::from(!members.is_empty());
        Some(member.value.into_string())
    }

    fn put(&mut self, member: Member) -> Result<(), InvalidBaggageError> {
        let len = self.len();
        let at = self.members().iter().position(|other| other.key == member.key);
        let replaced = at.and_then(|at| self.members().get(at));
        let bytes = match replaced {
            Some(replaced) => self.bytes - replaced.bytes + member.bytes,
            None => self.bytes + member.bytes + usize::from(len > 0),
        };
        if replaced.is_none() && len >= MAX_MEMBERS {
            return Err(Problem::Members.into());
        }
        if bytes > MAX_BYTES {
            return Err(Problem::Bytes.into());
        }
        let members = Arc::make_mut(self.members.get_or_insert_default());
        match at.and_then(|at| members.get_mut(at)) {
            Some(replaced) => *replaced = member,
            None => members.push(member),
        }
        self.bytes = bytes;
        Ok(())
    }
}

/// By their members; what was dropped while they were read does not count.
impl PartialEq for Baggage {
    fn eq(&self, other: &Self) -> bool {
        self.members() == other.members()
    }
}

impl Eq for Baggage {}

/// The value of a header.
impl Display for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, member) in self.members().iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "," })?;
            f.write_str(&member.key)?;
            f.write_str("=")?;
            encode(&member.value, f)?;
            f.write_str(if member.properties.is_empty() { "" } else { ";" })?;
            f.write_str(&member.properties)?;
        }
        Ok(())
    }
}

/// Reads one or more headers as one list.
#[derive(Debug, Default)]
pub(super) struct Reader {
    baggage: Baggage,
    /// Members met so far. Their number bounds the work that a caller can make.
    members: usize,
}

impl Reader {
    pub(super) fn read(&mut self, header: &[u8]) {
        // Bytes that are no text break the member they are in, and so does what replaces them.
        let text = std::str::from_utf8(header)
            .map_or_else(|_| String::from_utf8_lossy(header), Cow::Borrowed);
        for member in members(&text) {
            self.members += 1;
            let read = if self.members > MAX_MEMBERS { None } else { Member::parse(member) };
            let kept = read.is_some_and(|member| self.baggage.put(member).is_ok());
            self.baggage.dropped += usize::from(!kept);
        }
    }

    pub(super) fn finish(self) -> Baggage {
        self.baggage
    }
}

impl Member {
    fn new(key: &str, value: &str, properties: Box<str>) -> Self {
        let separator = usize::from(!properties.is_empty());
        let bytes = key.len() + 1 + encoded_len(value) + separator + properties.len();
        Self { key: key.into(), value: value.into(), properties, bytes }
    }

    /// `key=value;property;…`, with space allowed around each part.
    fn parse(member: &str) -> Option<Self> {
        let (pair, properties) = member.split_once(';').unwrap_or((member, ""));
        let (key, value) = pair.split_once('=')?;
        let (key, value) = (trim_ows_str(key), trim_ows_str(value));
        if !is_token(key) || !is_value(value) {
            return None;
        }
        let properties = parse_properties(properties)?;
        Some(Self::new(key, &decode(value), properties.into()))
    }
}

/// The properties without the space around their parts; `None` if one breaks the grammar.
fn parse_properties(properties: &str) -> Option<String> {
    let mut kept = String::new();
    for property in properties.split(';').map(trim_ows_str).filter(|text| !text.is_empty()) {
        kept.push_str(if kept.is_empty() { "" } else { ";" });
        if let Some((key, value)) = property.split_once('=') {
            let (key, value) = (trim_ows_str(key), trim_ows_str(value));
            if !is_token(key) || !is_value(value) {
                return None;
            }
            kept.extend([key, "=", value]);
        } else if is_token(property) {
            kept.push_str(property);
        } else {
            return None;
        }
    }
    Some(kept)
}

/// What HTTP calls a token.
fn is_token(text: &str) -> bool {
    let in_token = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
    };
    !text.is_empty() && text.bytes().all(in_token)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Problem {
    Key,
    Members,
    Bytes,
}

/// A member can't be added to the baggage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidBaggageError {
    problem: Problem,
}

impl From<Problem> for InvalidBaggageError {
    fn from(problem: Problem) -> Self {
        Self { problem }
    }
}

impl Display for InvalidBaggageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem {
            Problem::Key => f.write_str(
                "baggage key: not one or more of A-Z a-z 0-9 ! # $ % & ' * + - . ^ _ ` | ~",
            ),
            Problem::Members => write!(f, "baggage: more than {MAX_MEMBERS} members"),
            Problem::Bytes => write!(f, "baggage: more than {MAX_BYTES} bytes as a header"),
        }
    }
}

impl Error for InvalidBaggageError {}
