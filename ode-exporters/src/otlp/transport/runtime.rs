//! [`Own`]: the runtime that requests are sent on. It lives on the thread that sends them.

use std::io;

use ode_core::integration;
use tokio::runtime::{Builder, Handle, Runtime};

/// Looking a name up blocks, so it is done on threads beside; a resolver that hangs holds up at most
/// so many.
pub(crate) const LOOKUP_THREADS: usize = 2;

/// A runtime of the exporter's own, made when it is first needed: the host needs none, and one that
/// it has is not disturbed.
#[derive(Debug, Default)]
pub(crate) struct Own(Option<Runtime>);

impl Own {
    /// Runs a future to its end on this thread, and with it all that it starts.
    ///
    /// Only a test calls an exporter from inside another runtime. No thread can run two, so there a
    /// thread beside does it.
    pub(crate) fn block_on<F>(&mut self, future: F) -> io::Result<F::Output>
    where
        F: Future + Send,
        F::Output: Send,
    {
        let runtime = match &mut self.0 {
            Some(runtime) => runtime,
            none => none.insert(start()?),
        };
        if Handle::try_current().is_err() {
            return Ok(runtime.block_on(future));
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("ode-otlp".into());
            let sends = || {
                integration::mute_thread();
                runtime.block_on(future)
            };
            let thread = thread.spawn_scoped(scope, sends)?;
            thread.join().map_err(|_| io::Error::other("sending panicked"))
        })
    }
}

fn start() -> io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .thread_name("ode-otlp-lookup")
        .on_thread_start(integration::mute_thread)
        .max_blocking_threads(LOOKUP_THREADS)
        .build()
}

impl Drop for Own {
    fn drop(&mut self) {
        // Waits for nobody, so it may be dropped anywhere, also inside of another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_where_there_is_another_runtime() {
        let host = Builder::new_current_thread().build().unwrap();
        let mut own = Own::default();
        assert_eq!(own.block_on(async { 1 }).unwrap(), 1);
        let own = host.block_on(async move {
            assert_eq!(own.block_on(async { 2 }).unwrap(), 2);
            let mut made_inside = Own::default();
            assert_eq!(made_inside.block_on(async { 3 }).unwrap(), 3);
            drop(own);
            made_inside
        });
        drop(own);
    }
}
