//! What the tests share: exporters that remember, and such that do as they are told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ode_core::{Batch, Event, Exporter};
use ode_exporters::sdk_0_33::{Logs, Spans};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLogRecord};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SpanData, SpanExporter};

pub(crate) fn span(event: &Event) -> SpanData {
    let memory = InMemorySpanExporter::default();
    let mut exporter = Spans::new(memory.clone());
    exporter.export(&Batch::new(vec![event.clone()])).unwrap();
    memory.get_finished_spans().unwrap().remove(0)
}

pub(crate) fn record(event: &Event) -> SdkLogRecord {
    let memory = InMemoryLogExporter::default();
    let mut exporter = Logs::new(memory.clone());
    exporter.export(&Batch::new(vec![event.clone()])).unwrap();
    memory.get_emitted_logs().unwrap().remove(0).record
}

/// What an exporter does with its next batch.
pub(crate) enum Act {
    Take,
    Fail(&'static str),
    Time,
    Hang,
    Panic,
}

/// An exporter of spans that does as it is told, and then takes everything.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Log>>);

#[derive(Default)]
pub(crate) struct Log {
    pub(crate) plan: VecDeque<Act>,
    /// Names of what was taken.
    pub(crate) taken: Vec<String>,
    /// What was called, but for exports that went well.
    pub(crate) calls: Vec<&'static str>,
    pub(crate) resources: Vec<Resource>,
    /// Where the last call ran.
    pub(crate) surroundings: Option<Surroundings>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Surroundings {
    pub(crate) has_runtime: bool,
    pub(crate) is_quiet: bool,
}

impl Told {
    pub(crate) fn to(plan: impl IntoIterator<Item = Act>) -> Self {
        let told = Self::default();
        told.log().plan = plan.into_iter().collect();
        told
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn called(&self, what: &'static str) {
        let surroundings = Surroundings {
            has_runtime: tokio::runtime::Handle::try_current().is_ok(),
            is_quiet: opentelemetry::Context::is_current_telemetry_suppressed(),
        };
        let mut log = self.log();
        log.calls.push(what);
        log.surroundings = Some(surroundings);
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Told { authorization: \"canary\" }")
    }
}

impl SpanExporter for Told {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.called("export");
        let act = self.log().plan.pop_front().unwrap_or(Act::Take);
        match act {
            Act::Take => {
                self.log().taken.extend(batch.into_iter().map(|span| span.name.into_owned()));
                Ok(())
            }
            Act::Fail(text) => Err(OTelSdkError::InternalFailure(text.to_owned())),
            Act::Time => Err(OTelSdkError::Timeout(std::time::Duration::from_secs(1))),
            Act::Hang => std::future::pending().await,
            Act::Panic => panic!("on purpose"),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.called("flush");
        match self.log().plan.pop_front() {
            Some(Act::Fail(text)) => Err(OTelSdkError::InternalFailure(text.to_owned())),
            _ => Ok(()),
        }
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.called("shutdown");
        let act = self.log().plan.pop_front();
        assert!(!matches!(act, Some(Act::Panic)), "on purpose");
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.called("set_resource");
        self.log().resources.push(resource.clone());
    }
}
