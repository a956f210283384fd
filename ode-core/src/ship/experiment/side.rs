//! [`AsyncSide`]: what `run_async` takes.

/// A side of [`Trial::run_async`](crate::Trial::run_async): an async function, or an async closure
/// that takes the input by value.
///
/// It returns a future that is `Send`, because the side that does not answer is spawned. There is
/// nothing to implement.
///
/// ```
/// # use ode_core::AsyncSide;
/// fn is_side<I, T>(_: impl AsyncSide<I, T>) {}
/// async fn old_price(sku: u64) -> u64 { sku * 2 }
/// let factor = 3;
/// is_side(old_price);
/// is_side(async move |sku: u64| old_price(sku).await * factor);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a side of `run_async`",
    label = "needs to be `async fn(I) -> T` or `async move |input| ..`, and its future `Send`",
    note = "a side takes the input by value and borrows nothing: the one that does not answer outlives the call"
)]
pub trait AsyncSide<I, T>: Send + 'static {
    #[doc(hidden)]
    fn start(self, input: I) -> impl Future<Output = T> + Send + 'static;
}

impl<I, T, F, R> AsyncSide<I, T> for F
where
    F: FnOnce(I) -> R + Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    fn start(self, input: I) -> impl Future<Output = T> + Send + 'static {
        self(input)
    }
}
