//! The guide, one page a subject. Its code is compiled and run by `cargo test`.
//!
//! 1. [Your first event](first_event)
//! 2. [Async code, tasks and threads](asynchronous)
//! 3. [Errors and outcomes](errors_and_outcomes)
//! 4. [Testing your instrumentation](testing)
//! 5. [Shutdown: the last events](shutdown)
//! 6. [Configuration](configuration)
//! 7. [With `tracing`](with_tracing)
//! 8. [With axum](with_axum)
//! 9. [Across services](across_services)
//! 10. [Send to …](send_to): collectors, services, databases
//! 11. [OpenTelemetry](opentelemetry): which way out
//! 12. [Ring by ring](ring_by_ring): rollouts, flags, kills
//! 13. [Ship it in dry run](ship_it_in_dry_run): plans, effects, and whether the prediction was right
//! 14. [Old against new](old_against_new): experiments

#[doc = include_str!("../guide/first-event.md")]
pub mod first_event {}

#[doc = include_str!("../guide/async.md")]
pub mod asynchronous {}

#[doc = include_str!("../guide/errors-and-outcomes.md")]
pub mod errors_and_outcomes {}

#[doc = include_str!("../guide/testing.md")]
pub mod testing {}

#[doc = include_str!("../guide/shutdown.md")]
pub mod shutdown {}

#[doc = include_str!("../guide/configuration.md")]
pub mod configuration {}

#[doc = include_str!("../guide/with-tracing.md")]
pub mod with_tracing {}

#[doc = include_str!("../guide/with-axum.md")]
pub mod with_axum {}

#[doc = include_str!("../guide/across-services.md")]
pub mod across_services {}

#[doc = include_str!("../guide/send-to.md")]
pub mod send_to {}

#[doc = include_str!("../guide/opentelemetry.md")]
pub mod opentelemetry {}

#[doc = include_str!("../guide/ring-by-ring.md")]
pub mod ring_by_ring {}

#[doc = include_str!("../guide/ship-it-in-dry-run.md")]
pub mod ship_it_in_dry_run {}

#[doc = include_str!("../guide/old-against-new.md")]
pub mod old_against_new {}

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
