//! The event model: values, identities, outcomes, names and limits, and the finished [`Event`].

pub(crate) mod array;
pub(crate) mod entries;
pub(crate) mod finished;
pub(crate) mod ids;
pub(crate) mod interned;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod outcome;
#[cfg(feature = "serde")]
mod serialize;
pub(crate) mod time;
pub(crate) mod value;

pub use entries::{Entries, FieldKey, Glance, Plain};
pub use finished::{Event, EventBuilder};
pub use ids::{EventId, ParseTraceparentError, SpanId, TraceContext, TraceId};
pub use limits::Limits;
pub use outcome::{CancelCause, Failure, Outcome};
pub use value::{OwnedValue, Sensitive, ToArray, ToNumber, ToValue, Value};
