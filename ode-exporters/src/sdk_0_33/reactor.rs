//! [`Reactor`]: a runtime for exporters that need one.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use opentelemetry::Context as TelemetryContext;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Looking a name up blocks, so it is done on threads beside.
const BLOCKING_THREADS: usize = 4;

/// A runtime on a thread of its own. The thread that exports is only *in* it: exporters find it for
/// their sockets and timers, and those that block find nothing that forbids it.
#[derive(Debug)]
pub(crate) struct Reactor {
    handle: Handle,
    /// The runtime ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl Reactor {
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("ode-sdk-blocking")
            .on_thread_start(ode_core::integration::mute_thread)
            .max_blocking_threads(BLOCKING_THREADS)
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            ode_core::integration::mute_thread();
            let _quiet = TelemetryContext::enter_telemetry_suppressed_scope();
            // The other half is never used, so an error is what is waited for.
            runtime.block_on(stopped).ok();
            runtime.shutdown_background();
        };
        thread::Builder::new().name("ode-sdk".to_owned()).spawn(run)?;
        Ok(Self { handle, _stop: stop })
    }

    /// Runs something in the runtime, but not as one of its tasks. No telemetry is made meanwhile.
    pub(crate) fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        let _quiet = TelemetryContext::enter_telemetry_suppressed_scope();
        let _here = self.handle.enter();
        f()
    }

    /// The same for a future, on this thread. `make` runs there too.
    pub(crate) fn block_on<F: Future>(&self, make: impl FnOnce() -> F) -> F::Output {
        self.within(|| finish(make()))
    }
}

/// Runs a future to its end on this thread.
fn finish<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ode_core::integration::is_own_thread;

    use super::*;

    fn no_time() -> Duration {
        Duration::from_millis(1)
    }

    #[test]
    fn timers_and_tasks_go_on_while_this_thread_waits() {
        let reactor = Reactor::start().unwrap();
        let answer = reactor.block_on(|| async {
            tokio::time::sleep(no_time()).await;
            let quiet = || TelemetryContext::is_current_telemetry_suppressed();
            let beside = tokio::spawn(async move {
                let thread = thread::current().name().map(str::to_owned);
                (thread, quiet(), is_own_thread())
            });
            let blocking = tokio::task::spawn_blocking(is_own_thread);
            (beside.await.unwrap(), quiet(), blocking.await.unwrap())
        });
        assert_eq!(answer, ((Some("ode-sdk".to_owned()), true, true), true, true));
        assert!(!TelemetryContext::is_current_telemetry_suppressed(), "only meanwhile");
    }

    #[test]
    fn works_where_there_is_another_runtime() {
        let host = Builder::new_current_thread().build().unwrap();
        let kept = host.block_on(async {
            let reactor = Reactor::start().unwrap();
            reactor.block_on(|| tokio::time::sleep(no_time()));
            reactor
        });
        host.block_on(async move { drop(kept) });
    }

    #[test]
    fn what_blocks_may_run_a_runtime_of_its_own() {
        let reactor = Reactor::start().unwrap();
        let answer = reactor.block_on(|| async {
            // As clients of HTTP do that block.
            Builder::new_current_thread().build().unwrap().block_on(async { 1 })
        });
        assert_eq!(answer, 1);
    }

    #[test]
    fn the_runtime_ends_with_it() {
        let reactor = Reactor::start().unwrap();
        let handle = reactor.handle.clone();
        let task = handle.spawn(std::future::pending::<()>());
        drop(reactor);
        assert!(finish(task).unwrap_err().is_cancelled());
    }
}
