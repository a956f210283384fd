//! [`Adapter`]: from batches of events to an exporter of the SDK, and back to numbers.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ode_core::{Batch, DropReason, Event, ExportError, Process};
use opentelemetry_sdk::Resource as SdkResource;
use opentelemetry_sdk::error::OTelSdkError;

use crate::otlp::encode::Resource;
use crate::sdk_0_33::attributes::attribute;
use crate::sdk_0_33::failure::{Told, Unknown, failure};
use crate::sdk_0_33::reactor::Reactor;
use crate::sdk_0_33::remote::{Make, Remote};

/// What is waited for an export unless told otherwise: as long as the SDK's own processors do.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

type BoxError = Box<dyn Error + Send + Sync>;
type Build<R> = Box<dyn FnMut() -> Result<Box<dyn Remote<R>>, BoxError> + Send>;

/// Turns events into records and has them exported.
pub(crate) struct Adapter<M: Make> {
    make: M,
    timeout: Duration,
    unknown: Unknown,
    extra: Vec<(String, String)>,
    build: Option<Build<M::Record>>,
    remote: Option<Box<dyn Remote<M::Record>>>,
    /// Whose resource the exporter has.
    process: Option<Process>,
    reactor: Option<Reactor>,
}

/// What became of the first events of a batch.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    delivered: usize,
    rejected: usize,
    failed: usize,
}

impl<M: Make> Adapter<M> {
    /// For an exporter that is there.
    pub(crate) fn of(remote: impl Remote<M::Record> + 'static) -> Self {
        Self::new(None, Some(Box::new(remote)))
    }

    /// For one that is made when it is needed, where it is needed, and again after it hung.
    pub(crate) fn later<R, E>(mut build: impl FnMut() -> Result<R, E> + Send + 'static) -> Self
    where
        R: Remote<M::Record> + 'static,
        E: Into<BoxError>,
    {
        let build = move || match build() {
            Ok(remote) => Ok(Box::new(remote) as Box<dyn Remote<M::Record>>),
            Err(error) => Err(error.into()),
        };
        Self::new(Some(Box::new(build)), None)
    }

    fn new(build: Option<Build<M::Record>>, remote: Option<Box<dyn Remote<M::Record>>>) -> Self {
        Self {
            make: M::default(),
            timeout: DEFAULT_TIMEOUT,
            unknown: Unknown::default(),
            extra: Vec::new(),
            build,
            remote,
            process: None,
            reactor: None,
        }
    }

    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    pub(crate) fn unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = unknown;
        self
    }

    pub(crate) fn resource_attribute(mut self, key: String, value: String) -> Self {
        self.extra.push((key, value));
        self
    }

    /// Exports a batch, by parts where its events are of more than one process.
    pub(crate) fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        let events: Vec<&Event> = batch.events().collect();
        let mut account = Account::default();
        for part in events.chunk_by(|a, b| same_process(a, b)) {
            self.export_part(part, &mut account).map_err(|error| account.on(error))?;
        }
        account.end()
    }

    fn export_part(&mut self, events: &[&Event], account: &mut Account) -> Result<(), ExportError> {
        let Some(first) = events.first() else { return Ok(()) };
        self.prepare(first.process())?;
        let records: Vec<_> = events.iter().filter_map(|event| self.record(event)).collect();
        let sent = records.len();
        let rejected = if sent > 0 { self.send(records)? } else { 0 };
        account.delivered += sent - rejected;
        account.rejected += rejected;
        account.failed += events.len() - sent;
        Ok(())
    }

    /// Sees to it that there is an exporter, and that it knows whose events these are.
    fn prepare(&mut self, process: &Process) -> Result<(), ExportError> {
        if self.reactor.is_none() {
            self.reactor = Some(Reactor::start()?);
        }
        if let (None, Some(build), Some(reactor)) = (&self.remote, &mut self.build, &self.reactor) {
            self.remote = Some(reactor.within(build).map_err(ExportError::permanent)?);
            self.process = None;
        }
        if let (Some(remote), Some(reactor)) = (&mut self.remote, &self.reactor)
            && self.process.as_ref() != Some(process)
        {
            let resource = resource(process, &self.extra);
            reactor.within(|| remote.set_resource(&resource));
            self.process = Some(process.clone());
        }
        Ok(())
    }

    /// Nothing here is known to panic. If something does, it is that one event that is lost.
    fn record(&mut self, event: &Event) -> Option<M::Record> {
        catch_unwind(AssertUnwindSafe(|| self.make.make(event))).ok()
    }

    /// Says how many of the records were rejected.
    fn send(&mut self, records: Vec<M::Record>) -> Result<usize, ExportError> {
        let (Some(remote), Some(reactor)) = (&self.remote, &self.reactor) else { return Ok(0) };
        let timeout = self.timeout;
        let ended = reactor.block_on(|| tokio::time::timeout(timeout, remote.export(records)));
        let Ok(ended) = ended else {
            if self.build.is_some() {
                // Whatever it waits for, it would wait for it again.
                self.remote = None;
            }
            return Err(failure(&OTelSdkError::Timeout(timeout), self.unknown));
        };
        match (remote.heard(), ended) {
            (Some(heard), _) => heard,
            (None, Ok(())) => Ok(0),
            (None, Err(error)) => Err(failure(&error, self.unknown)),
        }
    }

    pub(crate) fn flush(&mut self) -> Result<(), ExportError> {
        let (Some(remote), Some(reactor)) = (&self.remote, &self.reactor) else { return Ok(()) };
        let flushed = reactor.within(|| remote.force_flush());
        flushed.map_err(|error| failure(&error, self.unknown))
    }

    pub(crate) fn show(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the exporter: those of others have been seen to show their headers.
        f.debug_struct(name)
            .field("timeout", &self.timeout)
            .field("unknown_failures", &self.unknown)
            .finish_non_exhaustive()
    }
}

impl<M: Make> Drop for Adapter<M> {
    fn drop(&mut self) {
        let Some(remote) = self.remote.take() else { return };
        let end = || {
            // What it cannot do any more, nobody can be told any more.
            remote.shut_down().ok();
            drop(remote);
        };
        let end = AssertUnwindSafe(|| match &self.reactor {
            Some(reactor) => reactor.within(end),
            None => end(),
        });
        catch_unwind(end).ok();
    }
}

impl Account {
    /// What is known of the first events goes along with the error of the others.
    fn on(self, error: ExportError) -> ExportError {
        let rejected = self.rejected + error.rejected_events();
        let error = error.delivered(self.delivered).rejected(rejected);
        if self.failed > 0 { error.dropped(DropReason::EncodeError, self.failed) } else { error }
    }

    fn end(self) -> Result<(), ExportError> {
        let what = match self {
            Self { rejected: 0, failed: 0, .. } => return Ok(()),
            Self { failed: 0, .. } => "the receiver rejected some",
            _ => "some could not be made records of",
        };
        Err(self.on(ExportError::partial(0, Told(what.to_owned()))))
    }
}

fn same_process(a: &Event, b: &Event) -> bool {
    std::ptr::eq(a.process(), b.process()) || a.process() == b.process()
}

/// The same attributes that [`otlp`](crate::otlp) sends, and no others: nothing is read from the
/// environment.
fn resource(process: &Process, extra: &[(String, String)]) -> SdkResource {
    let known = Resource::new(extra.to_vec());
    let attributes = known.attributes(process);
    let attributes: Vec<_> = attributes.filter_map(|(key, value)| attribute(key, value)).collect();
    SdkResource::builder_empty().with_attributes(attributes).build()
}
