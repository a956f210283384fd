//! What the two kinds of exporters have in common, whatever their types.

use std::pin::Pin;

use ode_core::{Event, ExportError};
use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, SdkLogRecord};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Makes records of one kind.
pub(crate) trait Make: Default + Send + 'static {
    type Record: Send + 'static;

    fn make(&mut self, event: &Event) -> Self::Record;
}

/// The end of an export.
pub(crate) type Exporting<'e> = Pin<Box<dyn Future<Output = OTelSdkResult> + Send + 'e>>;

/// An exporter of such records.
pub(crate) trait Remote<R>: Send + Sync {
    fn set_resource(&mut self, resource: &Resource);

    fn export(&self, records: Vec<R>) -> Exporting<'_>;

    fn force_flush(&self) -> OTelSdkResult;

    fn shut_down(&self) -> OTelSdkResult;

    /// What is known about the last export beside its result: how many records were rejected, or why
    /// it failed.
    fn heard(&self) -> Option<Result<usize, ExportError>> {
        None
    }
}

/// An exporter of spans.
pub(crate) struct OfSpans<E>(pub(crate) E);

impl<E: SpanExporter> Remote<SpanData> for OfSpans<E> {
    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }

    fn export(&self, records: Vec<SpanData>) -> Exporting<'_> {
        Box::pin(self.0.export(records))
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shut_down(&self) -> OTelSdkResult {
        self.0.shutdown()
    }
}

/// An exporter of log records.
pub(crate) struct OfLogs<E>(pub(crate) E);

impl<E: LogExporter> Remote<SdkLogRecord> for OfLogs<E> {
    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }

    fn export(&self, records: Vec<SdkLogRecord>) -> Exporting<'_> {
        Box::pin(async move {
            let scope = scope();
            let records: Vec<_> = records.iter().map(|record| (record, &scope)).collect();
            self.0.export(LogBatch::new(&records)).await
        })
    }

    fn force_flush(&self) -> OTelSdkResult {
        // The SDK has nothing of the kind for these.
        Ok(())
    }

    fn shut_down(&self) -> OTelSdkResult {
        self.0.shutdown()
    }
}

/// Who made the records.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("ode").with_version(env!("CARGO_PKG_VERSION")).build()
}
