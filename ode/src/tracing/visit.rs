//! From the fields of a record to fields of the unit: each one formatted first, then written.

use std::error::Error;
use std::fmt::{self, Debug, Display};

use ::tracing::field::{Field, Visit};
use ode_core::{Value, integration, macro_support};

use crate::tracing::callsite::{Callsite, Seen};
use crate::tracing::key::{Joined, Names};
use crate::tracing::message::{Speaker, Text};

/// Writes the fields it is shown to the current unit.
pub(super) struct Recorder<'r> {
    names: &'r Names,
    /// Whose fields these are; `None` where every one is to be looked at.
    callsite: Option<&'r Callsite>,
    /// For names that have no key; made for the first of them.
    joined: Option<Joined>,
    message: Message<'r>,
    /// Begins the names of fields that say where the record is from.
    origin: Option<&'static str>,
}

/// What the field `message` is.
#[derive(Clone, Copy)]
pub(super) enum Message<'s> {
    /// What an event says.
    Said(Speaker<'s>),
    /// What an event says, and nobody wants to know.
    Unheard,
    /// A field as any other: a span says nothing.
    Field,
}

impl<'r> Recorder<'r> {
    #[inline]
    pub(super) fn new(
        names: &'r Names,
        callsite: Option<&'r Callsite>,
        message: Message<'r>,
    ) -> Self {
        Self { names, callsite, joined: None, message, origin: None }
    }

    /// Leaves out fields whose names begin like this, if anything.
    pub(super) fn without(self, origin: Option<&'static str>) -> Self {
        Self { origin, ..self }
    }

    #[inline]
    fn set(&mut self, field: &Field, value: Value<'_>) {
        match self.see(field) {
            Seen::Field(key) => macro_support::set(key, value),
            Seen::Message => self.set_message(value),
            Seen::Other => self.set_other(field.name(), value),
        }
    }

    #[inline]
    fn see(&self, field: &Field) -> Seen {
        self.callsite.map_or(Seen::Other, |callsite| callsite.see(field))
    }

    #[inline(never)]
    fn set_message(&mut self, value: Value<'_>) {
        self.set_taken("message", value);
    }

    #[inline(never)]
    fn set_other(&mut self, name: &'static str, value: Value<'_>) {
        if Names::are_taken(name) {
            self.set_taken(name, value);
        } else if self.origin.is_none_or(|origin| !name.starts_with(origin)) {
            macro_support::set_at(self.joined(name), value);
        }
    }

    /// The name below the prefix.
    fn joined(&mut self, name: &str) -> &str {
        self.joined.get_or_insert_with(|| Joined::below(self.names.prefix)).of(name)
    }

    #[inline]
    fn set_taken(&mut self, name: &str, value: Value<'_>) {
        let text = match value {
            Value::Str(text) => Text::Str(text),
            Value::Debug(text) => Text::Debug(text),
            ref other => Text::Debug(other),
        };
        match (name, self.message) {
            ("message", Message::Said(speaker)) => speaker.says(self.names, text),
            ("message", Message::Unheard) => {}
            _ => integration::set_moved(self.joined(name), value),
        }
    }
}

impl Visit for Recorder<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, Value::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, Value::I64(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, Value::U64(value));
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.set(field, Value::I64(value)),
            (_, Ok(value)) => self.set(field, Value::U64(value)),
            _ => self.set(field, Value::Display(&value)),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.set(field, Value::U64(value)),
            Err(_) => self.set(field, Value::Display(&value)),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, Value::F64(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, Value::Str(value));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.set(field, Value::Bytes(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.set(field, Value::Display(&WithSources(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, Value::Debug(value));
    }
}

/// An error and its sources as one text.
struct WithSources<'e>(&'e (dyn Error + 'static));

/// An error that is its own source must come to an end.
const MAX_SOURCES: usize = 32;

impl Display for WithSources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self.0, f)?;
        let mut error = self.0;
        for _ in 0..MAX_SOURCES {
            let Some(source) = error.source() else { break };
            write!(f, ": {source}")?;
            error = source;
        }
        Ok(())
    }
}
