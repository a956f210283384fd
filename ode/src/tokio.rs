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

use ::tokio::task::{self, AbortHandle, JoinHandle, JoinSet};

use crate::{FutureExt as _, in_event};

pub use experiments::run_experiments;

/// As `tokio::spawn`; the task joins the current unit.
///
/// # Panics
/// As `tokio::spawn`: outside a runtime.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    task::spawn(future.in_event())
}

/// As `tokio::task::spawn_local`; the task joins the current unit.
///
/// # Panics
/// As `tokio::task::spawn_local`: outside a `LocalSet` or a local runtime.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    task::spawn_local(future.in_event())
}

/// As `tokio::task::spawn_blocking`; the closure joins the current unit.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # let sum = runtime.block_on(async {
/// ode::tokio::spawn_blocking(|| {
///     ode::set! { rows.read = 4_096 };
///     40 + 2
/// })
/// .await
/// # });
/// # assert_eq!(sum.unwrap(), 42);
/// ```
///
/// # Panics
/// As `tokio::task::spawn_blocking`: outside a runtime.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    task::spawn_blocking(in_event(f))
}

/// Tasks of a `JoinSet` that join the current unit.
///
/// ```
/// use ode::tokio::JoinSetExt as _;
///
/// #[ode::instrument_event]
/// async fn prices() -> u64 {
///     let mut shops = tokio::task::JoinSet::new();
///     for shop in 1..=3_u64 {
///         shops.spawn_in_event(async move {
///             ode::incr! { shops.asked };
///             shop * 10
///         });
///     }
///     shops.join_all().await.iter().sum()
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # assert_eq!(runtime.block_on(prices()), 60);
/// ```
pub trait JoinSetExt<T>: sealed::Sealed {
    /// As `JoinSet::spawn`; the task joins the current unit.
    ///
    /// # Panics
    /// As `JoinSet::spawn`: outside a runtime.
    #[track_caller]
    fn spawn_in_event<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send;

    /// As `JoinSet::spawn_blocking`; the closure joins the current unit.
    ///
    /// # Panics
    /// As `JoinSet::spawn_blocking`: outside a runtime.
    #[track_caller]
    fn spawn_blocking_in_event<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send;
}

impl<T: 'static> JoinSetExt<T> for JoinSet<T> {
    #[track_caller]
    fn spawn_in_event<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.spawn(task.in_event())
    }

    #[track_caller]
    fn spawn_blocking_in_event<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.spawn_blocking(in_event(f))
    }
}

mod sealed {
    pub trait Sealed {}

    impl<T> Sealed for super::JoinSet<T> {}
}
