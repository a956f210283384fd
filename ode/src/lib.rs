//! Observability-driven development: one wide event per unit of work, shipped with the change.
//!
//! You instrument a change when you write it, ship both together, and *look*: is it running, on
//! the right data, doing what was meant, for whom is it broken, is the new build worse than the
//! old? Each is one query over events that carry the build, the user, the decision and its reason.
//!
//! ```
//! #[ode::instrument_event(name = "cart.checkout", fields(cart.id = cart))]
//! fn checkout(cart: u64) -> Result<u64, std::io::Error> {
//!     let items = ode::timed!("db.cart", load(cart)?);
//!     ode::set! { cart.items = items };          // from any depth, no handle
//!     if items == 0 {
//!         ode::decline("empty");                 // no error, and it says why
//!     }
//!     Ok(items)                                  // an `Err` makes the outcome `error`
//! }
//!
//! fn load(cart: u64) -> Result<u64, std::io::Error> {
//!     ode::set! { db.shard = cart % 4 };         // the same event
//!     Ok(3)
//! }
//!
//! fn main() -> Result<(), ode::SetupError> {
//!     let _ode = ode::init(ode::build_info!())?; // one line of set-up
//!     checkout(7).ok();
//!     Ok(())
//! }
//! ```
//!
//! Add it under the name `ode` (the package of that name is another project):
//!
//! ```toml
//! [dependencies]
//! ode = { package = "ode-rs", version = "0.1" }
//! ```
//!
//! # How to think of it
//! - **A unit of work leaves one event**, however deep the calls below it. It leaves after return,
//!   `?`, panic, a dropped future. Work that was *declined* leaves one too: it is a record of
//!   decisions.
//! - **Ambience is a closure or a future.** A unit is current inside [`WideEvent::run`] and the
//!   futures it wraps, and what is current is found by [`set!`] from any depth. There is no guard
//!   to hold across an `.await`.
//! - **Writing never fails and returns nothing.** Where nothing is set up it does nothing; values
//!   are not even evaluated. What finds no unit, or comes too late, is counted: [`stats`].
//! - **The outcome is decided in one place**, from what happened and what was said: see
//!   [`Outcome`].
//! - **Events are handed to threads of ode's own**, through queues bounded by count and bytes. The
//!   recording thread does no I/O and does not wait, unless [`Overflow::BlockFor`] asks for that.
//!   What is dropped is counted by reason.
//! - **Every event says which build made it**, down to the binary: [`build_info!`].
//!
//! # What it does not do
//! - It captures no argument, no header and no environment that you do not name.
//! - It prints nothing but its own diagnostics, installs no signal handler and no panic hook, and
//!   needs no async runtime.
//! - It is no logger and no metrics library. One event has the context of a whole unit instead.
//! - It sends nothing over the network unless a feature of OTLP is on and an endpoint is named.
//!
//! # Where to find what
//! | to | see |
//! |---|---|
//! | start | [the guide](_guide), [`init`], [`setup`] with every `ODE_*` variable |
//! | make a function a unit | [`macro@instrument_event`] |
//! | open a unit by hand | [`WideEvent`] |
//! | record | [`set!`], [`set_inherited!`], [`incr!`], [`append!`], [`timed!`], [`macro@EventFields`] |
//! | say how it ended | [`decline`], [`record_error`], [`fail`], [`Failure`] |
//! | join tasks and threads | [`FutureExt::in_event`], [`in_event`], [`hold`], [`detached`], [`root`] |
//! | use it beside `tracing`, axum, reqwest, OpenTelemetry | the features below, and [the guide](_guide) |
//! | pass a trace on to other services | [`propagation`], [the guide's page](_guide::across_services) |
//! | keep a share, keep secrets in | [`Queue::sample`], [`keep`], [`Redaction`] |
//! | turn a change on for some, and off | [`Flag`], [`Rollout`], [`change!`], [`would`], [`kill`], [the guide's page](_guide::ring_by_ring) |
//! | take flags from files and the environment, kill by a file | [`flags`], [`Setup::flag_file`], [`Setup::kill_file`] |
//! | say what would be done before it is done, and whether that was right | [`DryRun`], [`Live`], [`LiveOnly`], [`Budget`], [`calibration`], [the guide's page](_guide::ship_it_in_dry_run) |
//! | run old code against new | [`Experiment`], [the guide's page](_guide::old_against_new) |
//! | make metrics of events | [`Setup::on_event`] |
//! | send events somewhere | [`exporters`], [`Exporter`], [`Queue`] |
//! | end the process well | [`Guard`], [`flush`], [`stats`] |
//! | test | `ode::testing`, [the guide's page](_guide::testing) |
//!
//! # Features
//! - `axum`: `tower`, plus the matched route, and the request's event as an argument of a handler.
//! - `diff`: `Diff`: where the answers of old and new code differ, path by path.
//! - `http`: trace context and baggage in `http::HeaderMap`; see [`propagation`].
//! - `open-feature`: `ode::open_feature`, flags from any OpenFeature provider, and a hook that records
//!   what is evaluated through OpenFeature's SDK.
//! - `reqwest`: `ode::reqwest`, requests sent with reqwest: recorded, and the trace passed on.
//! - `opentelemetry`: units and the spans of OpenTelemetry are each other's parents; see
//!   [across services](_guide::across_services).
//! - `otlp-grpc`: `exporters::otlp`, events sent by OTLP over gRPC; where the environment names an
//!   endpoint, [`init`] sends them there.
//! - `otlp-http`: the same over HTTP, as protobuf or as JSON.
//! - `otlp-zstd`: zstd for both; gzip is there without it.
//! - `sdk-0-33`: `exporters::sdk_0_33`, any exporter made for `opentelemetry_sdk` 0.33 as a
//!   destination; see [OpenTelemetry](_guide::opentelemetry).
//! - `sdk-0-33-otlp`: the same, with `opentelemetry-otlp` ready to use.
//! - `testing`: the test kit, `ode::testing`. For dev-dependencies.
//! - `tokio`: `ode::tokio`, `spawn` and `spawn_blocking` that join the unit.
//! - `tower`: `ode::tower`, one event for each HTTP request that a service answers.
//! - `tracing`: `ode::tracing`, a layer for `tracing-subscriber` that puts log records and span
//!   fields on the unit they belong to.
//!
//! # Platforms
//! Rust 1.88 or newer. Tested on Linux; written for other Unix systems and Windows too. WebAssembly
//! is refused when compiling.
#![forbid(unsafe_code)]

#[cfg(any(doc, doctest))]
#[path = "guide.rs"]
pub mod _guide;
#[cfg(feature = "axum")]
pub mod axum;
mod build_id;
mod build_info;
mod destinations;
mod diagnostics;
mod environment;
pub mod flags;
#[cfg(feature = "open-feature")]
pub mod open_feature;
#[cfg(feature = "opentelemetry")]
mod opentelemetry;
mod opentelemetry_environment;
pub mod prelude;
#[cfg(feature = "reqwest")]
pub mod reqwest;
mod setup;
mod surroundings;
mod threads;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(feature = "tower")]
pub mod tower;
#[cfg(feature = "tracing")]
pub mod tracing;

pub use build_info::BuildInfo;
pub use ode_core::*;
pub use ode_exporters as exporters;
pub use ode_macros::{EventFields, instrument_event};
pub use setup::{Setup, init, setup};

#[doc(hidden)]
pub use ode_macros::__git_revision;
