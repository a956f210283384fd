//! [`Spans`]: any exporter of spans.

use opentelemetry_sdk::trace::SpanExporter;

use crate::sdk_0_33::adapter::Adapter;
use crate::sdk_0_33::destination::destination;
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

destination!(Spans, SpanExporter, OfSpans, "SdkSpans");
