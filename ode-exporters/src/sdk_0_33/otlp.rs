//! `opentelemetry-otlp`, ready to use: requests are made by it, and sent over ode's connections. So
//! there is one TLS in the process, and what a receiver of HTTP answers is not lost.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_ENCODING;
use http::{Request, Response};
use ode_core::ExportError;
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{
    LogExporter, Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig,
    WithTonicConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;

use crate::otlp::encode::Signal;
use crate::otlp::transport::{
    Connector, Deadline, Failure, Pieces, Pool, Target, Verdict, Versions, channel, connector,
    exchange, pool,
};
use crate::otlp::{Otlp, OtlpError};
use crate::sdk_0_33::adapter::Adapter;
use crate::sdk_0_33::remote::{Exporting, OfLogs, OfSpans, Remote};
use crate::sdk_0_33::{Logs, Spans};

type BoxError = Box<dyn Error + Send + Sync>;

/// What an export over gRPC may take, all tries included: it does not end by itself where the
/// receiver is silent.
const GRPC_TIMEOUT: Duration = Duration::from_secs(10);

impl Spans {
    /// Through `opentelemetry-otlp`, over HTTP as protobuf, to a receiver of all signals:
    /// `/v1/traces` is added to the endpoint's path.
    ///
    /// `opentelemetry-otlp` makes the request, with what `OTEL_EXPORTER_OTLP_HEADERS` and
    /// `OTEL_EXPORTER_OTLP_COMPRESSION` (none or `gzip`) say. ode sends it, with the certificates of
    /// the platform; each try may take ten seconds. What the receiver answers counts as it does with
    /// [`Otlp`].
    ///
    /// ```no_run
    /// let exporter = ode_exporters::sdk_0_33::Spans::otlp_http("http://localhost:4318")?;
    /// # let _ = exporter;
    /// # Ok::<(), ode_exporters::otlp::OtlpError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Otlp::http`].
    pub fn otlp_http(endpoint: &str) -> Result<Self, OtlpError> {
        let target = Otlp::http(endpoint)?.into_target(Signal::Spans);
        let build = move || -> Result<_, BoxError> {
            let client = Client::new(&target, Signal::Spans)?;
            let seen = Arc::clone(&client.seen);
            let builder = SpanExporter::builder().with_http().with_http_client(client);
            let exporter = over_http(builder, &target).build()?;
            Ok(Heeding { inner: OfSpans(exporter), seen })
        };
        Ok(Self(Adapter::later(build)))
    }

    /// Through `opentelemetry-otlp`, over gRPC. It tries again itself for a second or two; all of it
    /// may take ten seconds.
    ///
    /// What the receiver rejects of a request that it takes is not known, and counts as delivered.
    ///
    /// # Errors
    /// As [`Otlp::grpc`].
    pub fn otlp_grpc(endpoint: &str) -> Result<Self, OtlpError> {
        let target = Otlp::grpc(endpoint)?.into_target(Signal::Spans);
        let build = move || -> Result<_, BoxError> {
            let channel = open(&target, Signal::Spans)?;
            let builder = SpanExporter::builder().with_tonic().with_channel(channel);
            Ok(OfSpans(builder.build()?))
        };
        Ok(Self(Adapter::later(build).timeout(GRPC_TIMEOUT)))
    }
}

impl Logs {
    /// As [`Spans::otlp_http`], with `/v1/logs`.
    ///
    /// # Errors
    /// As [`Otlp::http`].
    pub fn otlp_http(endpoint: &str) -> Result<Self, OtlpError> {
        let target = Otlp::http(endpoint)?.into_target(Signal::Logs);
        let build = move || -> Result<_, BoxError> {
            let client = Client::new(&target, Signal::Logs)?;
            let seen = Arc::clone(&client.seen);
            let builder = LogExporter::builder().with_http().with_http_client(client);
            let exporter = over_http(builder, &target).build()?;
            Ok(Heeding { inner: OfLogs(exporter), seen })
        };
        Ok(Self(Adapter::later(build)))
    }

    /// As [`Spans::otlp_grpc`].
    ///
    /// # Errors
    /// As [`Otlp::grpc`].
    pub fn otlp_grpc(endpoint: &str) -> Result<Self, OtlpError> {
        let target = Otlp::grpc(endpoint)?.into_target(Signal::Logs);
        let build = move || -> Result<_, BoxError> {
            let channel = open(&target, Signal::Logs)?;
            let builder = LogExporter::builder().with_tonic().with_channel(channel);
            Ok(OfLogs(builder.build()?))
        };
        Ok(Self(Adapter::later(build).timeout(GRPC_TIMEOUT)))
    }
}

/// What both signals want of HTTP. When it is tried again is the pipeline's business.
fn over_http<B: WithExportConfig + WithHttpConfig>(builder: B, target: &Target) -> B {
    builder
        .with_endpoint(target.endpoint.url())
        .with_protocol(Protocol::HttpBinary)
        .with_retry_policy(RetryPolicy::disabled())
}

fn open(target: &Target, signal: Signal) -> Result<tonic::transport::Channel, BoxError> {
    let open = || channel(target, connector(target, Versions::Two)?);
    open().map_err(|failure| failure.named(target.task(signal)).into())
}

/// Sends what `opentelemetry-otlp` makes, and remembers what was answered.
struct Client {
    connector: Connector,
    pool: Mutex<Pool>,
    timeout: Option<Duration>,
    /// What is being done, for messages.
    task: String,
    seen: Arc<Seen>,
}

/// What is known of the request that was sent last.
#[derive(Default)]
struct Seen {
    /// How many events are in it.
    sent: AtomicUsize,
    answer: Mutex<Option<Result<usize, ExportError>>>,
}

impl Seen {
    fn set(
        &self,
        answer: Option<Result<usize, ExportError>>,
    ) -> Option<Result<usize, ExportError>> {
        std::mem::replace(&mut *self.answer.lock().unwrap_or_else(PoisonError::into_inner), answer)
    }
}

impl Client {
    fn new(target: &Target, signal: Signal) -> Result<Self, BoxError> {
        let task = target.task(signal);
        let connector =
            connector(target, Versions::Any).map_err(|failure| failure.named(task.clone()))?;
        let pool = Mutex::new(pool(connector.clone()));
        Ok(Self { connector, pool, timeout: target.timeout, task, seen: Arc::default() })
    }

    async fn send(&self, request: Request<Bytes>) -> Result<(), ()> {
        let encoding = request.headers().get(CONTENT_ENCODING);
        let encoding = encoding.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let request = request.map(|body| Pieces::new([body]));
        let sent = self.seen.sent.load(Ordering::Relaxed);
        let pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let deadline = Deadline::after(self.timeout);
        let answer = exchange(&pool, request, encoding.as_deref(), sent, deadline).await;
        let (result, answer) = match answer {
            Ok(answer) => (Ok(()), Ok(answer.rejected)),
            Err(failure) => (Err(()), Err(self.error(failure))),
        };
        self.seen.set(Some(answer));
        result
    }

    fn error(&self, failure: Failure) -> ExportError {
        if failure.is_broken {
            // A connection that is silent stays silent.
            *self.pool.lock().unwrap_or_else(PoisonError::into_inner) =
                pool(self.connector.clone());
        }
        let verdict = failure.verdict;
        let cause = failure.named(self.task.clone());
        match verdict {
            Verdict::Retry(None) => ExportError::retryable(cause),
            Verdict::Retry(Some(delay)) => ExportError::retryable(cause).retry_after(delay),
            Verdict::Drop(_) => ExportError::permanent(cause),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("task", &self.task).finish_non_exhaustive()
    }
}

impl HttpClient for Client {
    // As `async_trait` writes it.
    fn send_bytes<'c, 'f>(
        &'c self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'c: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            // What became of it is said by another way, and in full.
            match self.send(request).await {
                Ok(()) => Ok(Response::new(Bytes::new())),
                Err(()) => Err("it did not arrive".into()),
            }
        })
    }
}

/// An exporter, and what its client saw.
struct Heeding<X> {
    inner: X,
    seen: Arc<Seen>,
}

impl<R, X: Remote<R>> Remote<R> for Heeding<X> {
    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }

    fn export(&self, records: Vec<R>) -> Exporting<'_> {
        self.seen.sent.store(records.len(), Ordering::Relaxed);
        self.seen.set(None);
        self.inner.export(records)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shut_down(&self) -> OTelSdkResult {
        self.inner.shut_down()
    }

    fn heard(&self) -> Option<Result<usize, ExportError>> {
        self.seen.set(None)
    }
}
