//! [`Deadline`]: when an attempt ends, whatever it is waiting for.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::otlp::transport::failure::Failure;

/// One for the whole of an attempt: name look-up, connection, TLS, request, every byte of the answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    timeout: Duration,
    /// Nothing: it may take as long as it takes.
    at: Option<Instant>,
}

impl Deadline {
    pub(crate) fn after(timeout: Option<Duration>) -> Self {
        let at = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        Self { timeout: timeout.unwrap_or_default(), at }
    }

    /// That it has passed.
    pub(crate) fn missed(self) -> Failure {
        Failure::late(self.timeout)
    }

    /// What comes of the future, if that comes in time.
    pub(crate) async fn within<T>(self, future: impl Future<Output = T>) -> Result<T, Failure> {
        match self.at {
            Some(at) => timeout_at(at, future).await.map_err(|_| self.missed()),
            None => Ok(future.await),
        }
    }
}
