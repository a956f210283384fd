//! At home with `tracing`: a [`layer`] that puts log records and span fields on the unit they belong
//! to.
//!
//! ```
//! use tracing_subscriber::prelude::*;
//!
//! # fn main() {
//! let subscriber = tracing_subscriber::registry()
//!     .with(tracing_subscriber::fmt::layer())
//!     .with(ode::tracing::layer().prefix("log."));
//! # let events = ode::testing::capture();
//! # tracing::subscriber::with_default(subscriber, || {
//!
//! #[ode::instrument_event]
//! fn handle(order: u64) {
//!     tracing::warn!(order, "stock is low");
//! }
//! handle(7);
//! # });
//!
//! // on the event of `handle`: log.order = 7 (a number), log.warn_count = 1,
//! // log.message = ["+0.000012s WARN shop: stock is low"]
//! # let event = events.one("handle");
//! # assert_eq!(event["log.order"], 7);
//! # assert_eq!(event["log.warn_count"], 1);
//! # assert!(event["log.message"].to_string().contains("WARN"));
//! # }
//! ```
//!
//! # What becomes of a record
//! Inside a unit, under a prefix ([`Layer::prefix`]):
//!
//! | | becomes |
//! |---|---|
//! | a field of an event or a span | `log.<name>`: numbers and truth values as such, the rest as text; the last one wins |
//! | the message of an event | an element of the list `log.message`: `+<seconds after the start>s <LEVEL> <target>: <message>` |
//! | messages past [`Layer::max_messages`] | counted in `log.dropped_count` |
//! | events at `WARN` and `ERROR` | counted in `log.warn_count`, `log.error_count`, always |
//! | an error value | its text and those of its sources |
//!
//! A field that has one of these four names moves to `field.log.<name>`. Outside every unit, and on
//! ode's own threads, nothing happens. No record ever makes an event of its own, so exporters may
//! log as they like.
//!
//! # Plain or filtered
//! The layer has rules of its own ([`Layer::level`], [`Layer::target`]), which concern nobody else.
//! There are two ways to add it:
//!
//! - `.with(layer())` sees everything that no *global* filter took away. It also keeps every
//!   callsite switched on, so that a `TRACE` record that nobody wants costs some nanoseconds.
//! - `.with(layer().filtered())` makes the rules a per-layer filter. Where **every** layer of the
//!   stack has one, callsites that nobody wants are skipped.
//!
//! Both see the same. An `EnvFilter` that is a per-layer filter of another layer takes nothing away
//! from either; added as a layer of its own, it governs all layers, ode's too.
//!
//! Add it last, and by `with`: a field whose `Debug` says another record then mixes up nobody's
//! filter, and `and_then` would pass on the level of one of its two layers only.

mod callsite;
mod filter;
mod key;
mod layer;
mod log_record;
mod message;
pub(crate) mod spans;
mod visit;
mod writer;

pub use filter::Rules;
pub use layer::{Layer, layer};
#[doc(hidden)]
pub use spans::__unit_span;
pub use spans::{WithoutUnits, enable_unit_spans, is_unit, without_units};
pub use writer::json_lines;
