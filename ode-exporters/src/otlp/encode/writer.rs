//! What protobuf and JSON have in common: messages of fields. And what they have in common with
//! records of the SDK: attributes.

use ode_core::{Entries, Event, Value};

use crate::otlp::encode::fields::Field;
use crate::otlp::encode::names;
use crate::write::digits::uuid;
use crate::write::room::Room;

/// Puts attributes. `None` is too little room.
pub(crate) trait Lists: Sized {
    /// A repeated field: items or attributes with the same field.
    fn list(&mut self, field: Field, items: impl FnOnce(&mut Self) -> Option<()>) -> Option<()>;

    /// A `KeyValue` of a repeated field. No integer is above `i64::MAX`.
    fn attribute(&mut self, field: Field, key: &str, value: Value<'_>) -> Option<()>;

    /// The attributes that every event has.
    fn identity(&mut self, field: Field, event: &Event) -> Option<()> {
        let id = uuid(event.event_id());
        let id = std::str::from_utf8(&id).unwrap_or_default();
        self.attribute(field, names::EVENT_ID, Value::Str(id))?;
        self.attribute(field, names::OUTCOME, Value::Str(event.outcome().as_str()))?;
        self.attribute(field, names::BUILD_ID, Value::Str(event.process().build_id()))
    }

    /// Puts fields that are attributes and nothing else for as long as there is a quick way to.
    #[inline]
    fn quickly(&mut self, field: Field, entries: &mut Entries<'_>) {
        let _ = (field, entries);
    }
}

/// Puts the fields of one message after another. `None` is too little room, as for [`Room`].
pub(crate) trait Writer<'m, 'r>: Lists {
    /// What stands around a message that is no field of another: the braces of JSON.
    fn whole(room: &'m mut Room<'r>, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()>;

    /// An id: bytes, or hexadecimal.
    fn id<const N: usize>(&mut self, field: Field, id: [u8; N]) -> Option<()>;

    /// Text.
    fn text(&mut self, field: Field, text: &str) -> Option<()>;

    /// A `fixed64`.
    fn fixed64(&mut self, field: Field, number: u64) -> Option<()>;

    /// A `fixed32`.
    fn fixed32(&mut self, field: Field, number: u32) -> Option<()>;

    /// An enum or `uint32`.
    fn number(&mut self, field: Field, number: u32) -> Option<()>;

    /// A message.
    fn message(&mut self, field: Field, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()>;

    /// A message of a repeated field.
    fn item(&mut self, field: Field, body: impl FnOnce(&mut Self) -> Option<()>) -> Option<()>;
}
