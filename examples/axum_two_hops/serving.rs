//! A service on a port of its own, until it is told to stop.

use std::io;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Serving {
    url: String,
    stop: oneshot::Sender<()>,
    running: JoinHandle<io::Result<()>>,
}

impl Serving {
    pub(crate) async fn start(router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let serve = axum::serve(listener, router).with_graceful_shutdown(async {
            drop(stopped.await);
        });
        let running = tokio::spawn(async { serve.await });
        Ok(Self { url, stop, running })
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Takes no more requests, and waits for those there are.
    pub(crate) async fn stop(self) -> io::Result<()> {
        drop(self.stop);
        self.running.await.map_err(io::Error::other)?
    }
}
