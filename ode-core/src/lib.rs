//! The core of ode.
#![forbid(unsafe_code)]

mod clock;
mod event;
mod export;
mod process;
mod record;
mod rng;
mod sync;

pub use event::{
    CancelCause, Event, EventBuilder, EventId, Failure, FieldKey, Limits, Outcome, OwnedValue,
    ParseTraceparentError, Sensitive, SpanId, ToArray, ToNumber, ToValue, TraceContext, TraceId,
    Value,
};
pub use export::{Batch, ExportError, Exporter};
pub use process::Process;
pub use record::{EventFields, Fields, Unrecorded};
