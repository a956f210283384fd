//! A captured event, indexed by field.

use std::fmt;
use std::ops::{Deref, Index};

use crate::event::finished::Event;
use crate::event::value::OwnedValue;

/// An event that a test looks at: `event["cart.items"]`, and everything [`Event`] has.
#[derive(Clone)]
pub struct Captured {
    event: Event,
    values: Vec<(String, OwnedValue)>,
}

impl Captured {
    pub(crate) fn new(event: Event) -> Self {
        let own = [
            ("name", OwnedValue::Str(event.name().to_owned())),
            ("outcome", OwnedValue::Str(event.outcome().as_str().to_owned())),
            ("duration_ns", OwnedValue::U64(event.head.duration_ns)),
            ("event_id", OwnedValue::Str(event.event_id().to_string())),
            ("trace_id", OwnedValue::Str(event.trace_context().trace_id().to_string())),
            ("span_id", OwnedValue::Str(event.trace_context().span_id().to_string())),
            ("timestamp", OwnedValue::Str(event.head.start.to_string())),
        ];
        let parent =
            event.parent_span_id().map(|id| ("parent_span_id", OwnedValue::Str(id.to_string())));
        let owned = |(key, value): (&str, crate::Value<'_>)| {
            Some((key.to_owned(), value.to_owned_value()?))
        };
        let values = event
            .fields()
            .filter_map(owned)
            .chain(event.process().fields().filter_map(owned))
            .chain(own.into_iter().chain(parent).map(|(key, value)| (key.to_owned(), value)))
            .collect();
        Self { event, values }
    }

    /// A field's value, if the event has the field.
    pub fn field(&self, key: &str) -> Option<&OwnedValue> {
        self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Fails unless the event has no such field.
    ///
    /// # Panics
    /// When it has, with the whole event.
    #[track_caller]
    pub fn assert_absent(&self, key: &str) {
        if let Some(value) = self.field(key) {
            fail(&format!(
                "the event has {key} = {value}, and should not; it is\n{:#?}",
                self.event
            ));
        }
    }
}

impl Index<&str> for Captured {
    type Output = OwnedValue;

    /// The value of a field.
    ///
    /// # Panics
    /// When there is none, with the whole event.
    #[track_caller]
    fn index(&self, key: &str) -> &OwnedValue {
        match self.field(key) {
            Some(value) => value,
            None => fail(&format!("the event has no field {key}; it is\n{:#?}", self.event)),
        }
    }
}

impl Deref for Captured {
    type Target = Event;

    fn deref(&self) -> &Event {
        &self.event
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.event.fmt(f)
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "this is how a test fails")]
pub(crate) fn fail(message: &str) -> ! {
    panic!("{message}")
}
