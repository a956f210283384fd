//! Baggage: the application's own keys and values that travel with a request.

use std::error::Error;
use std::fmt::{self, Display};
use std::sync::Arc;

use super::member::{trim_ows, trim_ows_str};
use super::percent::{decode, encode, encoded_len, is_value_byte};

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
}

impl Baggage {
    /// Reads the value of a header.
    ///
    /// What breaks the grammar, or is too much, is dropped member by member and counted:
    /// [`dropped`](Self::dropped). Of a key that is there twice the last value counts, in the place
    /// of the first. Escaped bytes that are not UTF-8 become U+FFFD.
    pub fn parse(header: &str) -> Self {
        let mut baggage = Self::default();
        baggage.read(header.as_bytes());
        baggage
    }

    /// Reads one more header.
    pub(super) fn read(&mut self, header: &[u8]) {
        for piece in header.split(|byte| *byte == b',').map(trim_ows) {
            let room = self.len() < MAX_MEMBERS;
            let member = if room { Member::parse(piece) } else { None };
            let kept = member.is_some_and(|member| self.put(member).is_ok());
            self.dropped += usize::from(!kept && !piece.is_empty());
        }
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
        self.put(Member { key: key.into(), value: value.into(), properties: Box::default() })
    }

    /// Takes a member out, and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let at = self.iter().position(|(own, _)| own == key)?;
        let members = Arc::make_mut(self.members.as_mut()?);
        let member = members.remove(at);
        self.bytes -= member.wire_len() + usize::from(!members.is_empty());
        Some(member.value.into_string())
    }

    fn put(&mut self, member: Member) -> Result<(), InvalidBaggageError> {
        let len = self.len();
        let at = self.members().iter().position(|other| other.key == member.key);
        let replaced = at.and_then(|at| self.members().get(at));
        let bytes = match replaced {
            Some(replaced) => self.bytes - replaced.wire_len() + member.wire_len(),
            None => self.bytes + member.wire_len() + usize::from(len > 0),
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

impl Member {
    /// `key=value;property;…`, with space allowed around each part.
    fn parse(member: &[u8]) -> Option<Self> {
        let member = std::str::from_utf8(member).ok()?;
        let (pair, properties) = member.split_once(';').unwrap_or((member, ""));
        let (key, value) = pair.split_once('=')?;
        let (key, value) = (trim_ows_str(key), trim_ows_str(value));
        if !is_token(key) || !is_value(value) {
            return None;
        }
        let properties = parse_properties(properties)?;
        Some(Self { key: key.into(), value: decode(value).into(), properties: properties.into() })
    }

    fn wire_len(&self) -> usize {
        let properties = self.properties.len();
        let separator = usize::from(properties > 0);
        self.key.len() + 1 + encoded_len(&self.value) + separator + properties
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

fn is_value(text: &str) -> bool {
    // Without leaving early, which the compiler makes vector code.
    text.bytes().fold(true, |clean, byte| clean & is_value_byte(byte))
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
