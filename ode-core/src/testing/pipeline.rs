//! A whole pipeline of one's own, threads and all, beside any number of others: for testing
//! exporters.

use std::io;
use std::time::Duration;

use crate::context::joined::{InEvent, Joined};
use crate::pipeline::builder::PipelineBuilder;
use crate::pipeline::engine::Pipeline;
use crate::pipeline::guard::{Flushed, Shutdown};
use crate::pipeline::ledger::Stats;
use crate::pipeline::lifecycle;
use crate::pipeline::queue::Queue;
use crate::process::Process;
use crate::sync::Arc;
use crate::testing::clock::TestClock;

/// A pipeline that takes the place of the process's own for what runs inside it.
///
/// ```
/// use ode_core::testing::TestPipeline;
/// use ode_core::{Batch, ExportError, Exporter, WideEvent};
/// use std::time::Duration;
/// struct Null;
/// impl Exporter for Null {
///     fn export(&mut self, _: &Batch) -> Result<(), ExportError> { Ok(()) }
/// }
/// let pipeline = TestPipeline::to(Null)?;
/// pipeline.run(|| WideEvent::builder("unit").run(|| ()));
/// assert!(pipeline.flush(Duration::from_secs(30)).is_complete());
/// assert_eq!(pipeline.stats().destinations[0].delivered, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TestPipeline {
    pub(crate) pipeline: Arc<Pipeline>,
    _threads: Arc<Threads>,
}

/// Ends the threads with the last clone, also while units still hold the pipeline.
#[derive(Debug)]
struct Threads(Arc<Pipeline>);

impl Drop for Threads {
    fn drop(&mut self) {
        self.0.stop(Duration::ZERO);
    }
}

impl TestPipeline {
    /// A pipeline with one destination and the system's clock.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn to(destination: impl Into<Queue>) -> io::Result<Self> {
        Self::start(PipelineBuilder::new(Process::new("test")).export_to(destination))
    }

    /// A pipeline as set up.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(builder: PipelineBuilder) -> io::Result<Self> {
        let (pipeline, start) = builder.assemble();
        let pipeline = Arc::new(pipeline);
        let threads = Arc::new(Threads(Arc::clone(&pipeline)));
        start()?;
        Ok(Self { pipeline, _threads: threads })
    }

    /// A pipeline as set up, whose deadlines and delays pass on this clock.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start_with_clock(mut builder: PipelineBuilder, clock: &TestClock) -> io::Result<Self> {
        builder.clock = clock.clock();
        Self::start(builder)
    }

    /// Runs `f`; units opened on this thread meanwhile belong to this pipeline.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        Joined::to_scope(Arc::clone(&self.pipeline)).run(f)
    }

    /// As [`TestPipeline::run`], for a future.
    pub fn run_async<F: Future>(&self, future: F) -> InEvent<F> {
        InEvent::new(Joined::to_scope(Arc::clone(&self.pipeline)), future)
    }

    /// As `ode::flush`.
    pub fn flush(&self, timeout: Duration) -> Flushed {
        self.pipeline.flush(timeout);
        Flushed::of(&self.stats())
    }

    /// As `ode::stats`.
    pub fn stats(&self) -> Stats {
        self.pipeline.stats(&self.pipeline.counts)
    }

    /// As `Guard::shutdown`.
    pub fn shutdown(&self, timeout: Duration) -> Shutdown {
        let counts = &self.pipeline.counts;
        lifecycle::stop(&self.pipeline, counts, || self.stats(), timeout);
        Shutdown::of(&self.stats())
    }
}
