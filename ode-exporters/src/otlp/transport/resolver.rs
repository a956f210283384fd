//! [`Resolver`]: what looks names up.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::vec::IntoIter;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::task::spawn_blocking;
use tower_service::Service;

use crate::otlp::transport::runtime::LOOKUP_THREADS;

type LookUp = dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Looks names up as the platform does. That blocks, and cannot be interrupted, so it is done on
/// threads beside. An attempt does not wait for it beyond its time; but the look-up goes on, and while
/// as many hang as there are threads for, no other is begun: they would queue for ever.
#[derive(Clone)]
pub(crate) struct Resolver {
    look_up: Arc<LookUp>,
    under_way: Arc<AtomicUsize>,
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new(|name| (name, 0).to_socket_addrs().map(Iterator::collect))
    }
}

impl Resolver {
    /// One that asks this function, which may block. The port of an address does not matter.
    pub(crate) fn new(
        look_up: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        Self { look_up: Arc::new(look_up), under_way: Arc::default() }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("under_way", &self.under_way).finish_non_exhaustive()
    }
}

impl Service<Name> for Resolver {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Some(under_way) = UnderWay::begin(&self.under_way) else {
            let what = "look-ups of the name have not ended for as long as several attempts";
            return Box::pin(async move { Err(io::Error::other(what)) });
        };
        let look_up = Arc::clone(&self.look_up);
        let looking = spawn_blocking(move || {
            let _under_way = under_way;
            look_up(name.as_str())
        });
        Box::pin(async move {
            let found = looking.await.map_err(io::Error::other)??;
            Ok(found.into_iter())
        })
    }
}

/// A look-up that has not ended.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(count: &Arc<AtomicUsize>) -> Option<Self> {
        let begun = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            (now < LOOKUP_THREADS).then_some(now + 1)
        });
        begun.ok().map(|_| Self(Arc::clone(count)))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[path = "resolver_tests.rs"]
mod tests;
