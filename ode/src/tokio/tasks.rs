//! tokio's own functions, with the work joined to the unit.

use ::tokio::task::{self, AbortHandle, JoinHandle, JoinSet};

use crate::{FutureExt as _, in_event};

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
