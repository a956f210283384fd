//! An application on one release of ode that depends on a library on another.

use std::sync::{Arc, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(30);

/// What the library says of itself, by its release.
mod library {
    use other_core::{TraceContext, WideEvent};

    pub(crate) fn load() {
        other_core::set! { library.rows = 3 };
        let deeper = || other_core::set! { inner.rows = 4 };
        WideEvent::builder("library.unit").run(deeper);
    }

    /// A trace passes from release to release as it passes from process to process.
    pub(crate) fn load_below(traceparent: &str) {
        let parent = TraceContext::from_traceparent(traceparent).unwrap();
        WideEvent::builder("library.below").parent(parent).run(|| ());
    }
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<ode::Event>>>);

impl ode::Exporter for Kept {
    fn export(&mut self, batch: &ode::Batch) -> Result<(), ode::ExportError> {
        self.0.lock().unwrap().extend(batch.events().cloned());
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Others(Arc<Mutex<Vec<other_core::Event>>>);

impl other_core::Exporter for Others {
    fn export(&mut self, batch: &other_core::Batch) -> Result<(), other_core::ExportError> {
        self.0.lock().unwrap().extend(batch.events().cloned());
        Ok(())
    }
}

fn main() {
    let (kept, others) = (Kept::default(), Others::default());
    let guard = ode::setup(ode::build_info!()).export_to(kept.clone()).init().unwrap();

    // The library's release is not set up: it is inert, and only its own ledger knows.
    ode::WideEvent::builder("application.unit").run(|| {
        ode::set! { n = 1 };
        library::load();
    });
    assert_eq!((other_core::stats().orphan_writes, other_core::stats().opened), (2, 0));
    assert_eq!((ode::stats().orphan_writes, ode::stats().late_writes), (0, 0));

    // Both are set up: two ledgers, and one trace where it is passed on as text.
    let process = other_core::Process::new("library");
    let second =
        other_core::PipelineBuilder::new(process).export_to(others.clone()).install().unwrap();
    ode::WideEvent::builder("application.again").run(|| {
        library::load();
        let here = ode::current().trace_context().unwrap();
        library::load_below(&here.to_traceparent());
    });
    assert_eq!(other_core::stats().orphan_writes, 3);

    let (end, others_end) = (guard.shutdown(LONG), second.shutdown(LONG));
    assert!(ode::stats().is_balanced() && other_core::stats().is_balanced());
    assert_eq!((end.delivered, end.undelivered, end.open_units), (4, 0, 0));
    assert_eq!((others_end.delivered, others_end.undelivered, others_end.open_units), (2, 0, 0));

    let (kept, others) = (kept.0.lock().unwrap(), others.0.lock().unwrap());
    let names: Vec<_> = kept.iter().map(ode::Event::name).collect();
    assert_eq!(names, ["ode.start", "application.unit", "application.again", "ode.shutdown"]);
    assert_eq!((kept[1].field_count(), kept[2].field_count()), (1, 0));
    let names: Vec<_> = others.iter().map(other_core::Event::name).collect();
    assert_eq!(names, ["library.unit", "library.below"]);
    assert_eq!(others[0].field_count(), 1);
    let (above, below) = (kept[2].trace_context(), &others[1]);
    assert_eq!(below.trace_context().trace_id().to_string(), above.trace_id().to_string());
    assert_eq!(below.parent_span_id().unwrap().to_string(), above.span_id().to_string());
}
