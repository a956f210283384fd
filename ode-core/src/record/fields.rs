//! Typed groups of fields: [`EventFields`], implemented by `#[derive(EventFields)]` or by hand.

use std::fmt;

use crate::event::keys::Key;
use crate::event::value::{MASK, ToValue, Value};
use crate::record::buffer::KeyRef;
use crate::record::format;

/// A type that records a group of fields onto an event.
///
/// ```
/// use ode_core::{EventFields, Fields};
/// struct Chunk { rows: u64, bytes: u64 }
/// impl EventFields for Chunk {
///     fn record(&self, fields: &mut Fields<'_>) {
///         fields.set("chunk.rows", self.rows).set("chunk.bytes", self.bytes);
///     }
/// }
/// # let _ = Chunk { rows: 1, bytes: 2 };
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no event fields",
    label = "not a group of event fields",
    note = "add #[derive(ode::EventFields)] to {Self}",
    note = "return () to record nothing, or wrap the value in ode::Unrecorded(..)"
)]
pub trait EventFields {
    /// Records every field of the group.
    fn record(&self, fields: &mut Fields<'_>);
}

impl EventFields for () {
    fn record(&self, _fields: &mut Fields<'_>) {}
}

impl<T: EventFields + ?Sized> EventFields for &T {
    fn record(&self, fields: &mut Fields<'_>) {
        (**self).record(fields);
    }
}

impl<T: EventFields> EventFields for Option<T> {
    fn record(&self, fields: &mut Fields<'_>) {
        if let Some(inner) = self {
            inner.record(fields);
        }
    }
}

/// Kept off the event on purpose: has [`EventFields`] and records nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a newtype, made and opened by its field")]
pub struct Unrecorded<T>(pub T);

impl<T> EventFields for Unrecorded<T> {
    fn record(&self, _fields: &mut Fields<'_>) {}
}

/// Where the fields of a group go.
pub(crate) trait FieldSink {
    fn set(&mut self, key: KeyRef<'_>, value: Value<'_>);
    /// The keyed hash of a text, as a value to record; the mask where no key is set up.
    fn set_hashed(&mut self, key: KeyRef<'_>, text: &str);
}

/// What [`EventFields::record`] writes to: an event, under a prefix.
pub struct Fields<'f> {
    sink: &'f mut (dyn FieldSink + 'f),
    prefix: Option<&'f Prefix<'f>>,
}

struct Prefix<'f> {
    outer: Option<&'f Self>,
    name: &'f str,
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").finish_non_exhaustive()
    }
}

/// Values longer than this are hashed by their beginning.
const HASHED_BYTES: usize = 64 << 10;

impl<'f> Fields<'f> {
    pub(crate) fn new(sink: &'f mut (dyn FieldSink + 'f)) -> Self {
        Self { sink, prefix: None }
    }

    /// Records one field; `Option::None` records nothing.
    pub fn set(&mut self, key: &str, value: impl ToValue) -> &mut Self {
        self.put(KeyRef::Text(key), |sink, key| {
            sink.set(key, value.to_value());
        });
        self
    }

    /// Records a group below a prefix: `nested("codec", &codec)` gives `codec.name`, `codec.level`.
    pub fn nested(&mut self, prefix: &str, inner: &(impl EventFields + ?Sized)) -> &mut Self {
        let prefix = Prefix { outer: self.prefix, name: prefix };
        inner.record(&mut Fields { sink: &mut *self.sink, prefix: Some(&prefix) });
        self
    }

    /// Records a group at this level.
    pub fn flatten(&mut self, inner: &(impl EventFields + ?Sized)) -> &mut Self {
        inner.record(&mut Fields { sink: &mut *self.sink, prefix: self.prefix });
        self
    }

    /// As [`Fields::set`], by the derive.
    #[doc(hidden)]
    #[inline]
    pub fn set_key(&mut self, key: &'static Key, value: Value<'_>) -> &mut Self {
        self.put(KeyRef::Static(key), |sink, key| sink.set(key, value));
        self
    }

    /// `sensitive = "mask"`: says that there was a value, not which.
    #[doc(hidden)]
    pub fn set_masked(&mut self, key: &'static Key, value: Value<'_>) -> &mut Self {
        if !value.is_absent() {
            self.put(KeyRef::Static(key), |sink, key| {
                sink.set(key, Value::Str(MASK));
            });
        }
        self
    }

    /// `sensitive = "hash"`: equal values give equal hashes, and only the key holder can tell which.
    #[doc(hidden)]
    pub fn set_hashed(&mut self, key: &'static Key, value: Value<'_>) -> &mut Self {
        let mut hash = |text: &str| {
            self.put(KeyRef::Static(key), |sink, key| sink.set_hashed(key, text));
        };
        match value {
            Value::Absent => {}
            Value::Str(text) => hash(text),
            Value::Display(shown) => format::with_display(shown, HASHED_BYTES, |t, _cut| hash(t)),
            other => format::with_debug(&other, HASHED_BYTES, |text, _cut| hash(text)),
        }
        self
    }

    #[inline]
    fn put(&mut self, key: KeyRef<'_>, write: impl FnOnce(&mut (dyn FieldSink + 'f), KeyRef<'_>)) {
        match self.prefix {
            None => match key {
                KeyRef::Static(key) if key.is_reserved() => {
                    write(self.sink, KeyRef::Text(key.name()));
                }
                key => write(self.sink, key),
            },
            Some(prefix) => format::with_display(
                &Prefixed { prefix, name: key.name() },
                MAX_KEY_BYTES,
                |key, _cut| write(self.sink, KeyRef::Text(key)),
            ),
        }
    }
}

const MAX_KEY_BYTES: usize = 1 << 10;

struct Prefixed<'p> {
    prefix: &'p Prefix<'p>,
    name: &'p str,
}

impl fmt::Display for Prefixed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.prefix.write(f)?;
        f.write_str(self.name)
    }
}

impl Prefix<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(outer) = self.outer {
            outer.write(f)?;
        }
        f.write_str(self.name)?;
        f.write_str(".")
    }
}
