//! Exporters made for `opentelemetry_sdk` 0.33, as destinations: [`Spans`] and [`Logs`].
//!
//! For backends that have an exporter for the SDK and no OTLP, and for who wants to keep the exporter
//! that is there already. Where the receiver speaks OTLP, [`otlp`](crate::otlp) costs a tenth and says
//! more; the guide has the numbers.
//!
//! The module has the SDK's version in its name, because its types are part of the API. A new SDK
//! gets a module beside it.
//!
//! # What an event becomes
//!
//! The same as with [`otlp`](crate::otlp), by the same code, but for what the SDK has no place for:
//!
//! | of an event | as a span | as a log record |
//! |---|---|---|
//! | bytes, also in lists | base64 text | bytes |
//! | `trace_state` that the SDK refuses | attribute `trace_state` | attribute `trace_state`, as always |
//! | whether the parent is remote, which an event does not say | "no" | |
//! | name | the same | `event_name`; beyond 4,096 names a process, and 256 bytes, attribute `event.name` |
//!
//! # What becomes of a batch
//!
//! | the exporter says | the batch is |
//! |---|---|
//! | `Ok` | delivered |
//! | `Timeout`, or nothing in time | tried again |
//! | `AlreadyShutdown` | dropped |
//! | `InternalFailure` of `opentelemetry-otlp` with a status that passes, or without an answer | tried again |
//! | any other `InternalFailure` | dropped, unless [`retry_unknown_failures`](Spans::retry_unknown_failures) |
//!
//! When a batch was tried again that had arrived in part, that part is there twice; spans can be told
//! apart by their ids.

mod adapter;
mod attributes;
mod destination;
mod failure;
mod log;
mod logs;
mod names;
#[cfg(feature = "sdk-0-33-otlp")]
mod otlp;
mod reactor;
mod remote;
mod span;
mod spans;

pub use logs::Logs;
pub use spans::Spans;
