//! The fields of an event as encoders go through them.

use crate::event::finished::Event;
use crate::event::keys::Key;
use crate::event::value::Value;
use crate::record::buffer::{Field, Kind, unrange};

/// The key of a field, with its JSON form where that is known without looking.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct FieldKey<'e>(Name<'e>);

#[derive(Clone, Copy, Debug)]
enum Name<'e> {
    Static(&'static Key),
    Text(&'e str),
}

impl<'e> FieldKey<'e> {
    /// The name.
    #[inline]
    pub fn name(&self) -> &'e str {
        match self.0 {
            Name::Static(key) => key.name(),
            Name::Text(name) => name,
        }
    }

    /// Where the key is, if it stays there as long as the program runs: whoever has seen the address
    /// before knows the name.
    #[inline]
    pub fn address(&self) -> Option<usize> {
        match self.0 {
            Name::Static(key) => Some(std::ptr::from_ref(key).addr()),
            Name::Text(_) => None,
        }
    }

    /// `,"name":`, for names made when the program was compiled that need no escaping.
    #[inline]
    pub fn json(&self) -> Option<&'static str> {
        match self.0 {
            Name::Static(key) => key.json(),
            Name::Text(_) => None,
        }
    }
}

/// The fields of an event, for encoders.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Entries<'e> {
    event: &'e Event,
    text: &'e [u8],
    rest: std::slice::Iter<'e, Field>,
}

impl<'e> Iterator for Entries<'e> {
    type Item = (FieldKey<'e>, Value<'e>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.rest.next()?;
        if let Some(key) = entry.key {
            return Some((FieldKey(Name::Static(key)), self.event.value(entry)));
        }
        // A run-time key stands before its value.
        let value = self.rest.next()?;
        let name = self.event.text.get(unrange(entry.data)).unwrap_or_default();
        Some((FieldKey(Name::Text(name)), self.event.value(value)))
    }
}

impl<'e> Entries<'e> {
    #[inline]
    pub(crate) fn of(event: &'e Event, entries: &'e [Field]) -> Self {
        Self { event, text: event.text.as_bytes(), rest: entries.iter() }
    }

    /// What comes next, as far as it is known without looking closer, and what comes behind it. A
    /// run-time key comes by itself, before its value.
    #[inline]
    pub fn peek(&self) -> Option<(Glance<'e>, Self)> {
        let mut behind = self.clone();
        let entry = behind.rest.next()?;
        Some((Glance { text: self.text, entry }, behind))
    }
}

/// A field that was not read yet, or the run-time key of one, or the value behind that.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Glance<'e> {
    text: &'e [u8],
    entry: &'e Field,
}

/// A value of fixed length, or a text with what is behind it in memory.
#[doc(hidden)]
#[expect(clippy::exhaustive_enums, reason = "for the exporters of this workspace")]
#[derive(Clone, Copy, Debug)]
pub enum Plain<'e> {
    /// A truth value.
    Bool(bool),
    /// An integer.
    I64(i64),
    /// An integer.
    U64(u64),
    /// A float.
    F64(f64),
    /// The first so many bytes are text.
    Text(&'e [u8; WIDE], usize),
    /// Anything else, and a text that is longer, or that has too little behind it.
    Other,
}

/// How long a text with what is behind it is.
pub(crate) const WIDE: usize = 64;
/// Stands behind the texts of an event, so that the last of them can be read wide, too.
pub(crate) const MARGIN: &str = "                                                                ";

const _: () = assert!(MARGIN.len() == WIDE);

impl<'e> Glance<'e> {
    /// The key, if it is no run-time key.
    #[inline]
    pub fn key(&self) -> Option<FieldKey<'e>> {
        self.entry.key.map(|key| FieldKey(Name::Static(key)))
    }

    /// The run-time key that stands here before its value, with what is behind it in memory, and how
    /// many bytes of that are the key, at most as many as there are.
    #[inline]
    pub fn run_time_key(&self) -> Option<(&'e [u8; WIDE], usize)> {
        if self.entry.kind != Kind::KeyText {
            return None;
        }
        self.wide().filter(|(_, length)| *length <= WIDE)
    }

    /// The text that an entry of text is, with what is behind it in memory, and its length.
    #[inline]
    fn wide(&self) -> Option<(&'e [u8; WIDE], usize)> {
        let text = unrange(self.entry.data);
        let wide = self.text.get(text.start..text.start + WIDE)?.first_chunk()?;
        Some((wide, text.len()))
    }

    /// The value, if it is plain.
    #[inline]
    pub fn value(&self) -> Plain<'e> {
        let data = self.entry.data;
        match self.entry.kind {
            Kind::Bool => Plain::Bool(data != 0),
            Kind::I64 => Plain::I64(data.cast_signed()),
            Kind::U64 => Plain::U64(data),
            Kind::F64 => Plain::F64(f64::from_bits(data)),
            Kind::Str => match self.wide() {
                Some((wide, length)) if length <= WIDE => Plain::Text(wide, length),
                _ => Plain::Other,
            },
            Kind::Bytes | Kind::Array | Kind::KeyText => Plain::Other,
        }
    }
}
