//! The open phase of a unit of work: [`WideEvent`] and its builder.

pub(crate) mod builder;
pub(crate) mod companion;
pub(crate) mod future;
pub(crate) mod kind;
pub(crate) mod name;
pub(crate) mod open;
pub(crate) mod wide_event;

pub use builder::WideEventBuilder;
pub use future::InUnit;
pub use kind::SpanKind;
pub use name::UnitName;
pub use wide_event::WideEvent;
