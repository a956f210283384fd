//! The core of [ode](https://docs.rs/ode-rs): wide events, the ambient context they are recorded
//! in, outcomes, and the pipeline that takes them to exporters.
//!
//! **Applications depend on `ode` (package `ode-rs`), which re-exports all of this.** Depend on
//! `ode-core` in a library that contributes fields, and to write an exporter. Where nothing is set
//! up, everything here is inert.
//!
//! ```
//! use ode_core::WideEvent;
//!
//! // A library adds to whatever unit of work is current, with no handle passed:
//! fn load(cart: u64) -> u64 {
//!     ode_core::set! { cart.id = cart };
//!     3
//! }
//!
//! // An application opens units:
//! let items = WideEvent::builder("cart.checkout").run(|| load(7));
//! # assert_eq!(items, 3);
//! ```
//!
//! # Life of an event
//! ```text
//! #[instrument_event] / WideEvent::builder(..).start()   a Send handle: name, ids, parent, inherited fields
//!        │  unit.run(|| ..) / unit.run_async(fut)         ambient from here; wall anchor and monotonic start
//!        │  set! · incr! · timed! · decline · record_error  (from any depth)
//!        ▼
//!   return · `?` · panic · dropped future
//!        ▼
//!   finish: outcome (one function), duration, seal        later writes are counted, never lost silently
//!        ▼
//!   sample: the destination's share, by the trace id      sample_rate written on what is kept
//!        ▼
//!   queue per destination (bounded by count AND bytes)    overflow = named policy + exact counter
//!        ▼
//!   worker thread per destination → redact → Exporter
//! ```
//!
//! # Features
//! - `diff`: `Diff` and `Trial::diff`: where two serialisable answers of an [`Experiment`] differ.
//! - `http`: `http::HeaderMap` carries trace context; see [`propagation`].
//! - `macros`: `#[instrument_event]` and `#[derive(EventFields)]`; brings syn.
//! - `serde`: `serde::Serialize` for [`Event`].
//! - `testing`: the test kit, `ode_core::testing`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(target_family = "wasm")]
compile_error!("ode needs threads and clocks of an operating system; wasm is not supported");

mod anchor;
mod clock;
mod context;
mod event;
mod export;
mod finish;
mod fork;
#[doc(hidden)]
pub mod integration;
#[doc(hidden)]
pub mod macro_support;
mod macros;
#[cfg(ode_model)]
mod model;
mod pipeline;
mod process;
pub mod propagation;
mod record;
mod redact;
mod rng;
mod ship;
mod sync;
mod system_time;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod testing_hook;
mod unit;

pub use context::{
    Current, Detached, EventHandle, FutureExt, Hold, InEvent, Timed, current, decline, detached,
    fail, fields, hold, in_event, keep, link, record_error, root, timed,
};
pub use event::{
    CancelCause, Event, EventBuilder, EventId, Failure, Limits, Outcome, OwnedValue,
    ParseTraceparentError, Sensitive, SpanId, ToArray, ToNumber, ToValue, TraceContext, TraceId,
    Value,
};
#[doc(hidden)]
pub use event::{Entries, FieldKey, Glance, Plain};
pub use export::{Batch, ExportError, Exporter};
#[cfg(feature = "macros")]
pub use ode_macros::{
    __EventFieldsCore as EventFields, __instrument_event_core as instrument_event,
};
pub use pipeline::{
    DestinationStats, Diagnostic, DiagnosticKind, DropReason, Dropped, Flushed, Guard, Overflow,
    PipelineBuilder, Queue, SetupError, Shutdown, Stats, flush, stats,
};
pub use process::Process;
pub use propagation::{Baggage, Incoming, TraceState};
pub use record::{EventFields, Fields, Unrecorded};
pub use redact::Redaction;
#[cfg(feature = "diff")]
pub use ship::Diff;
pub use ship::calibration;
#[doc(hidden)]
pub use ship::experiment_runtime;
#[doc(hidden)]
pub use ship::support as ship_support;
pub use ship::{
    AnyChange, AsyncSide, Attribute, Breaker, Budget, Change, Commit, ComparedTrial, Comparison,
    Difference, DifferenceKind, DryRun, Evaluation, Experiment, ExperimentStats, Flag, FlagError,
    FlagSource, FlagType, FlagValue, Gate, Live, LiveOnly, MemoryFlags, NotRun, NotRunCause,
    ParseStageError, Planned, Reason, Refused, Refusing, Ring, Rollout, Stage, Subject, Trial,
    TrialStats, experiments, force_dry_run, is_killed, kill, revive, stage, subject, would,
};
pub use unit::{InUnit, SpanKind, UnitName, WideEvent, WideEventBuilder};
