//! JSON lines: one flat object a line, written by [`JsonLines`] and read back by [`read`].
//!
//! ```text
//! {"timestamp":"2026-11-21T12:00:00.000000001Z","name":"cart.checkout","outcome":"ok",
//!  "duration_ns":1200,"event_id":"…","trace_id":"…","span_id":"…","parent_span_id":"…",
//!  "build_id":"1f3a","service.name":"checkout", … the fields in their order … }\n
//! ```
//!
//! | value | written as | read back as |
//! |---|---|---|
//! | bool, text | itself | the same |
//! | `i64`, `u64`, also above `i64::MAX` | an integer | the same number |
//! | finite `f64` | a number with a point or an exponent | the same bits |
//! | NaN, infinities | `"NaN"`, `"Infinity"`, `"-Infinity"` | text; a float inside a list of floats |
//! | bytes | base64, standard alphabet, padded | text |
//! | list | an array | a list |
//! | absent | nothing | nothing |
//!
//! Nothing in a line can act on a terminal or end a JavaScript string: control characters of
//! Unicode (C0, DEL, C1), U+2028, U+2029 and the controls of text direction are written as
//! `\uXXXX`.
//!
//! # Whole lines
//!
//! A batch is handed over in one `write`. Where that is cut short (a full disk, a kill), the half
//! line is ended by a newline before anything else is written, by this process or by the next one
//! that opens the file. Nothing is ever truncated: a crash costs at most one damaged line, which
//! [`read`] reports as [torn](ReadError::is_torn) before it goes on with the next.
//!
//! # Whole files
//!
//! Before every batch the path is looked at. Where another file is there, or none, because somebody
//! else moved or removed the old one, writing goes on at the path; a file that is cut to nothing is
//! filled from its beginning. [`Rotation`] puts a file aside when it is long enough. Every line goes
//! whole to exactly one file.

mod decode;
mod destination;
mod draft;
mod encode;
mod error;
mod file;
mod live;
mod pretty;
mod rotation;
mod sink;
mod stamps;
#[cfg(unix)]
mod turn;

pub use decode::{Reader, parse_line, read};
pub use destination::JsonLines;
pub use encode::{Encoder, encode};
pub use error::ReadError;
pub use pretty::Pretty;
pub use rotation::Rotation;
