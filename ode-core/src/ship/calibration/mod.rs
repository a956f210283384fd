//! Whether a dry run was right: what events say would be done, against what events say was done.
//!
//! The weekend's events of a dry run and those after going live go in, and numbers come out, for each
//! stratum and in all: how often it would have acted and how often it did, sums of what was planned
//! and of what was done, errors. Events of [`DryRun`](crate::DryRun)s and of
//! [`would`](crate::would) have what is needed; where they come from, from memory or decoded from a
//! file, does not matter.
//!
//! ```
//! use ode_core::calibration::Calibration;
//! use ode_core::{EventBuilder, Value};
//! # ode_core::change!(Compress = "compress");
//!
//! let planned = |stage: &'static str| {
//!     EventBuilder::new("column")
//!         .field("change.compress.stage", Value::Str(stage))
//!         .field("would.compress.act", Value::Bool(true))
//!         .field("would.compress.bytes_after", Value::U64(70))
//! };
//! let weekend = [planned("dry_run").build(), planned("dry_run").build()];
//! let live = [planned("live")
//!     .field("did.compress.act", Value::Bool(true))
//!     .field("did.compress.bytes_after", Value::U64(90))
//!     .build()];
//!
//! let mut calibration = Calibration::of::<Compress>();
//! for event in weekend.iter().chain(&live) {
//!     calibration.add(event);
//! }
//! let total = calibration.report().total;
//! assert_eq!((total.predicted.would_rate(), total.actual.did_rate()), (Some(1.0), Some(1.0)));
//! let bytes = &total.sums[0];
//! assert_eq!((bytes.predicted, bytes.promised, bytes.done), (140.0, 70.0, 90.0));
//! ```

#[expect(clippy::module_inception, reason = "the type the folder is about")]
mod calibration;
mod recorded;
mod report;

pub use calibration::Calibration;
pub use recorded::Recorded;
pub use report::{Report, Row, Side, Sum};
