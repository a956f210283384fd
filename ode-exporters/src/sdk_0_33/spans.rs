//! [`Spans`]: any exporter of spans.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use ode_core::{Batch, ExportError, Exporter};
use opentelemetry_sdk::trace::SpanExporter;

use crate::sdk_0_33::adapter::Adapter;
use crate::sdk_0_33::failure::Unknown;
use crate::sdk_0_33::remote::OfSpans;
use crate::sdk_0_33::span::MakeSpan;

/// Sends events as spans of the SDK, through any [`SpanExporter`].
///
/// ```
/// use ode_core::{Batch, EventBuilder, Exporter};
/// use ode_exporters::sdk_0_33::Spans;
/// use opentelemetry_sdk::trace::InMemorySpanExporter;
///
/// let memory = InMemorySpanExporter::default();
/// let mut exporter = Spans::new(memory.clone());
/// exporter.export(&Batch::new(vec![EventBuilder::new("cart.checkout").build()]))?;
/// assert_eq!(memory.get_finished_spans().unwrap()[0].name, "cart.checkout");
/// # Ok::<(), ode_core::ExportError>(())
/// ```
///
/// It lives on the pipeline's thread. What needs a runtime of tokio finds one, on a second thread;
/// what blocks may block. No telemetry is made of the export itself.
///
/// When it is dropped, the exporter is shut down.
pub struct Spans(pub(crate) Adapter<MakeSpan>);

impl Spans {
    /// For an exporter that was made elsewhere.
    ///
    /// Not for one that started tasks on a runtime when it was made, as that of gRPC does: it would
    /// need that runtime for as long as it lives. See [`Spans::made_by`].
    pub fn new(exporter: impl SpanExporter + 'static) -> Self {
        Self(Adapter::of(OfSpans(exporter)))
    }

    /// For an exporter that is made with the first batch, by ode's thread and in its runtime; and
    /// made again after it did not end in time. While making it fails, batches are lost, and
    /// counted.
    ///
    /// ```no_run
    /// # #[cfg(feature = "sdk-0-33-otlp")] {
    /// use ode_exporters::sdk_0_33::Spans;
    ///
    /// let exporter =
    ///     Spans::made_by(|| opentelemetry_otlp::SpanExporter::builder().with_tonic().build());
    /// # let _ = exporter;
    /// # }
    /// ```
    pub fn made_by<X, E>(mut make: impl FnMut() -> Result<X, E> + Send + 'static) -> Self
    where
        X: SpanExporter + 'static,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        Self(Adapter::later(move || make().map(OfSpans)))
    }

    /// Sets how long the export of a batch may take, all tries of the exporter included. Default 30
    /// seconds. An exporter that blocks cannot be interrupted.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// Adds an attribute to the resource. What ode knows of the process itself stays.
    #[must_use]
    pub fn resource_attribute(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        Self(self.0.resource_attribute(key.into(), value.into()))
    }

    /// Exports a batch again, as [`Queue::give_up_after`](ode_core::Queue::give_up_after) has it,
    /// also after a failure that is not understood. By default such a batch is dropped: the SDK
    /// leaves it to exporters to try again, and only they know whether part of it arrived.
    #[must_use]
    pub fn retry_unknown_failures(self) -> Self {
        Self(self.0.unknown(Unknown::Passes))
    }
}

impl Exporter for Spans {
    fn export(&mut self, batch: &Batch) -> Result<(), ExportError> {
        self.0.export(batch)
    }

    fn flush(&mut self, _timeout: Duration) -> Result<(), ExportError> {
        self.0.flush()
    }

    fn is_of_opentelemetry(&self) -> bool {
        true
    }

    fn name(&self) -> &'static str {
        "SdkSpans"
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show("Spans", f)
    }
}
