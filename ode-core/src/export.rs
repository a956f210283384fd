//! What an exporter implements: [`Exporter`], the [`Batch`] it is given, the [`ExportError`] it
//! may return.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::event::finished::Event;
use crate::pipeline::ledger::DropReason;
use crate::process::Process;

/// Where events go. A few lines to implement.
///
/// It lives on a thread of its own and is called one batch at a time, so it may block.
///
/// ```
/// use ode_core::{Batch, ExportError, Exporter};
/// use std::io::Write;
///
/// struct Tcp(std::net::TcpStream);
///
/// impl Exporter for Tcp {
///     fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
///         for event in batch.events() {
///             write!(self.0, "{} {}", event.name(), event.outcome())?;
///             for (key, value) in event.fields() {
///                 write!(self.0, " {key}={value:?}")?;
///             }
///             self.0.write_all(b"\n")?;
///         }
///         Ok(())
///     }
/// }
/// # let _ = |stream| Tcp(stream);
/// ```
pub trait Exporter: Send + 'static {
    /// Delivers a batch. `Ok` means that all of it arrived.
    ///
    /// # Errors
    /// See [`ExportError`]: what failed, and whether trying again can help.
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError>;

    /// Makes what was exported durable or visible, as far as the exporter buffers at all.
    ///
    /// # Errors
    /// When that failed or took longer than `timeout`.
    fn flush(&mut self, timeout: Duration) -> Result<(), ExportError> {
        let _ = timeout;
        Ok(())
    }

    /// Whether it speaks OpenTelemetry, and so is taken out by `OTEL_SDK_DISABLED`.
    #[doc(hidden)]
    fn is_of_opentelemetry(&self) -> bool {
        false
    }

    /// A short name for statistics and messages.
    fn name(&self) -> &str {
        short_name(std::any::type_name::<Self>())
    }
}

fn short_name(full: &str) -> &str {
    let path = full.split('<').next().unwrap_or(full);
    path.rsplit("::").next().unwrap_or(path)
}

impl<E: Exporter + ?Sized> Exporter for Box<E> {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        (**self).export(batch)
    }

    fn flush(&mut self, timeout: Duration) -> Result<(), ExportError> {
        (**self).flush(timeout)
    }

    fn is_of_opentelemetry(&self) -> bool {
        (**self).is_of_opentelemetry()
    }

    fn name(&self) -> &str {
        (**self).name()
    }
}

/// Finished events on their way to one destination.
#[derive(Debug)]
pub struct Batch {
    pub(crate) events: Vec<Event>,
    /// The events before this one were delivered by an earlier attempt.
    pub(crate) first: usize,
    pub(crate) length: usize,
    pub(crate) process: Arc<Process>,
}

impl Batch {
    /// A batch of these events, for testing an exporter.
    pub fn new(events: Vec<Event>) -> Self {
        let process = events.first().map(|event| Arc::clone(&event.process)).unwrap_or_default();
        Self { length: events.len(), events, first: 0, process }
    }

    pub(crate) fn as_slice(&self) -> &[Event] {
        self.events.get(self.first..self.length).unwrap_or_default()
    }

    /// The events, oldest first.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.as_slice().iter()
    }

    /// What produced the events.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }
}

/// Why a batch was not delivered, and what can be done about it.
#[derive(Debug)]
pub struct ExportError {
    kind: Kind,
    /// How many events of the batch, from its beginning, did arrive.
    delivered: usize,
    /// How many after those were refused for good.
    rejected: usize,
    /// How many after those were dropped by the exporter, and why.
    dropped: Option<(DropReason, usize)>,
    source: Box<dyn Error + Send + Sync>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Retryable { after: Option<Duration> },
    Permanent,
    Partial,
}

impl ExportError {
    /// Trying again later can help: a full disk, a receiver that is away.
    pub fn retryable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(Kind::Retryable { after: None }, source.into())
    }

    /// Not before this much time has passed. Turns the error into a retryable one.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.kind = Kind::Retryable { after: Some(delay) };
        self
    }

    /// Trying again cannot help: the batch is dropped and counted.
    pub fn permanent(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(Kind::Permanent, source.into())
    }

    /// The receiver took the batch but refused `rejected` of its events; they are not sent again.
    pub fn partial(rejected: usize, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { rejected, ..Self::of(Kind::Partial, source.into()) }
    }

    fn of(kind: Kind, source: Box<dyn Error + Send + Sync>) -> Self {
        Self { kind, delivered: 0, rejected: 0, dropped: None, source }
    }

    /// The first `events` of the batch arrived all the same; only the rest is tried again.
    #[must_use]
    pub fn delivered(mut self, events: usize) -> Self {
        self.delivered = events;
        self
    }

    /// So many events were refused for good; they are counted as rejected and not sent again.
    ///
    /// With [`delivered`](Self::delivered) and [`dropped`](Self::dropped) it says what became of the
    /// beginning of the batch: of the first `delivered + rejected + dropped` events that many had
    /// each fate, in whatever order. The kind of error is about the rest.
    #[must_use]
    pub fn rejected(mut self, events: usize) -> Self {
        self.rejected = events;
        self
    }

    /// So many events the exporter itself had to drop, for this reason: they were too large for
    /// the receiver, or could not be encoded.
    #[must_use]
    pub fn dropped(mut self, reason: DropReason, events: usize) -> Self {
        self.dropped = Some((reason, events));
        self
    }

    /// Whether trying again can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, Kind::Retryable { .. })
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// How many events of the batch, from its beginning, arrived all the same.
    pub fn delivered_events(&self) -> usize {
        self.delivered
    }

    /// How many events of the batch were refused for good.
    pub fn rejected_events(&self) -> usize {
        self.rejected
    }

    /// How many events the exporter dropped, and why.
    pub fn dropped_events(&self) -> Option<(DropReason, usize)> {
        self.dropped.filter(|(_, events)| *events > 0)
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Retryable { .. } => f.write_str("export failed for now"),
            Kind::Permanent => f.write_str("export failed for good"),
            Kind::Partial => match self.dropped_events() {
                Some((reason, dropped)) if self.rejected == 0 => {
                    write!(f, "{dropped} events were dropped ({reason})")
                }
                Some((reason, dropped)) => {
                    let rejected = self.rejected;
                    write!(f, "{rejected} events were rejected, {dropped} dropped ({reason})")
                }
                None if self.rejected == 0 => f.write_str("the batch arrived, with a remark"),
                None => write!(f, "the receiver rejected {} events", self.rejected),
            },
        }
    }
}

impl Error for ExportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

impl From<io::Error> for ExportError {
    /// I/O errors pass: they are retried.
    fn from(error: io::Error) -> Self {
        Self::retryable(error)
    }
}
