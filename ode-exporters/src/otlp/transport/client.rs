//! [`Lane`]: the connection to one signal's receiver, made when needed and made again when broken.

use std::fmt;

use crate::otlp::config::Protocol;
use crate::otlp::encode::{Answer, Signal};
use crate::otlp::transport::compress::Message;
use crate::otlp::transport::connector::{Connector, Versions, connector};
use crate::otlp::transport::deadline::Deadline;
use crate::otlp::transport::failure::Failure;
#[cfg(feature = "otlp-grpc")]
use crate::otlp::transport::over_grpc;
#[cfg(feature = "otlp-http")]
use crate::otlp::transport::over_http;
use crate::otlp::transport::target::Target;

/// Everything between one signal and its receiver.
pub(crate) struct Lane {
    signal: Signal,
    target: Target,
    /// Kept when the connection breaks: certificates are read once, and TLS remembers sessions.
    connector: Option<Connector>,
    client: Option<Client>,
}

enum Client {
    #[cfg(feature = "otlp-http")]
    Http(Box<over_http::Client>),
    #[cfg(feature = "otlp-grpc")]
    Grpc(Box<over_grpc::Client>),
}

impl Lane {
    pub(crate) fn new(signal: Signal, target: Target) -> Self {
        Self { signal, target, connector: None, client: None }
    }

    /// Sends a request that holds `sent` events, once. On the runtime that it lives on.
    pub(crate) async fn send(&mut self, message: &Message, sent: usize) -> Result<Answer, Failure> {
        // Nothing ran since the last request: what has broken meanwhile is found out first.
        catch_up().await;
        let deadline = Deadline::after(self.target.timeout);
        let answer = match self.client()? {
            #[cfg(feature = "otlp-http")]
            Client::Http(client) => client.send(message, sent, deadline).await,
            #[cfg(feature = "otlp-grpc")]
            Client::Grpc(client) => client.send(message, sent, deadline).await,
        };
        if answer.as_ref().is_err_and(|failure| failure.is_broken) {
            // A connection that is silent would be silent for a quarter of an hour.
            self.client = None;
            catch_up().await;
        }
        answer
    }

    fn client(&mut self) -> Result<&mut Client, Failure> {
        let client = match self.client.take() {
            Some(client) => client,
            None => self.open()?,
        };
        Ok(self.client.insert(client))
    }

    fn open(&mut self) -> Result<Client, Failure> {
        match self.target.protocol {
            #[cfg(feature = "otlp-http")]
            Protocol::HttpProtobuf | Protocol::HttpJson => {
                let connector = self.connector(Versions::Any)?;
                over_http::Client::new(&self.target, connector).map(Box::new).map(Client::Http)
            }
            #[cfg(feature = "otlp-grpc")]
            Protocol::Grpc => {
                let connector = self.connector(Versions::Two)?;
                let client = over_grpc::Client::new(&self.target, self.signal, connector);
                client.map(Box::new).map(Client::Grpc)
            }
            #[cfg(not(all(feature = "otlp-http", feature = "otlp-grpc")))]
            other => {
                let what = format!("ode was built without its feature {}", other.feature());
                Err(Failure::unsent(crate::otlp::transport::failure::Verdict::REFUSED, what))
            }
        }
    }

    fn connector(&mut self, versions: Versions) -> Result<Connector, Failure> {
        if let Some(connector) = &self.connector {
            return Ok(connector.clone());
        }
        let made = connector(&self.target, versions)?;
        Ok(self.connector.insert(made).clone())
    }
}

/// Lets tasks that have something to do have their turn, the sockets' news included.
async fn catch_up() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("signal", &self.signal)
            .field("target", &self.target)
            .field("open", &self.client.is_some())
            .finish_non_exhaustive()
    }
}
