//! [`Recorded`]: anything that has the fields of an event.

use crate::event::finished::Event;
use crate::event::value::Value;

/// Anything that has the fields of an event: an [`Event`], or a row of a table that events were
/// written to.
///
/// ```
/// use ode_core::Value;
/// use ode_core::calibration::Recorded;
/// struct Row(Vec<(String, f64)>);
/// impl Recorded for Row {
///     fn get(&self, key: &str) -> Option<Value<'_>> {
///         self.0.iter().find(|(known, _)| known == key).map(|(_, value)| Value::F64(*value))
///     }
///     fn each(&self, look: &mut dyn FnMut(&str, Value<'_>)) {
///         self.0.iter().for_each(|(key, value)| look(key, Value::F64(*value)));
///     }
/// }
/// # let _ = Row(Vec::new());
/// ```
pub trait Recorded {
    /// The value under a key; also of `outcome`.
    fn get(&self, key: &str) -> Option<Value<'_>>;

    /// Looks at every field, each key once.
    fn each(&self, look: &mut dyn FnMut(&str, Value<'_>));
}

impl Recorded for Event {
    fn get(&self, key: &str) -> Option<Value<'_>> {
        Self::get(self, key)
    }

    fn each(&self, look: &mut dyn FnMut(&str, Value<'_>)) {
        self.fields().for_each(|(key, value)| look(key, value));
    }
}
