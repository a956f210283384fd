//! [`Logs`]: any exporter of log records.

use opentelemetry_sdk::logs::LogExporter;

use crate::sdk_0_33::adapter::Adapter;
use crate::sdk_0_33::destination::destination;
use crate::sdk_0_33::log::MakeLog;
use crate::sdk_0_33::remote::OfLogs;

/// Sends events as log records of the SDK, through any [`LogExporter`].
///
/// ```
/// use ode_core::{Batch, EventBuilder, Exporter};
/// use ode_exporters::sdk_0_33::Logs;
/// use opentelemetry_sdk::logs::InMemoryLogExporter;
///
/// let memory = InMemoryLogExporter::default();
/// let mut exporter = Logs::new(memory.clone());
/// exporter.export(&Batch::new(vec![EventBuilder::new("cart.checkout").build()]))?;
/// assert_eq!(memory.get_emitted_logs().unwrap()[0].record.event_name(), Some("cart.checkout"));
/// # Ok::<(), ode_core::ExportError>(())
/// ```
///
/// It lives on the pipeline's thread. What needs a runtime of tokio finds one, on a second thread;
/// what blocks may block. No telemetry is made of the export itself.
///
/// When it is dropped, the exporter is shut down.
pub struct Logs(pub(crate) Adapter<MakeLog>);

destination!(Logs, LogExporter, OfLogs, "SdkLogs");
