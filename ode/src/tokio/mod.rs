//! Tasks of tokio that join the unit they are spawned in.
//!
//! A spawned task does not know the unit of the task that spawned it. These functions are tokio's
//! own, with the same return types, and the work joined to the unit that is current where they are
//! called: what it sets lands on that unit's event. Where no unit is current they are tokio's.
//!
//! **Joining does not keep the unit open.** What is recorded after the unit's end is counted as
//! late, see [`stats`](crate::stats), and is on no event. Wait for the task, or
//! [`hold`](crate::hold) the unit:
//!
//! ```
//! use std::time::Duration;
//!
//! #[ode::instrument_event]
//! async fn checkout() -> Result<u64, tokio::task::JoinError> {
//!     let stock = ode::tokio::spawn(async {
//!         ode::set! { stock.reserved = true }; // on the event of `checkout`
//!         3
//!     });
//!     let hold = ode::hold(Duration::from_secs(2));
//!     tokio::spawn(hold.run_async(async {
//!         ode::set! { mail.sent = true };      // also when `checkout` has returned
//!     }));
//!     stock.await
//! }
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # assert_eq!(runtime.block_on(checkout()).unwrap(), 3);
//! ```
//!
//! A panic in a task is tokio's to report, as a `JoinError`: the unit is `panicked` only if the
//! panic also unwinds out of the work that the unit is around. Work that belongs to nobody's unit
//! goes to `tokio::spawn` as ever.
//!
//! [`run_experiments`] is for the async sides of experiments; set-up calls it.

mod experiments;
mod tasks;

pub use experiments::run_experiments;
pub use tasks::{JoinSetExt, spawn, spawn_blocking, spawn_local};
