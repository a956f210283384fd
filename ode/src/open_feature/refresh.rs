//! Finding out in the background: on a thread of ode's, or on the host's runtime.

use std::future::{Future, poll_fn};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{Builder, Thread};

use ode_core::integration::mute_thread;
use ode_core::{Evaluation, FlagError};
use open_feature::EvaluationContext;
use open_feature::provider::FeatureProvider;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Receiver;

use crate::open_feature::cache::{Asked, Cache};
use crate::open_feature::convert::{context_of, resolve};

/// So many questions may be with a provider at once, where the host's runtime asks.
const AT_ONCE: usize = 32;

/// Answers questions one after the other on a thread of its own, until nobody can ask any more.
pub(crate) fn on_own_thread(
    provider: Box<dyn FeatureProvider>,
    questions: Receiver<Asked>,
    cache: Arc<Cache>,
) -> io::Result<()> {
    let body = move || {
        mute_thread();
        block_on(async {
            let mut questions = questions;
            let Some(provider) = initialised(provider).await else { return };
            while let Some(asked) = questions.recv().await {
                answer(&*provider, &cache, &asked).await;
            }
        });
    };
    Builder::new().name("ode-open-feature".to_owned()).spawn(body).map(drop)
}

/// Answers questions on the host's runtime, a bounded number of them at once.
pub(crate) fn on_runtime(
    handle: &Handle,
    provider: Box<dyn FeatureProvider>,
    questions: Receiver<Asked>,
    cache: Arc<Cache>,
) {
    let spawner = handle.clone();
    handle.spawn(async move {
        let mut questions = questions;
        let Some(provider) = initialised(provider).await else { return };
        let free = Arc::new(Semaphore::new(AT_ONCE));
        while let Some(asked) = questions.recv().await {
            let Ok(place) = Arc::clone(&free).acquire_owned().await else { return };
            let (provider, cache) = (Arc::clone(&provider), Arc::clone(&cache));
            spawner.spawn(async move {
                answer(&*provider, &cache, &asked).await;
                drop(place);
            });
        }
    });
}

/// The provider, ready to be asked; `None` where it panicked.
async fn initialised(mut provider: Box<dyn FeatureProvider>) -> Option<Arc<dyn FeatureProvider>> {
    caught(provider.initialize(&EvaluationContext::default())).await?;
    Some(provider.into())
}

async fn answer(provider: &dyn FeatureProvider, cache: &Cache, asked: &Asked) {
    let found: Result<Evaluation, FlagError> = {
        let context = context_of(&asked.subject);
        let answer = caught(resolve(provider, &asked.key, asked.kind, &context)).await;
        answer.unwrap_or(Err(FlagError::General))
    };
    cache.put(asked, found);
}

/// What a future of the provider's comes to; `None` where it panics.
async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_panicked) => Poll::Ready(None),
    })
    .await
}

/// Runs a future on this thread.
fn block_on(future: impl Future<Output = ()>) {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    while future.as_mut().poll(&mut context).is_pending() {
        std::thread::park();
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
