//! OTLP: a unit of work as a span, as a log record, or as both; as protobuf or as JSON, written
//! straight from the event.
//!
//! # What an event becomes
//!
//! | event | span | log record |
//! |---|---|---|
//! | name | `name` | `event_name` |
//! | timestamp | `start_time_unix_nano` | `time_unix_nano` |
//! | timestamp + duration | `end_time_unix_nano` | `observed_time_unix_nano`; attribute `duration_ns` |
//! | trace id, span id, flags | the same | the same |
//! | parent | `parent_span_id` | attribute `parent_span_id` |
//! | event id, outcome, build id | attributes `event_id`, `outcome`, `build_id` | the same |
//! | outcome | `status` | `severity_number`, `severity_text` |
//! | outcome, reason or error, duration | | `body`, one readable line |
//! | process | resource | resource |
//! | fields, in order | attributes | attributes |
//! | `error.type`, `error.message` of an outcome `error` or `panicked` | also an event `exception` | |
//! | `links`, `trace_state` | `links`, `trace_state` | attributes |
//! | `sample_rate` | also attribute `SampleRate`, `ot=th:…` in `trace_state` | also attribute `SampleRate` |
//! | `ode.kind` | `kind`, internal where it says none | attribute |
//! | `ode.dropped_fields` | also `dropped_attributes_count` | the same |
//!
//! | outcome | status of the span | severity of the log record |
//! |---|---|---|
//! | `ok`, `declined` | unset | 9 `INFO` |
//! | `cancelled` | unset | 13 `WARN` |
//! | `error` | error, with the message | 17 `ERROR` |
//! | `panicked` | error, with the message | 21 `FATAL` |
//!
//! | value | as protobuf | as JSON |
//! |---|---|---|
//! | bool, text, `i64`, `u64` up to `i64::MAX` | itself | itself; integers as decimal strings |
//! | `u64` above `i64::MAX` | decimal text; the key is listed in the attribute `ode.u64_as_string` | the same |
//! | float | its bits | a number; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | bytes | itself | base64 |
//! | list | `array_value` | `arrayValue` |

#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod encode;
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
mod exporter;
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
pub(crate) mod transport;

#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
pub use config::{Compression, OtlpError};
pub use encode::{Shape, Signals};
#[cfg(any(feature = "otlp-grpc", feature = "otlp-http"))]
pub use exporter::Otlp;
