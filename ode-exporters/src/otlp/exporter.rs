//! [`Otlp`]: the exporter.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use ode_core::{Batch, Diagnostic, ExportError, Exporter, integration};

use crate::otlp::config::{
    Compression, Endpoint, OtlpError, OtlpSettings, Protocol, SignalSettings, read,
};
use crate::otlp::encode::{
    Answer, DEFAULT_REQUEST_BYTES, MAX_REQUEST_BYTES, Resource, Shape, Signal, Signals,
};
#[cfg(test)]
use crate::otlp::transport::Resolver;
use crate::otlp::transport::{Delivery, Failure, Lane, Message, Own, Post, Target};

/// Sends events by OTLP, over HTTP or gRPC.
///
/// It lives on the pipeline's thread with a small runtime of its own. It tries every request once;
/// when it is tried again, and for how long, is the pipeline's business: see
/// [`Queue::give_up_after`](ode_core::Queue::give_up_after). What the receiver asks for is honoured
/// up to an hour.
///
/// ```
/// # #[cfg(feature = "otlp-http")] {
/// use ode_exporters::otlp::{Compression, Otlp, OtlpError};
///
/// # fn key() -> &'static str { "secret" }
/// # fn main() -> Result<(), OtlpError> {
/// let otlp = Otlp::http("https://otlp.example.com")?
///     .header("x-api-key", key())?
///     .compression(Compression::Gzip);
/// assert!(!format!("{otlp:?}").contains("secret"));
/// # Ok(())
/// # }
/// # main().unwrap();
/// # }
/// ```
///
/// # What becomes of an event
/// - The receiver takes the request: delivered. It rejects some of the events: these are rejected,
///   and none is sent again.
/// - It answers 429, 502, 503 or 504, or one of the gRPC codes that pass, or not at all: the request
///   is sent again, as it was encoded.
/// - Any other answer, redirects included: dropped as `non_retryable`, with 413 as
///   `request_too_large`.
/// - It does not fit into a request alone: dropped as `event_too_large`.
///
/// With [`Signals::Both`] an event is delivered when both receivers took it.
///
/// Among log records each flag that a unit evaluated is one more, `feature_flag.evaluation`, behind the
/// unit's own. They are not counted: where a receiver rejects so few records that all of them may be
/// such, the events count as delivered, and that is said.
///
/// # Security
/// `https` is never replaced by anything else, certificates are always verified, and redirects are
/// not followed. Values of headers, the query of an endpoint, and what a receiver says in words are
/// never shown.
pub struct Otlp {
    signals: Signals,
    max_request_bytes: usize,
    resource: Vec<(String, String)>,
    spans: Target,
    logs: Target,
    /// What is to be said once there is somebody to say it to.
    warnings: Vec<String>,
    running: Option<Box<Running>>,
}

/// What is made on the thread that exports.
struct Running {
    delivery: Delivery,
    wire: Wire,
}

/// The connections, and what they live on.
struct Wire {
    // Dropped before what they live on.
    lanes: Vec<(Signal, Lane)>,
    own: Own,
    warned: bool,
}

impl Otlp {
    /// Protobuf over HTTP, to a receiver of all signals: `/v1/traces` and `/v1/logs` are added to the
    /// endpoint's path.
    ///
    /// # Errors
    /// When the endpoint is not a URL such as `http://localhost:4318`. A user name in it is an error
    /// too: send it as the header `authorization`.
    #[cfg(feature = "otlp-http")]
    pub fn http(endpoint: &str) -> Result<Self, OtlpError> {
        Self::over_http(Protocol::HttpProtobuf, endpoint)
    }

    /// As [`Otlp::http`], in JSON: twice as large, readable on the way.
    ///
    /// # Errors
    /// As [`Otlp::http`].
    #[cfg(feature = "otlp-http")]
    pub fn http_json(endpoint: &str) -> Result<Self, OtlpError> {
        Self::over_http(Protocol::HttpJson, endpoint)
    }

    #[cfg(feature = "otlp-http")]
    fn over_http(protocol: Protocol, endpoint: &str) -> Result<Self, OtlpError> {
        let endpoint = parsed(endpoint)?;
        if let Some(path) = endpoint.signal_at_end() {
            let what = format!("the endpoint ends in {path}, which is added to it; leave it out");
            return Err(OtlpError::endpoint(what));
        }
        let target = |signal| Target::new(protocol, endpoint.for_signal(signal));
        Ok(Self::of(target(Signal::Spans), target(Signal::Logs)))
    }

    /// gRPC, to a receiver of all signals.
    ///
    /// # Errors
    /// When the endpoint is not a URL such as `http://localhost:4317`, without a path.
    #[cfg(feature = "otlp-grpc")]
    pub fn grpc(endpoint: &str) -> Result<Self, OtlpError> {
        let endpoint = parsed(endpoint)?;
        if endpoint.has_path() {
            let what = "the endpoint has a path, and gRPC has its own; write scheme, host and port";
            return Err(OtlpError::endpoint(what));
        }
        let target = Target::new(Protocol::Grpc, endpoint);
        Ok(Self::of(target.clone(), target))
    }

    fn of(spans: Target, logs: Target) -> Self {
        Self {
            signals: Signals::default(),
            max_request_bytes: DEFAULT_REQUEST_BYTES,
            resource: Vec::new(),
            spans,
            logs,
            warnings: Vec::new(),
            running: None,
        }
    }

    /// As the `OTEL_*` variables say; nothing unless they name an endpoint, and nothing where they
    /// disable it. The guide has the table of them, under "send to …". What the code says after
    /// this beats the environment.
    ///
    /// Values that cannot be used are ignored, and said through
    /// [diagnostics](ode_core::Diagnostic) with the first batch.
    ///
    /// # Errors
    /// When a file with certificates cannot be read or used, and when the feature for the protocol is
    /// off.
    pub fn from_environment() -> Result<Option<Self>, OtlpError> {
        let settings = read(|name| std::env::var_os(name));
        let Some(otlp) = settings.otlp else { return Ok(None) };
        Ok(Some(Self { warnings: settings.warnings, ..Self::from_settings(otlp)? }))
    }

    /// As the settings say; reads the files that they name.
    ///
    /// # Errors
    /// As [`Otlp::from_environment`].
    #[doc(hidden)]
    pub fn from_settings(settings: OtlpSettings) -> Result<Self, OtlpError> {
        if let Some(feature) = settings.missing_features().next() {
            let what = format!("the protocol of the endpoint needs the feature {feature} of ode");
            return Err(OtlpError::endpoint(what));
        }
        let (spans, logs) = (target(settings.spans)?, target(settings.logs)?);
        let (signals, resource) = (settings.signals, settings.resource_attributes);
        Ok(Self { signals, resource, ..Self::of(spans, logs) })
    }

    /// Sets where spans go, as it stands: nothing is added to its path.
    ///
    /// # Errors
    /// When it is no URL of HTTP.
    pub fn traces_endpoint(mut self, url: &str) -> Result<Self, OtlpError> {
        self.spans.endpoint = parsed(url)?;
        Ok(self)
    }

    /// Sets where log records go, as it stands: nothing is added to its path.
    ///
    /// # Errors
    /// When it is no URL of HTTP.
    pub fn logs_endpoint(mut self, url: &str) -> Result<Self, OtlpError> {
        self.logs.endpoint = parsed(url)?;
        Ok(self)
    }

    /// Adds a header to every request, in the place of an earlier one of that name; with gRPC it is
    /// metadata. The value is never shown.
    ///
    /// # Errors
    /// When it is no name or no value of a header, and when ode writes that header itself.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, OtlpError> {
        self.spans.header(name, value)?;
        self.logs.header(name, value)?;
        Ok(self)
    }

    /// Sets how requests are compressed. Default: not at all.
    #[must_use]
    pub fn compression(self, compression: Compression) -> Self {
        self.each(|target| target.compression = compression)
    }

    /// Sets how long one attempt at one request may take, everything included. Default 10 seconds;
    /// zero is without end.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.each(|target| target.set_timeout(timeout))
    }

    /// Sets what events are sent as. Default [`Signals::Spans`].
    #[must_use]
    pub fn signals(mut self, signals: Signals) -> Self {
        self.signals = signals;
        self
    }

    /// Sets how much of an event is sent. Default: all of it.
    #[must_use]
    pub fn shape(self, shape: Shape) -> Self {
        self.each(|target| target.shape = shape)
    }

    /// Trusts the certificates of this PEM text, and no others. Default: those of the platform.
    ///
    /// # Errors
    /// When there is none in it, or one that cannot be used.
    pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Result<Self, OtlpError> {
        self.spans.tls.trust(pem.as_ref())?;
        self.logs.tls.clone_from(&self.spans.tls);
        Ok(self)
    }

    /// Shows a certificate to receivers that ask for one. Both are PEM text: the certificate, with
    /// those that lead from it to a root, and its key.
    ///
    /// # Errors
    /// When one of them cannot be used, or they do not belong together.
    pub fn client_certificate(
        mut self,
        certificate: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, OtlpError> {
        self.spans.tls.identify(certificate.as_ref(), key.as_ref())?;
        self.logs.tls.identify(certificate.as_ref(), key.as_ref())?;
        Ok(self)
    }

    /// Sets how large a request may be before it is compressed. Default a little less than 4 MiB,
    /// which is what many receivers take; at most 64 MiB, which is what the specification allows.
    #[must_use]
    pub fn max_request_bytes(mut self, bytes: usize) -> Self {
        self.max_request_bytes = bytes.min(MAX_REQUEST_BYTES);
        self
    }

    /// Adds an attribute to the resource. What ode knows of the process itself stays.
    #[must_use]
    pub fn resource_attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.resource.push((key.into(), value.into()));
        self
    }

    /// Has names looked up by this.
    #[cfg(test)]
    pub(crate) fn resolver(self, resolver: &Resolver) -> Self {
        self.each(|target| target.resolver = resolver.clone())
    }

    /// What is known of one signal's receiver.
    #[cfg(feature = "sdk-0-33-otlp")]
    pub(crate) fn into_target(self, signal: Signal) -> Target {
        match signal {
            Signal::Spans => self.spans,
            Signal::Logs => self.logs,
        }
    }

    fn each(mut self, change: impl Fn(&mut Target)) -> Self {
        change(&mut self.spans);
        change(&mut self.logs);
        self
    }

    fn target(&self, signal: Signal) -> &Target {
        match signal {
            Signal::Spans => &self.spans,
            Signal::Logs => &self.logs,
        }
    }

    /// That somebody could read a credential, of whichever signal: what helps the one helps the other.
    fn exposed(&self) -> Option<String> {
        self.signals.each().find_map(|signal| {
            let target = self.target(signal);
            let header = target.exposed_header()?;
            let task = target.task(signal);
            Some(format!(
                "{task}: the header {header} can be read by everybody on the way; write https://"
            ))
        })
    }

    fn start(&mut self) -> Box<Running> {
        for warning in self.warnings.drain(..) {
            integration::tell_later(Diagnostic::configuration(warning));
        }
        let resource = Resource::new(self.resource.clone());
        let lane = |signal| (signal, Lane::new(signal, self.target(signal).clone()));
        let lanes = self.signals.each().map(lane).collect();
        if let Some(warning) = self.exposed() {
            integration::tell_later(Diagnostic::configuration(warning));
        }
        let target = |signal| self.target(signal).clone();
        let delivery = Delivery::new(self.signals, target, &resource, self.max_request_bytes);
        Box::new(Running { delivery, wire: Wire { lanes, own: Own::default(), warned: false } })
    }
}

fn parsed(endpoint: &str) -> Result<Endpoint, OtlpError> {
    let problem = |problem| OtlpError::endpoint(format!("the endpoint {problem}"));
    let endpoint = Endpoint::parse(endpoint, None).map_err(problem)?;
    match endpoint.url().parse::<http::Uri>() {
        Ok(_) => Ok(endpoint),
        Err(_) => Err(problem("has characters that no URL has; encode them as %XX")),
    }
}

/// A target as the environment describes it.
fn target(settings: SignalSettings) -> Result<Target, OtlpError> {
    let mut target = Target::new(settings.protocol, settings.endpoint);
    for (name, value) in &settings.headers {
        target.header(name, value)?;
    }
    if let Some(timeout) = settings.timeout {
        target.set_timeout(timeout);
    }
    target.compression = settings.compression;
    target.shape = settings.shape;
    if let Some(path) = &settings.roots {
        target.tls.trust(&file(path)?)?;
    }
    match (&settings.client_certificate, &settings.client_key) {
        (Some(certificate), Some(key)) => target.tls.identify(&file(certificate)?, &file(key)?)?,
        (None, None) => {}
        _ => {
            let what = "a client certificate needs its key, and a key its certificate; set both \
                        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY";
            return Err(OtlpError::certificate(what));
        }
    }
    Ok(target)
}

fn file(path: &Path) -> Result<Vec<u8>, OtlpError> {
    std::fs::read(path).map_err(|error: io::Error| {
        let what = format!("the file {} cannot be read", path.display());
        OtlpError::certificate(what).because(error)
    })
}

impl Post for Wire {
    fn post(
        &mut self,
        signal: Signal,
        message: &Message,
        records: usize,
    ) -> Result<Answer, Failure> {
        let lane = self.lanes.iter_mut().find(|(own, _)| *own == signal);
        let Some((_, lane)) = lane else { return Ok(Answer::default()) };
        let answer = self.own.block_on(lane.send(message, records));
        let answer =
            answer.map_err(|error| Failure::unanswered("no runtime can be started", &error))??;
        if answer.rejected == 0 && !answer.message.is_empty() && !self.warned {
            self.warned = true;
            let text = "an OTLP receiver took everything, but with a warning in its answer; it is \
                        not shown, because it may repeat credentials";
            integration::tell_later(Diagnostic::configuration(text));
        }
        Ok(answer)
    }
}

impl Exporter for Otlp {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.start(),
        };
        let result = running.delivery.deliver(batch, &mut running.wire);
        self.running = Some(running);
        result
    }

    fn is_of_opentelemetry(&self) -> bool {
        true
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Otlp");
        debug.field("signals", &self.signals);
        for signal in self.signals.each() {
            let name = match signal {
                Signal::Spans => "spans",
                Signal::Logs => "logs",
            };
            debug.field(name, self.target(signal));
        }
        debug.field("max_request_bytes", &self.max_request_bytes).finish_non_exhaustive()
    }
}
